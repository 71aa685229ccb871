import type { Snapshot, SnapshotDescription } from './snapshot.ts';

/**
 * The snapshot to capture against: the newest of the same host that has all the paths, as restic chooses it. One from the
 * future (a clock that was wrong) is as good as any other: the parent only saves work.
 */
export const chooseParent = <Known extends Snapshot>(
  snapshots: readonly Known[],
  description: Pick<SnapshotDescription, 'hostname' | 'paths'>,
): Known | undefined => {
  let newest: Known | undefined;
  for (const snapshot of snapshots) {
    if (snapshot.hostname !== description.hostname) continue;
    if (!description.paths.every((path) => snapshot.paths.includes(path))) continue;
    if (newest === undefined || snapshot.time.nanoseconds >= newest.time.nanoseconds) newest = snapshot;
  }
  return newest;
};
