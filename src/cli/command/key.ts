import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { ensurePasswordFile } from '../../config/default-repository.ts';
import { readPassword } from '../../config/password.ts';
import { Fault } from '../../model/fault.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import {
  addKey,
  changePassword,
  listKeys,
  type ListedKey,
  type NewKey,
  removeKey,
} from '../../store/restic/keys/keys.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { countedRun } from '../counted-run.ts';
import { examples, newCommand, type DefineCommand, type Execute } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { addLeftOut } from '../left-out.ts';
import { withRepository } from '../open-repository.ts';
import { localTime } from '../render/local-time.ts';
import { tableLines } from '../render/table.ts';

interface NewKeyOptions extends GlobalOptions {
  readonly newPasswordFile?: string;
  /** File to write a generated password to. */
  readonly generatePassword?: string;
  readonly user?: string;
  readonly host?: string;
}

interface RemoveOptions extends GlobalOptions {
  readonly yes: boolean;
}

const newKeyCommand = (name: string, summary: string): Command =>
  addLeftOut(
    newCommand(name, summary)
      .option('--new-password-file <file>', 'file that holds the new password')
      .option('--generate-password <file>', 'make a strong password, and write it into this new file')
      .option('--user <name>', 'user to note in the key')
      .option('--host <name>', 'host to note in the key'),
    [{ flags: '--new-insecure-no-password', instead: 'A repository is never used without a password.' }],
  );

export const keyCommand: DefineCommand = (execute) =>
  new Command('key')
    .summary('list, add, change and remove the passwords of the repository')
    .description('Each key opens the repository with a password of its own.')
    .showHelpAfterError('(try --help)')
    .addHelpText(
      'after',
      examples([
        'mailkeep key list',
        'mailkeep key add --generate-password ~/second-password',
        'mailkeep key passwd --new-password-file ~/new-password',
        'mailkeep key remove 1a2b3c4d',
      ]),
    )
    .addCommand(listCommand(execute).exitOverride())
    .addCommand(addCommand(execute).exitOverride())
    .addCommand(passwordCommand(execute).exitOverride())
    .addCommand(removeCommand(execute).exitOverride());

const listCommand = (execute: Execute): Command =>
  newCommand('list', 'list the keys; * is the one in use').action((options: GlobalOptions) =>
    execute(options, printKeys),
  );

const addCommand = (execute: Execute): Command =>
  newKeyCommand('add', 'add a key with a password of its own').action((options: NewKeyOptions) =>
    execute(options, (context) =>
      withRepository(context, async (repository) => {
        const id = await addKey(repository, await newKey(repository, options, context), context.run);
        return tell(context, id, context.messages.keyAdded);
      }),
    ),
  );

const passwordCommand = (execute: Execute): Command =>
  newKeyCommand('passwd', 'replace the key in use by one with another password').action((options: NewKeyOptions) =>
    execute(options, (context) =>
      withRepository(context, async (repository) => {
        const id = await changePassword(repository, await newKey(repository, options, context), context.run);
        if (!options.quiet) context.output.say(context.messages.keyRevocation());
        return tell(context, id, context.messages.keyChanged);
      }),
    ),
  );

const removeCommand = (execute: Execute): Command =>
  newCommand('remove', 'remove a key; never the one in use')
    .argument('<id>', 'beginning of the id of the key')
    .option('-y, --yes', 'do not ask; needed where nobody can be asked', false)
    .action((id: string, options: RemoveOptions) => execute(options, (context) => dropKey(id, options, context)));

const tell = ({ output, options }: CommandContext, id: string, message: (id: string) => string): number => {
  if (options.json) output.print(JSON.stringify({ message_type: 'key', id }));
  else output.print(message(id.slice(0, 8)));
  return exitCode.good;
};

const newPassword = async (
  { description }: Repository,
  { newPasswordFile, generatePassword }: NewKeyOptions,
  context: CommandContext,
): Promise<string> => {
  if (newPasswordFile !== undefined && generatePassword !== undefined) {
    throw new Fault('usage', 'a password is to be generated, and one is given as well', {
      hint: 'Leave out either --generate-password or --new-password-file.',
    });
  }
  const { signal } = context.run;
  if (newPasswordFile !== undefined) return readPassword({ kind: 'file', path: newPasswordFile }, signal);
  if (generatePassword === undefined) {
    const { promptNewPassword } = await import('../prompt-password.ts');
    const sources = 'Use --new-password-file FILE, or --generate-password FILE for a strong one.';
    return promptNewPassword(context.messages.newPasswordFor(description), context, sources);
  }
  const path = resolve(generatePassword);
  if ((await ensurePasswordFile(path, dirname(path))) === 'made') return readPassword({ kind: 'file', path }, signal);
  throw new Fault('configuration', `${path} is there already, and may be another password`, {
    hint: 'Give --generate-password a new name, or use this password with --new-password-file.',
  });
};

const newKey = async (repository: Repository, options: NewKeyOptions, context: CommandContext): Promise<NewKey> => {
  const { identity } = repository.session.options;
  return {
    password: await newPassword(repository, options, context),
    cost: options.generatePassword === undefined ? 'standard' : 'generated-password',
    username: options.user ?? identity.username,
    hostname: options.host ?? identity.hostname,
  };
};

/** Members as restic's. */
const keyRecord = ({ current, id, username, hostname, created }: ListedKey): Record<string, unknown> => ({
  current,
  id,
  userName: username,
  hostName: hostname,
  created: localTime(created.nanoseconds),
});

const printKeys = (context: CommandContext): Promise<number> =>
  withRepository(context, async (repository) => {
    const { run, faults } = countedRun(context);
    const keys = await listKeys(repository, run);
    const { output, messages, options } = context;
    if (options.json) output.print(JSON.stringify(keys.map(keyRecord)));
    else {
      const { id, user, host, created } = messages.keyColumns();
      const rows = keys.map((key) => [
        [`${key.current ? '*' : ' '}${key.id.slice(0, 8)}`],
        [terminalLine(key.username)],
        [terminalLine(key.hostname)],
        [localTime(key.created.nanoseconds)],
      ]);
      for (const line of tableLines([id, user, host, created], rows)) output.print(line);
    }
    return faults() > 0 ? exitCode.incomplete : exitCode.good;
  });

const dropKey = async (id: string, options: RemoveOptions, context: CommandContext): Promise<number> => {
  const { output, messages, run } = context;
  if (!options.yes) {
    if (options.json || !isAttended(context)) {
      throw new Fault('usage', 'nobody can be asked whether the key may be removed', { hint: 'Add --yes.' });
    }
    if (!(await confirm(messages.askKeyRemove(id), context))) {
      output.print(messages.keyKept());
      return exitCode.incomplete;
    }
  }
  return withRepository(context, async (repository) =>
    tell(context, await removeKey(repository, id, run), messages.keyRemoved),
  );
};
