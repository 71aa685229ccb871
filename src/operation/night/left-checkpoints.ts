import type { Nanoseconds } from '../../model/entry.ts';
import {
  brakedTag,
  checkpointTag,
  incompleteTag,
  isFromFuture,
  isNote,
  type Snapshot,
  type SnapshotDescription,
} from '../../model/snapshot.ts';

const isWhole = (snapshot: Snapshot, now: Nanoseconds): boolean =>
  !isNote(snapshot) &&
  !isFromFuture(snapshot, now) &&
  ![brakedTag, incompleteTag].some((doubt) => snapshot.tags.includes(doubt));

const isOf = (snapshot: Snapshot, { hostname, paths }: Pick<SnapshotDescription, 'hostname' | 'paths'>): boolean =>
  snapshot.hostname === hostname && paths.every((path) => snapshot.paths.includes(path));

/**
 * Checkpoints from which no capture will go on any more: a newer snapshot of the same host and paths is complete. A capture lets
 * go of its own, but not where it may remove nothing.
 */
export const leftCheckpoints = <Known extends Snapshot>(
  snapshots: readonly Known[],
  now: Nanoseconds,
): readonly Known[] => {
  const whole = snapshots.filter((snapshot) => isWhole(snapshot, now));
  return snapshots.filter(
    (snapshot) =>
      snapshot.tags.includes(checkpointTag) &&
      whole.some((other) => other.time.nanoseconds > snapshot.time.nanoseconds && isOf(other, snapshot)),
  );
};
