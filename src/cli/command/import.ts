import { basename, resolve } from 'node:path';
import { Option } from 'commander';
import { byteStringOfText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import type { WriteOptions, WriteResult } from '../../contract/store.ts';
import type { ImportFormat } from '../../protocol/import/file-messages.ts';
import type { ImportFolder } from '../../protocol/import/imported-message.ts';
import { formatTime, localOffsetMinutes } from '../../store/restic/format/time-format.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { processIdentity } from '../../system/identity.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { collect, examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';

interface ImportOptions extends GlobalOptions {
  readonly format: 'auto' | ImportFormat;
  readonly account?: string;
  readonly tag: readonly string[];
  readonly dryRun: boolean;
}

export const importCommand: DefineCommand = (execute) =>
  newCommand('import', 'make a snapshot of old mail: mboxes, Google Takeout, .eml files, Maildirs, zips of them')
    .argument('<paths...>', 'files, or folders with mail in them')
    .addOption(
      new Option('--format <format>', 'what the paths hold')
        .choices(['auto', 'mbox', 'takeout', 'eml', 'maildir', 'zip'])
        .default('auto'),
    )
    .option('--account <name>', 'what the mail is called (default: the name of the first path)')
    .option('--tag <tag,...>', 'tags of the snapshot (may be repeated)', collect, [])
    .option('-n, --dry-run', 'only read and count', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep import old.mbox',
        'mailkeep import Takeout/Mail --format takeout --account gmail',
        'mailkeep import takeout-20260101.zip --account gmail',
        'mailkeep import ~/eml-archive ~/OfflineIMAP --account old',
      ]),
    )
    .action((paths: readonly string[], options: ImportOptions) =>
      execute(options, (context) =>
        withRepository(context, (repository) => importMail(repository, { paths, options }, context), true),
      ),
    );

interface Request {
  readonly paths: readonly string[];
  readonly options: ImportOptions;
}

const foldersOf = async (
  { paths, options }: Request,
  { temporaryDirectory }: CommandContext['environment'],
  run: Run,
): Promise<readonly ImportFolder[]> => {
  const { detectFormat, importFolders } = await import('../../protocol/import/file-messages.ts');
  const folders: ImportFolder[] = [];
  for (const path of paths.map((given) => resolve(given))) {
    const format = options.format === 'auto' ? await detectFormat(path) : options.format;
    for await (const folder of importFolders({ path, format, temporaryDirectory }, run)) folders.push(folder);
  }
  if (folders.length > 0) return folders;
  throw new Fault('source-empty', 'no mail was found there', { hint: 'Say with --format what the paths hold.' });
};

const importMail = async (repository: Repository, request: Request, context: CommandContext): Promise<number> => {
  const { paths, options } = request;
  let faults = 0;
  const run: Run = {
    signal: context.run.signal,
    now: () => context.run.now(),
    emit: (event) => {
      if (event.kind === 'fault') faults++;
      context.run.emit(event);
    },
  };
  const { createImportSource } = await import('../../protocol/import/import-source.ts');
  const account = options.account ?? basename(resolve(paths[0] ?? '.'));
  const { pid: _pid, ...identity } = processIdentity();
  const { uid, gid, username: user } = identity;
  const folders = await foldersOf(request, context.environment, run);
  const time = run.now();
  const source = createImportSource({
    description: account,
    account,
    folders,
    owner: { uid, gid, user, group: '' },
    time,
  });
  const description = {
    ...identity,
    hostname: context.environment.host ?? identity.hostname,
    time: { nanoseconds: time, offsetMinutes: localOffsetMinutes(time) },
    paths: paths.map((path) => byteStringOfText(resolve(path))).sort(),
    excludes: [],
    tags: [...new Set(options.tag.flatMap((tags) => tags.split(',')).filter((tag) => tag !== ''))],
  };
  const written = await writeAll(repository, source, { description, dryRun: options.dryRun }, run);
  const { snapshot, summary, unreadable } = written;
  const counts = source.counts();
  const { output, messages } = context;
  output.update(undefined);
  if (options.json) {
    const record = {
      ...counts,
      bytes_added: summary.dataAddedPacked,
      time: formatTime(time, localOffsetMinutes(time)),
    };
    output.print(JSON.stringify({ message_type: 'summary', snapshot_id: snapshot?.id, account, ...record }));
  } else {
    output.print(messages.imported(counts, snapshot?.id.slice(0, 8)));
  }
  return unreadable + faults > 0 ? exitCode.incomplete : exitCode.good;
};

const writeAll = async (
  repository: Repository,
  source: Source,
  options: WriteOptions,
  run: Run,
): Promise<WriteResult> => {
  try {
    return await repository.write(source, options, run);
  } finally {
    await source.close();
  }
};
