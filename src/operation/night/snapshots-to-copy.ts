import type { Nanoseconds } from '../../model/entry.ts';
import { brakedTag, isNote, type Snapshot } from '../../model/snapshot.ts';

const sourceOf = ({ hostname, paths }: Snapshot): string => JSON.stringify([hostname, paths.toSorted()]);

/**
 * Of a repository's snapshots those that another one is still to get, in their order: of each host and paths what is newer
 * than all that the other has of it. What the other has forgotten by rules of its own does not come again, and what a brake
 * holds waits until a person has looked. A time that is yet to come, of a clock that was wrong, holds nothing up.
 */
export const newerThan = <Known extends Snapshot>(
  other: readonly Snapshot[],
  snapshots: readonly Known[],
  now: Nanoseconds,
): readonly Known[] => {
  const newest = new Map<string, Nanoseconds>();
  for (const snapshot of other.filter((one) => !isNote(one) && one.time.nanoseconds <= now)) {
    const source = sourceOf(snapshot);
    const known = newest.get(source);
    const { nanoseconds } = snapshot.time;
    if (known === undefined || nanoseconds > known) newest.set(source, nanoseconds);
  }
  return snapshots.filter((snapshot) => {
    const known = newest.get(sourceOf(snapshot));
    const isNew = known === undefined || snapshot.time.nanoseconds > known;
    return isNew && !isNote(snapshot) && !snapshot.tags.includes(brakedTag);
  });
};
