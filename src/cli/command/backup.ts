import { byteStringOfText } from '../../model/byte-string.ts';
import type { WriteResult } from '../../contract/store.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import type { SnapshotDescription } from '../../model/snapshot.ts';
import { processIdentity } from '../../system/identity.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { collect, examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';

interface BackupCommandOptions extends GlobalOptions {
  readonly tag: readonly string[];
  readonly host?: string;
  readonly dryRun: boolean;
  readonly force: boolean;
}

export const backupCommand: DefineCommand = (execute) =>
  newCommand('backup', 'make a snapshot of folders, files and Maildirs')
    .argument('[paths...]', 'what to back up')
    .option('--tag <tag>', 'tag of the snapshot (may be repeated)', collect, [])
    .option('-H, --host <name>', 'host name to write into the snapshot')
    .option('-n, --dry-run', 'do everything but write', false)
    .option('-f, --force', 'read every file again, whatever the parent says', false)
    .addHelpText(
      'after',
      examples(['mailkeep backup ~/Maildir', 'mailkeep backup /var/vmail /etc/dovecot --tag nightly']),
    )
    .action((paths: readonly string[], options: BackupCommandOptions) =>
      execute(options, (context) => backupPaths(paths, options, context)),
    );

const dayLength = 86_400_000_000_000n;

const backupPaths = (
  paths: readonly string[],
  options: BackupCommandOptions,
  context: CommandContext,
): Promise<number> =>
  withRepository(
    context,
    async (repository) => {
      const [{ createFilesSource }, { loadPosix }, { backup }, { resolve }] = await Promise.all([
        import('../../protocol/files/files-source.ts'),
        import('../../system/posix.ts'),
        import('../../operation/backup.ts'),
        import('node:path'),
      ]);
      const { run } = context;
      const { pid: _pid, ...identity } = processIdentity();
      const now = run.now();
      const description: SnapshotDescription = {
        ...identity,
        hostname: options.host ?? context.environment.host ?? identity.hostname,
        time: { nanoseconds: now, offsetMinutes: 0 },
        paths: paths.map((path) => byteStringOfText(resolve(path))).sort(),
        excludes: [],
        tags: options.tag,
      };
      const source = createFilesSource({
        paths: paths.map((path) => byteStringOfText(path)),
        posix: await loadPosix(),
        maildir: { skipUnchangedFolders: true, rescan: options.force, seventh: Math.floor(Number(now / dayLength) % 7) },
      });
      const result = await backup(
        source,
        repository,
        {
          description,
          parent: options.force ? { kind: 'none' } : { kind: 'newest' },
          dryRun: options.dryRun,
          reportEntries: options.verbose > 1,
        },
        run,
      );
      printResult(result, description, Number(run.now() - now) / 1e6, context);
      return result.unreadable > 0 ? exitCode.incomplete : exitCode.good;
    },
    true,
  );

const printResult = (
  result: WriteResult,
  description: SnapshotDescription,
  milliseconds: number,
  context: CommandContext,
): void => {
  const { output, messages } = context;
  const { summary } = result;
  output.update(undefined);
  output.print(
    messages.filesKept({
      fresh: summary.filesNew,
      changed: summary.filesChanged,
      renamed: result.filesRenamed,
      unmodified: summary.filesUnmodified - result.filesRenamed,
    }),
  );
  output.print(
    messages.directoriesKept({
      fresh: summary.directoriesNew,
      changed: summary.directoriesChanged,
      unmodified: summary.directoriesUnmodified,
    }),
  );
  output.print(messages.bytesAdded(formatBytes(summary.dataAdded), formatBytes(summary.dataAddedPacked)));
  output.print(
    messages.processed(
      summary.totalFilesProcessed,
      formatBytes(summary.totalBytesProcessed),
      formatDuration(milliseconds),
    ),
  );
  if (result.unreadable > 0) output.print(messages.unreadable(result.unreadable));
  if (result.changedWhileRead > 0) output.print(messages.changedWhileRead(result.changedWhileRead));
  const id = result.snapshot?.id.slice(0, 8);
  if (id === undefined) {
    output.print(messages.dryRunDone());
    return;
  }
  output.print(messages.snapshotSaved(id));
  output.print(messages.howToGetBack(id, description.paths[0] ?? '/'));
};
