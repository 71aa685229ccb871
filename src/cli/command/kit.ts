import { join, resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, Option } from 'commander';
import { Fault } from '../../model/fault.ts';
import { joinShares } from '../../model/secret-share.ts';
import { parseShare } from '../../model/share-text.ts';
import { writeFirst } from '../../system/durable-file.ts';
import { loadMessages } from '../catalogue/load-messages.ts';
import { openConfiguration } from '../configuration.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withoutSecrets } from '../kit/hidden-secrets.ts';
import { type KitFile, kitFiles } from '../kit/kit-files.ts';
import type { KitFacts } from '../kit/kit-page.ts';
import { fileNameOf } from '../kit/kit-page.ts';
import { kitState, noteKit } from '../kit/kit-record.ts';
import { type KnownDisk, knownStores } from '../kit/known-stores.ts';
import { readIfThere, writeKit } from '../kit/write-kit.ts';
import { recoveryName } from '../runbook/leave-runbook.ts';
import { serverHost } from '../server/server-job.ts';

interface KitOptions extends GlobalOptions {
  readonly output: string;
  readonly language?: 'en' | 'ja';
  readonly withProgram: boolean;
  readonly withSecrets: boolean;
  readonly shares?: { readonly shares: number; readonly needed: number };
  readonly dryRun: boolean;
  readonly yes: boolean;
}

interface JoinOptions extends GlobalOptions {
  readonly passwordTo: string;
}

const parseShares = (text: string): KitOptions['shares'] => {
  const [, shares, needed] = /^(\d{1,3}):(\d{1,3})$/.exec(text) ?? [];
  if (shares === undefined || Number(needed) < 2 || Number(needed) > Number(shares) || Number(shares) > 255) {
    throw new InvalidArgumentError('It must be two numbers such as 5:3: five shares, of which three are needed.');
  }
  return { shares: Number(shares), needed: Number(needed) };
};

export const kitCommand: DefineCommand = (execute) =>
  newCommand('kit', 'write what a person needs when everything else is gone')
    .option('--output <folder>', 'a new folder', 'mailkeep-kit')
    .addOption(new Option('--language <language>', 'in which language').choices(['en', 'ja']))
    .option('--with-program', 'also Mailkeep itself, with Node: nothing has to be installed', false)
    .option('--with-secrets', 'also the passwords of the repositories: whoever has the kit reads all mail', false)
    .option('--shares <n:k>', 'also the passwords, in N shares of which K give them back', parseShares)
    .option('-n, --dry-run', 'show what would be written and write nothing', false)
    .option('--yes', 'do not ask; needed with --with-secrets where nobody can be asked', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep kit --output /media/stick/kit --with-program      where the stores are, how to open them, a program',
        'mailkeep kit --output kit --shares 5:3                     and the password in five shares',
        'mailkeep kit join share-1.txt share-4.txt share-5.txt --password-to password',
      ]),
    )
    .action((options: KitOptions) => execute(options, (context) => makeKit(options, context)))
    .addCommand(
      newCommand('join', 'make a password of its shares')
        .argument('[files...]', 'files with a share each; without any, they are read from standard input')
        .requiredOption('--password-to <file>', 'a new file that the password is written to (0600)')
        .action((files: readonly string[], options: JoinOptions) =>
          execute(options, (context) => joinKit(files, options, context)),
        ),
    );

const mayHoldSecrets = async (
  { withSecrets, yes, dryRun, json }: KitOptions,
  context: CommandContext,
): Promise<boolean> => {
  if (!withSecrets || yes || dryRun) return true;
  if (!json && isAttended(context)) return confirm(context.messages.askKitSecrets(), context);
  throw new Fault('usage', 'nobody can be asked whether passwords may be written into the kit', { hint: 'Add --yes.' });
};

/** What each night leaves on a disk. */
const runbooksOf = async (disks: readonly KnownDisk[]): Promise<readonly KitFile[]> => {
  const found: KitFile[] = [];
  for (const { server, path } of disks) {
    const content = await readIfThere(join(path, recoveryName));
    if (content !== undefined) found.push({ path: `runbook-${fileNameOf(server)}.md`, content, mode: 0o600 });
  }
  return found;
};

const passwordsOf = ({ withSecrets, shares }: KitOptions): KitFacts['passwords'] => {
  if (withSecrets && shares !== undefined) {
    throw new Fault('usage', '--with-secrets and --shares are two ways to keep the same password', {
      hint: 'Leave out one of them.',
    });
  }
  if (withSecrets) return { kind: 'written' };
  return shares === undefined ? { kind: 'elsewhere' } : { kind: 'shares', ...shares };
};

const packageRoot = (): string => fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

const makeKit = async (options: KitOptions, context: CommandContext): Promise<number> => {
  const { run, output, environment, messages } = context;
  const passwords = passwordsOf(options);
  const loaded = await openConfiguration(context);
  const stores = await knownStores(loaded, context);
  const language = options.language ?? environment.chosenLanguage ?? loaded?.config.language ?? environment.language;
  const date = new Date(Number(run.now() / 1_000_000n)).toISOString().slice(0, 10);
  const facts: KitFacts = { host: serverHost(context), date, ...stores, passwords };
  const text = loaded === undefined ? undefined : await readIfThere(loaded.file);
  const configuration = text === undefined || options.withSecrets ? text : withoutSecrets(text);
  const runbooks = await runbooksOf(stores.disks);
  const files = kitFiles(facts, { configuration, runbooks, language }, await loadMessages(language));
  const folder = resolve(options.output);
  const paths = [...files.map(({ path }) => path), ...(options.withProgram ? ['program/'] : []), 'checksums.sha256'];
  if (options.dryRun) {
    if (options.json) output.print(JSON.stringify({ message_type: 'kit', dry_run: true, folder, files: paths }));
    else for (const path of paths) output.print(messages.kitWould(join(folder, path)));
    return exitCode.good;
  }
  if (!(await mayHoldSecrets(options, context))) {
    output.print(messages.kitDeclined());
    return exitCode.incomplete;
  }
  await writeKit(folder, files, options.withProgram ? { root: packageRoot(), node: process.execPath } : undefined);
  await noteKit(
    environment,
    Object.fromEntries(stores.repositories.map((repository) => [repository.id, kitState(repository, text)])),
  );
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'kit', dry_run: false, folder, files: paths }));
    return exitCode.good;
  }
  output.print(messages.kitWritten(folder));
  if (options.shares !== undefined) output.print(messages.kitShares(options.shares.shares));
  return exitCode.good;
};

const typedShares = async ({ output, messages }: CommandContext): Promise<readonly string[]> => {
  if (process.stdin.isTTY) output.say(messages.kitTypeShares());
  const typed = await textOf(process.stdin);
  return typed
    .split(/\n[ \t]*\n/)
    .filter((part) => part.split('\n').some((line) => line.trim() !== '' && !line.trimStart().startsWith('#')));
};

const joinKit = async (
  files: readonly string[],
  { passwordTo, json }: JoinOptions,
  context: CommandContext,
): Promise<number> => {
  const { output, messages } = context;
  const texts =
    files.length === 0 ? (await typedShares(context)).map((text, at) => ({ text, label: `share ${at + 1}` })) : [];
  for (const file of files) {
    const text = await readIfThere(resolve(file));
    if (text === undefined)
      throw new Fault('usage', `there is no file ${file}`, { hint: 'Give the files with the shares.' });
    texts.push({ text, label: `the share in ${file}` });
  }
  const secret = joinShares(texts.map(({ text, label }) => parseShare(text, label)));
  const target = resolve(passwordTo);
  if ((await readIfThere(target)) !== undefined) {
    throw new Fault('target-occupied', `${target} is there already`, { hint: 'Give the name of a new file.' });
  }
  await writeFirst(target, `${new TextDecoder().decode(secret)}\n`);
  if (json) output.print(JSON.stringify({ message_type: 'kit_joined', file: target }));
  else output.print(messages.kitJoined(target));
  return exitCode.good;
};
