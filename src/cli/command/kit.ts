import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, Option } from 'commander';
import { Fault } from '../../model/fault.ts';
import { loadMessages } from '../catalogue/load-messages.ts';
import { pathResolver } from '../../config/load-config.ts';
import { openConfiguration } from '../configuration.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { joinKit, type JoinOptions } from '../kit/join-kit.ts';
import { kitConfiguration } from '../kit/kit-configuration.ts';
import { sharesFolder, writeKitFile } from '../kit/kit-file.ts';
import { type KitFile, kitFiles, shareFiles } from '../kit/kit-files.ts';
import { fileNameOf, type KitFacts, kitHtml, kitText } from '../kit/kit-page.ts';
import { kitState, noteKit } from '../kit/kit-record.ts';
import { type KnownDisk, knownStores } from '../kit/known-stores.ts';
import { readIfThere, writeKit } from '../kit/write-kit.ts';
import { recoveryName } from '../runbook/leave-runbook.ts';
import { serverHost } from '../server/server-job.ts';

interface KitOptions extends GlobalOptions {
  readonly output?: string;
  readonly out?: string;
  readonly language?: 'en' | 'ja';
  readonly withProgram: boolean;
  readonly withSecrets: boolean;
  readonly shares?: { readonly shares: number; readonly needed: number };
  readonly dryRun: boolean;
  readonly yes: boolean;
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
    // What stands behind `join` is its own.
    .enablePositionalOptions()
    .option('--output <folder>', 'a new folder (default: "mailkeep-kit")')
    .addOption(
      new Option('--out <file>', 'one file instead, with Mailkeep and Node in it, that unpacks itself').conflicts([
        'output',
        'withProgram',
      ]),
    )
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
        'mailkeep kit --out /media/stick/kit.sh --shares 5:3        all of it in one file; shares and the page lie beside it',
        'sh kit.sh snapshots -r main --password-file password       on any Linux, with nothing installed',
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

interface PlannedKit {
  /** The folder, or the one file. */
  readonly place: string;
  readonly isOneFile: boolean;
  readonly files: readonly KitFile[];
  readonly shares: readonly KitFile[];
  readonly beside: { readonly html: string; readonly text: string };
  /** By the ids of the repositories, what the kit says. */
  readonly states: Readonly<Record<string, string>>;
}

const planKit = async (options: KitOptions, context: CommandContext): Promise<PlannedKit> => {
  const { run, environment } = context;
  const passwords = passwordsOf(options);
  const loaded = await openConfiguration(context);
  if (loaded === undefined && options.out !== undefined) {
    throw new Fault('usage', 'one file needs a configuration, which names what it is for', {
      hint: '`mailkeep init` writes one; without any, --output writes a folder.',
    });
  }
  const stores = await knownStores(loaded, context);
  const language = options.language ?? environment.chosenLanguage ?? loaded?.config.language ?? environment.language;
  const date = new Date(Number(run.now() / 1_000_000n)).toISOString().slice(0, 10);
  const isOneFile = options.out !== undefined;
  const place = resolve(options.out ?? options.output ?? 'mailkeep-kit');
  const opener = isOneFile ? `sh ${basename(place)}` : './open.sh';
  const facts: KitFacts = { host: serverHost(context), date, ...stores, passwords, opener, isOneFile };
  const text = loaded === undefined ? undefined : await readIfThere(loaded.file);
  const wish = { withSecrets: options.withSecrets, resolve: pathResolver(loaded?.file ?? '', environment.home) };
  const configuration = text === undefined ? undefined : kitConfiguration(text, wish);
  const runbooks = await runbooksOf(stores.disks);
  const messages = await loadMessages(language);
  return {
    place,
    isOneFile,
    files: kitFiles(facts, { configuration, runbooks, language }, messages),
    shares: shareFiles(facts, messages),
    beside: { html: kitHtml(facts, language, messages), text: kitText(facts, messages) },
    states: Object.fromEntries(stores.repositories.map((repository) => [repository.id, kitState(repository, text)])),
  };
};

/** Everything that is written, as paths below the folder; of one file the whole names. */
const pathsOf = ({ files, shares, isOneFile, place }: PlannedKit, { withProgram }: KitOptions): readonly string[] => {
  if (!isOneFile) {
    const all = [...files, ...shares].map(({ path }) => path);
    return [...all, ...(withProgram ? ['program/'] : []), 'checksums.sha256'];
  }
  const beside = shares.map(({ path }) => join(sharesFolder(place), basename(path)));
  return [place, `${place}.html`, `${place}.txt`, ...beside];
};

const writePlanned = async (plan: PlannedKit, { withProgram }: KitOptions, context: CommandContext): Promise<void> => {
  const { place, isOneFile, files, shares, beside } = plan;
  const program = { root: packageRoot(), node: process.execPath };
  const { signal } = context.run;
  if (isOneFile) await writeKitFile({ file: place, files, beside: { ...beside, shares }, program, signal });
  else await writeKit(place, [...files, ...shares], withProgram ? program : undefined);
  await noteKit(context.environment, plan.states);
};

const makeKit = async (options: KitOptions, context: CommandContext): Promise<number> => {
  const { output, messages } = context;
  const plan = await planKit(options, context);
  const { place, isOneFile, shares } = plan;
  const paths = pathsOf(plan, options);
  if (options.dryRun) {
    if (options.json) output.print(jsonOf(plan, options, paths));
    else for (const path of paths) output.print(messages.kitWould(resolve(place, path)));
    return exitCode.good;
  }
  if (!(await mayHoldSecrets(options, context))) {
    output.print(messages.kitDeclined());
    return exitCode.incomplete;
  }
  await writePlanned(plan, options, context);
  if (options.json) {
    output.print(jsonOf(plan, options, paths));
    return exitCode.good;
  }
  output.print(isOneFile ? messages.kitFileWritten(place) : messages.kitWritten(place));
  if (shares.length > 0 && options.shares !== undefined) {
    output.print(messages.kitShares(options.shares.shares, isOneFile ? sharesFolder(place) : 'shares/'));
  }
  return exitCode.good;
};

const jsonOf = ({ place, isOneFile }: PlannedKit, { dryRun }: KitOptions, files: readonly string[]): string =>
  JSON.stringify({ message_type: 'kit', dry_run: dryRun, ...(isOneFile ? { file: place } : { folder: place }), files });
