import type { Run } from '../../../contract/run.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import type { Fault } from '../../../model/fault.ts';
import { missingBlob } from '../read/blob-reader.ts';
import type { Repository } from '../repository.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { rewriteSnapshots, type RewrittenSnapshot } from '../rewrite/rewrite-snapshots.ts';

/** What restic's `repair snapshots` tags its results with. */
export const repairedTag = 'repaired';

/**
 * Makes snapshots anew without what is lost: files of which a blob is in no index, folders whose tree cannot be read. Each
 * is told as a fault event with its path. Lost is lost: a file with a hole in it is not kept. Under a lock, the exclusive
 * one with `forget`.
 */
export const repairSnapshots = async (
  repository: Repository,
  snapshots: readonly SnapshotFile[],
  options: { readonly forget: boolean; readonly dryRun: boolean },
  run: Run,
): Promise<readonly RewrittenSnapshot[]> => {
  repository.forgetIndex();
  const { table } = await repository.index(run);
  const isWhole = ({ content = new Uint8Array(0) }: TreeNode, path: Path): boolean => {
    for (let at = 0; at < content.length; at += 32) {
      if (table.has('data', content, at)) continue;
      run.emit({
        kind: 'fault',
        fault: missingBlob('data', content.slice(at, at + 32)),
        path: byteStringOfLatin1(path.join('/')),
      });
      return false;
    }
    return true;
  };
  const rules = {
    exact: false,
    keeps: isWhole,
    onUnreadable: (fault: Fault, path: Path): void =>
      run.emit({ kind: 'fault', fault, path: byteStringOfLatin1(path.join('/')) }),
  };
  return rewriteSnapshots(repository, snapshots, { ...options, rules, tag: repairedTag }, run);
};
