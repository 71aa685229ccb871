import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { ensurePasswordFile } from '../../config/default-repository.ts';
import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { readPassword } from '../../config/password.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { probeBackend } from '../probe-backend.ts';
import { isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { addLeftOut } from '../left-out.ts';
import { ensureDefault, openOptions, repositoryAccess, type RepositoryAccess } from '../open-repository.ts';
import { addSetupOptions, type SetupOptions } from '../setup/setup-options.ts';
import { openBackend } from '../open-backend.ts';

interface InitCommandOptions extends SetupOptions {
  readonly generatePassword?: string;
  readonly repositoryVersion: 2;
  /** `--no-probe` makes it false. */
  readonly probe: boolean;
}

const parseVersion = (text: string): 2 => {
  if (text === '2' || text === 'stable' || text === 'latest') return 2;
  throw new InvalidArgumentError(
    text === '1'
      ? 'Version 1 cannot compress; Mailkeep writes version 2, which restic reads since 0.14, and reads both.'
      : 'It must be 2.',
  );
};

const noParameters = 'Where files are cut is drawn at random for each repository.';

export const initCommand: DefineCommand = (execute) =>
  addLeftOut(
    addSetupOptions(newCommand('init', 'set up a mail account or a mail server, or make a new repository'))
      .option('--generate-password <file>', 'make a strong password, and write it into this new file')
      .option('--no-probe', 'do not try first whether the storage does what backups rely on')
      .option('--repository-version <version>', 'version of the format: 2', parseVersion, 2),
    [
      { flags: '--copy-chunker-params', instead: noParameters },
      { flags: '--from-repo <location>', instead: noParameters },
      { flags: '--insecure-no-password', instead: 'A repository is never made without a password.' },
    ],
  )
    .addHelpText(
      'after',
      examples([
        'mailkeep init                                                   asks, on a terminal; otherwise makes the built-in one',
        'mailkeep init --account alice@example.com --login-password-file ~/mail-login --exclude-folder Trash',
        'mailkeep init --preset mailcow --dry-run                        what of this mail server would be backed up',
        'mailkeep init --preset docker-mailserver --root /opt/dms --disk /mnt/backup-hdd/dms',
        'mailkeep init -r /srv/backup/mail                               asks for a password',
        'mailkeep init -r /srv/backup/mail --generate-password ~/mail-password',
      ]),
    )
    .action((options: InitCommandOptions) => execute(options, (context) => begin(options, context)));

/** On a terminal, without anything said, a person is asked what is wanted. */
const begin = async (options: InitCommandOptions, context: CommandContext): Promise<number> => {
  const { environment, messages, run } = context;
  const { repo, repositoryFile, generatePassword, json } = options;
  const named = repo ?? repositoryFile ?? environment.repository ?? environment.repositoryFile ?? generatePassword;
  refuseAlone(options);
  if (options.preset !== undefined) {
    const { setUpServer } = await import('../setup/set-up-server.ts');
    return setUpServer(options.preset, options, context);
  }
  const mayAsk = named === undefined && !json && isAttended(context);
  if (options.account === undefined && !mayAsk) {
    const code = await makeRepository(options, context);
    if (named === undefined && !json && !options.quiet) await tellStacks(context);
    return code;
  }
  const [{ setUpAccount }, { wantedSetup }] = await Promise.all([
    import('../setup/set-up-account.ts'),
    import('../setup/asked-answers.ts'),
  ]);
  if (options.account !== undefined) return setUpAccount(options, context);
  const { stacksHere, setUpServer } = await import('../setup/set-up-server.ts');
  const wanted = await wantedSetup({ messages, run }, await stacksHere(context));
  if (wanted === 'account') return setUpAccount(options, context);
  if (wanted === 'repository') return makeRepository(options, context);
  return setUpServer(wanted.preset, { ...options, root: wanted.root }, context);
};

/** Options that say nothing without a stack. */
const refuseAlone = ({ preset, account, root, disk, serverName, dryRun }: SetupOptions): void => {
  const isAlone = root !== undefined || disk !== undefined || serverName !== undefined || dryRun;
  if (preset === undefined && isAlone) {
    throw new Fault('usage', '--root, --disk, --server-name and --dry-run are for --preset', {
      hint: 'Say which mail server it is, such as --preset docker-mailserver.',
    });
  }
  if (preset !== undefined && account !== undefined) {
    throw new Fault('usage', 'a mail server and an account cannot be set up at once', {
      hint: 'Leave out either --preset or --account.',
    });
  }
};

/** A mail server on this machine, to whoever may not know that its backup can be set up. */
const tellStacks = async (context: CommandContext): Promise<void> => {
  const { stacksHere } = await import('../setup/set-up-server.ts');
  const { output, messages } = context;
  for (const { preset, root } of await stacksHere(context)) output.say(messages.presetSeen(preset, root));
};

const makeRepository = async (options: InitCommandOptions, context: CommandContext): Promise<number> => {
  const access = await repositoryAccess(context);
  const isBuiltIn = access.isDefault && options.generatePassword === undefined;
  const id = isBuiltIn ? await makeDefault(access, context) : await makeGiven(access, options, context);
  const { output, messages } = context;
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'initialized', id, repository: access.location }));
    return exitCode.good;
  }
  output.print(messages.repositoryMade(id, access.location));
  if (options.generatePassword !== undefined)
    output.print(messages.passwordGenerated(resolve(options.generatePassword)));
  if (!isBuiltIn && !options.quiet) output.print(messages.keepInMind());
  return exitCode.good;
};

const makeDefault = async (access: RepositoryAccess, context: CommandContext): Promise<string> => {
  const id = await ensureDefault(access, context);
  if (id !== undefined) return id;
  throw new Fault('repository-exists', `there is already a repository at ${access.location}`, {
    hint: 'It is used by all commands that are given no other one: nothing has been changed.',
  });
};

const makeGiven = async (
  access: RepositoryAccess,
  { generatePassword, probe }: InitCommandOptions,
  context: CommandContext,
): Promise<string> => {
  const [{ initRepository }, backend] = await Promise.all([
    import('../../store/restic/init-repository.ts'),
    openBackend(access, context),
  ]);
  const make = async (password: string, generatedPassword: boolean): Promise<string> =>
    initRepository(
      backend,
      {
        ...(await openOptions(context, password)),
        generatedPassword,
        ...(probe ? { beforeFirstObject: probeBackend } : {}),
      },
      context.run,
    );
  try {
    if (generatePassword === undefined) return await make(await newPassword(access, context), false);
    const file = resolve(generatePassword);
    const password = await generated(file, context);
    try {
      return await make(password, true);
    } catch (error) {
      if (await opensNothing(error, backend, context.run)) await rm(file, { force: true });
      throw error;
    }
  } finally {
    await backend.close();
  }
};

/** Whether no key was made with the password that was just generated. */
const opensNothing = async (error: unknown, backend: Backend, run: Run): Promise<boolean> => {
  if (isFault(error, 'repository-exists')) return true;
  try {
    for await (const page of backend.list('key', run)) if (page.length > 0) return false;
    return true;
  } catch (failure) {
    return isFault(failure, 'object-missing');
  }
};

const newPassword = async (access: RepositoryAccess, context: CommandContext): Promise<string> => {
  if (access.password !== undefined) return readPassword(access.password, context.run.signal);
  const { promptNewPassword } = await import('../prompt-password.ts');
  return promptNewPassword(access.location, context);
};

const generated = async (file: string, { run, options }: CommandContext): Promise<string> => {
  if (options.passwordFile !== undefined || options.passwordCommand !== undefined) {
    throw new Fault('usage', 'a password is to be generated, and one is given as well', {
      hint: 'Leave out either --generate-password or the password.',
    });
  }
  if ((await ensurePasswordFile(file, dirname(file))) === 'made')
    return readPassword({ kind: 'file', path: file }, run.signal);
  throw new Fault('configuration', `${file} is there already, and may be the password of another repository`, {
    hint: 'Give --generate-password a new name, or use this password with --password-file.',
  });
};
