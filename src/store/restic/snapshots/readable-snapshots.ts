import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';

/** Loads these snapshots, some at once, and returns them oldest first. One that is damaged is told and left out. */
export const readableSnapshots = async (
  names: readonly string[],
  load: (name: string) => Promise<SnapshotFile>,
  atOnce: number,
  run: Run,
): Promise<readonly SnapshotFile[]> => {
  const files = new Map<string, SnapshotFile>();
  const queue = [...names];
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      throwIfInterrupted(run);
      try {
        files.set(name, await load(name));
      } catch (error) {
        if (!isFault(error, 'snapshot-damaged', 'object-missing')) throw error;
        run.emit({ kind: 'fault', fault: asFault(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, names.length) }, work));
  const found = names.flatMap((name) => files.get(name) ?? []);
  return found.sort((left, right) => Number(left.time.nanoseconds - right.time.nanoseconds));
};
