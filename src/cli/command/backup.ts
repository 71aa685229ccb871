import type { Run } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, compareBytes } from '../../model/byte-string.ts';
import { Fault, isFault } from '../../model/fault.ts';
import type { ParentChoice } from '../../operation/backup.ts';
import type { SnapshotDescription } from '../../model/snapshot.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { processIdentity } from '../../system/identity.ts';
import { addBackupOptions, type BackupCommandOptions } from '../backup/backup-options.ts';
import type { OpenSource } from '../backup/backup-source.ts';
import { printBackup } from '../backup/backup-summary.ts';
import { exclusionsOf } from '../backup/exclusions.ts';
import { absolutePath, givenPaths } from '../backup/given-paths.ts';
import type { CommandContext } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';
import { localZoned } from '../parse-time.ts';

export const backupCommand: DefineCommand = (execute) =>
  addBackupOptions(newCommand('backup', 'make a snapshot of folders, files and Maildirs'))
    .argument('[paths...]', 'what to back up')
    .addHelpText(
      'after',
      examples([
        'mailkeep backup ~/Maildir                             on first use makes a repository',
        'mailkeep backup /var/vmail /etc/dovecot --tag nightly',
        "mailkeep backup /home -x -e '*.tmp' --exclude-caches  without other file systems and rubbish",
        'mysqldump --all-databases | mailkeep backup --stdin --stdin-filename all.sql',
      ]),
    )
    .action((paths: readonly string[], options: BackupCommandOptions) =>
      execute(options, (context) => backupPaths(paths, options, context)),
    );

/** What a backup is of, settled before the repository is opened. */
interface Request {
  readonly description: SnapshotDescription;
  readonly open: (repository: Repository) => Promise<OpenSource>;
}

const backupPaths = async (
  paths: readonly string[],
  options: BackupCommandOptions,
  context: CommandContext,
): Promise<number> => {
  const watched = watch(context.run);
  const inner = { ...context, run: watched.run };
  const request = await (options.stdin ? requestOfStdin : requestOfPaths)(paths, options, inner);
  const work = (repository: Repository): Promise<number> =>
    backupInto(repository, request, { options, watched }, inner);
  // A dry run makes nothing, not even the built-in repository.
  return withRepository(inner, work, !options.dryRun);
};

const describe = (
  paths: readonly ByteString[],
  excludes: readonly string[],
  { options, context }: { readonly options: BackupCommandOptions; readonly context: CommandContext },
): SnapshotDescription => {
  const { pid: _pid, ...identity } = processIdentity();
  return {
    ...identity,
    hostname: options.host ?? context.environment.host ?? identity.hostname,
    time: options.time ?? localZoned(context.run.now()),
    paths: [...new Set(paths)].sort(compareBytes),
    excludes,
    tags: [...new Set(options.tag.flatMap((tags) => tags.split(',')).filter((tag) => tag !== ''))],
  };
};

const requestOfPaths = async (
  names: readonly string[],
  options: BackupCommandOptions,
  context: CommandContext,
): Promise<Request> => {
  const { run, environment } = context;
  const paths = await givenPaths(names, options, run);
  const { filters, recorded } = await exclusionsOf(options, run);
  const description = describe(paths.map(absolutePath), recorded, { options, context });
  return {
    description,
    open: async (repository) => {
      const { filesSource } = await import('../backup/backup-source.ts');
      const ownFolders = [repository.description, options.cacheDir ?? environment.cacheDirectory];
      return filesSource({ paths, filters, ownFolders, options, description }, run);
    },
  };
};

const requestOfStdin = async (
  names: readonly string[],
  options: BackupCommandOptions,
  context: CommandContext,
): Promise<Request> => {
  const { filesFrom, filesFromRaw, filesFromVerbatim } = options;
  if ([...names, ...filesFrom, ...filesFromRaw, ...filesFromVerbatim].length > 0) {
    throw new Fault('usage', '--stdin keeps what comes from standard input, and paths were given as well', {
      hint: 'Make two backups, or leave out --stdin.',
    });
  }
  const { stdinPath, stdinSource } = await import('../backup/backup-source.ts');
  const path = stdinPath(options.stdinFilename);
  const description = describe([byteStringOfLatin1(`/${path.join('/')}`)], [], { options, context });
  return { description, open: async () => stdinSource(path, description, options) };
};

const parentOf = (options: BackupCommandOptions): ParentChoice => {
  if (options.force || options.stdin) return { kind: 'none' };
  if (options.parent !== undefined) return { kind: 'given', id: options.parent };
  return { kind: 'newest', group: options.groupBy };
};

const backupInto = async (
  repository: Repository,
  { description, open }: Request,
  { options, watched }: { readonly options: BackupCommandOptions; readonly watched: Watched },
  context: CommandContext,
): Promise<number> => {
  const { backup } = await import('../../operation/backup.ts');
  const openSource = await open(repository);
  const { dryRun, skipIfUnchanged, verbose } = options;
  const result = await backup(
    openSource,
    repository,
    { description, parent: parentOf(options), dryRun, skipIfUnchanged, reportEntries: verbose > 1 },
    watched.run,
  );
  printBackup({ result, dryRun }, context);
  return result.unreadable > 0 || watched.isDoubtful() ? exitCode.incomplete : exitCode.good;
};

/** What makes a person look, though the backup itself was made: an empty source, or damage met in the repository. */
const doubtful = [
  'source-empty',
  'source-missing',
  'pack-damaged',
  'blob-damaged',
  'blob-missing',
  'tree-damaged',
  'snapshot-damaged',
] as const;

interface Watched {
  readonly run: Run;
  /** Whether something came up that makes the snapshot doubtful though all of it could be read. */
  isDoubtful(): boolean;
}

const watch = (run: Run): Watched => {
  let isDoubtful = false;
  return {
    run: {
      signal: run.signal,
      now: () => run.now(),
      emit: (event) => {
        if (event.kind === 'fault' && isFault(event.fault, ...doubtful)) isDoubtful = true;
        run.emit(event);
      },
    },
    isDoubtful: () => isDoubtful,
  };
};
