import type { Snapshot, SnapshotDescription } from './snapshot.ts';
import type { GroupField } from './snapshot-selection.ts';

/** What a parent has in common with the snapshot that is to be made. */
export type ParentGroup = ReadonlySet<GroupField>;

/** restic's, unless `--group-by` says otherwise. */
export const usualParentGroup: ParentGroup = new Set(['host', 'paths'] as const);

/**
 * The snapshot to capture against: the newest of the same host that has all the paths, as restic chooses it; with `tags`
 * in the group, that has all the tags, too. One from the future (a clock that was wrong) is as good as any other: the
 * parent only saves work.
 */
export const chooseParent = <Known extends Snapshot>(
  snapshots: readonly Known[],
  description: Pick<SnapshotDescription, 'hostname' | 'paths' | 'tags'>,
  group: ParentGroup = usualParentGroup,
): Known | undefined => {
  let newest: Known | undefined;
  for (const snapshot of snapshots) {
    if (group.has('host') && snapshot.hostname !== description.hostname) continue;
    if (group.has('paths') && !description.paths.every((path) => snapshot.paths.includes(path))) continue;
    if (group.has('tags') && !description.tags.every((tag) => snapshot.tags.includes(tag))) continue;
    if (newest === undefined || snapshot.time.nanoseconds >= newest.time.nanoseconds) newest = snapshot;
  }
  return newest;
};
