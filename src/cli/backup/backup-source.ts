import type { Source } from '../../contract/source.ts';
import type { Run } from '../../contract/run.ts';
import { type ByteString, byteStringOfText, displayText } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { incompleteTag, type Snapshot, type SnapshotDescription } from '../../model/snapshot.ts';
import type { EntryFilter } from '../../protocol/files/capture-context.ts';
import { allOf, withoutFolder } from '../../protocol/files/entry-filters.ts';
import { createFilesSource } from '../../protocol/files/files-source.ts';
import { createStreamSource } from '../../protocol/stream/stream-source.ts';
import { loadPosix } from '../../system/posix.ts';
import { pathOfText } from '../snapshot-options.ts';
import type { BackupCommandOptions } from './backup-options.ts';

/** Opens what is to be captured, once the parent is known. */
export type OpenSource = (parent: Snapshot | undefined) => Source;

export interface FilesRequest {
  readonly paths: readonly ByteString[];
  readonly filters: readonly EntryFilter[];
  /** Folders of our own that no backup should hold: the repository, the cache. */
  readonly ownFolders: readonly string[];
  readonly options: Pick<
    BackupCommandOptions,
    'oneFileSystem' | 'withAtime' | 'allowEmpty' | 'rescan' | 'force' | 'keepCaches' | 'scan'
  >;
  readonly description: SnapshotDescription;
}

const dayLength = 86_400_000_000_000n;

/**
 * Whether mail folders that seem unchanged may be taken over from this parent unread: only from a complete snapshot of
 * ours that was made by the same rules.
 */
const mayTakeOver = (parent: Snapshot | undefined, excludes: readonly string[]): boolean =>
  parent?.programVersion?.startsWith('mailkeep ') === true &&
  !parent.tags.includes(incompleteTag) &&
  parent.excludes.length === excludes.length &&
  parent.excludes.every((rule, at) => rule === excludes[at]);

export const filesSource = async (request: FilesRequest, run: Run): Promise<OpenSource> => {
  const { paths, filters, ownFolders, options, description } = request;
  const posix = await loadPosix();
  const own = ownFolders.map((folder) => withoutFolder(byteStringOfText(folder), tellOnce(run)));
  const filter = allOf([...filters, ...own.filter((one) => one !== undefined)]);
  return (parent) =>
    createFilesSource({
      paths,
      posix,
      oneFileSystem: options.oneFileSystem,
      accessTimes: options.withAtime,
      allowEmpty: options.allowEmpty,
      // Otherwise the totals are those of the parent.
      countsAhead: options.scan && parent?.summary === undefined,
      ...(filter === undefined ? {} : { filter }),
      maildir: {
        skipUnchangedFolders: !options.withAtime && mayTakeOver(parent, description.excludes),
        rescan: options.rescan || options.force,
        seventh: Number((run.now() / dayLength) % 7n),
        caches: options.keepCaches ? 'keep' : 'leave-out',
      },
    });
};

const tellOnce = (run: Run): ((file: ByteString) => void) => {
  const told = new Set<ByteString>();
  return (file) => {
    if (told.has(file)) return;
    told.add(file);
    run.emit({ kind: 'notice', message: `Left out, since it is Mailkeep's own: ${displayText(file)}` });
  };
};

/** The path of `--stdin-filename` from the root of the snapshot. */
export const stdinPath = (name: string): Path => {
  const path = pathOfText(name);
  if (path.length > 0) return path;
  throw new Fault('usage', `“${name}” is no name for a file`, {
    hint: 'Give --stdin-filename a name such as dump.sql.',
  });
};

export const stdinSource = (
  path: Path,
  { time, uid, gid }: SnapshotDescription,
  { allowEmpty }: BackupCommandOptions,
): OpenSource => {
  const owner = { uid, gid, user: '', group: '' };
  return () => createStreamSource({ stream: process.stdin, path, time: time.nanoseconds, owner, allowEmpty });
};
