import { type ByteString, compareBytes } from './byte-string.ts';
import { Fault } from './fault.ts';
import { isNote, type Snapshot } from './snapshot.ts';

/** Which snapshots are meant. Of each list that is not empty, one must fit; of `paths`, all must. */
export interface SnapshotFilter {
  readonly hosts: readonly string[];
  /** Each a list of tags that a snapshot must all have; the empty tag stands for "no tags at all". */
  readonly tags: readonly (readonly string[])[];
  /** Absolute. */
  readonly paths: readonly ByteString[];
}

export const noFilter: SnapshotFilter = { hosts: [], tags: [], paths: [] };

const isFilter = ({ hosts, tags, paths }: SnapshotFilter): boolean => hosts.length + tags.length + paths.length > 0;

const hasTags = (snapshot: Snapshot, wanted: readonly string[]): boolean =>
  wanted.every((tag) => (tag === '' ? snapshot.tags.length === 0 : snapshot.tags.includes(tag)));

/** Our own notes match only when a tag of theirs is asked for. */
export const matchesFilter = (snapshot: Snapshot, { hosts, tags, paths }: SnapshotFilter): boolean =>
  (tags.length > 0 || !isNote(snapshot)) &&
  (hosts.length === 0 || hosts.includes(snapshot.hostname)) &&
  (tags.length === 0 || tags.some((wanted) => hasTags(snapshot, wanted))) &&
  paths.every((path) => snapshot.paths.includes(path));

/** `ID`, `latest`, `latest~2`, each with `:folder` behind it or not. */
export interface SnapshotReference {
  readonly id: string;
  /** As it was given, without the colon; '' when there was none. */
  readonly subfolder: string;
}

export const parseReference = (text: string): SnapshotReference => {
  const colon = text.indexOf(':');
  return colon < 0 ? { id: text, subfolder: '' } : { id: text.slice(0, colon), subfolder: text.slice(colon + 1) };
};

/** A number of snapshots back from the newest; undefined for what is not `latest` or `latest~N`. */
const stepsBack = (id: string): number | undefined => {
  const match = /^latest(?:~(\d{1,6}))?$/.exec(id);
  return match === null ? undefined : Number(match[1] ?? 0);
};

const noneMatches = (filter: SnapshotFilter): Fault =>
  isFilter(filter)
    ? new Fault('snapshot-missing', 'no snapshot has the host, tags and paths that were asked for', {
        hint: '`mailkeep snapshots` lists all that there are.',
      })
    : new Fault('snapshot-missing', 'there is no snapshot yet', { hint: '`mailkeep backup` makes the first.' });

const oldestFirst = (left: Snapshot, right: Snapshot): number =>
  left.time.nanoseconds < right.time.nanoseconds ? -1 : left.time.nanoseconds > right.time.nanoseconds ? 1 : 0;

const latestOf = <Known extends Snapshot>(snapshots: readonly Known[], back: number, filter: SnapshotFilter): Known => {
  const matching = snapshots.filter((snapshot) => matchesFilter(snapshot, filter)).sort(oldestFirst);
  const found = matching.at(-1 - back);
  if (found !== undefined) return found;
  if (matching.length === 0) throw noneMatches(filter);
  throw new Fault('snapshot-missing', `there is no snapshot latest~${back}: only ${matching.length} are there`, {
    hint: 'latest~0 is the newest, latest~1 the one before it.',
  });
};

const candidatesNamed = 5;

const byPrefix = <Known extends Snapshot>(snapshots: readonly Known[], id: string): Known => {
  const prefix = id.toLowerCase();
  const found = /^[0-9a-f]{1,64}$/.test(prefix) ? snapshots.filter((snapshot) => snapshot.id.startsWith(prefix)) : [];
  const [first] = found;
  if (first === undefined) {
    throw new Fault('snapshot-missing', `there is no snapshot “${id}”`, {
      hint: 'Give the beginning of an id, or latest; `mailkeep snapshots` lists those that there are.',
      context: { snapshot: id },
    });
  }
  if (found.length === 1) return first;
  // As many digits as tell them apart, at least the eight that are shown everywhere.
  const named = found.slice(0, candidatesNamed).map((snapshot) => snapshot.id.slice(0, Math.max(8, id.length + 4)));
  const more = found.length > candidatesNamed ? ` and ${found.length - candidatesNamed} more` : '';
  throw new Fault('snapshot-ambiguous', `${found.length} snapshots begin with “${id}”`, {
    hint: `Give more of the id: ${named.join(', ')}${more}.`,
    context: { snapshot: id, candidates: named.join(' ') },
  });
};

/** The one snapshot that `id` means; the filter counts for `latest` only. Faults: `snapshot-missing`, `snapshot-ambiguous`. */
export const findSnapshot = <Known extends Snapshot>(
  snapshots: readonly Known[],
  id: string,
  filter: SnapshotFilter = noFilter,
): Known => {
  const back = stepsBack(id);
  return back === undefined ? byPrefix(snapshots, id) : latestOf(snapshots, back, filter);
};

/**
 * The snapshots that a command with any number of ids is about, oldest first, each once: those named, or without names
 * all that match. Faults: as `findSnapshot`; `usage` for a folder behind an id, and for a filter beside plain ids, which
 * would be without effect.
 */
export const selectSnapshots = <Known extends Snapshot>(
  snapshots: readonly Known[],
  ids: readonly string[],
  filter: SnapshotFilter,
): readonly Known[] => {
  if (ids.length === 0) return snapshots.filter((snapshot) => matchesFilter(snapshot, filter)).sort(oldestFirst);
  if (isFilter(filter) && !ids.some((id) => stepsBack(id) !== undefined)) {
    throw new Fault('usage', 'a filter by host, tag or path has no effect on snapshots that are given by their ids', {
      hint: 'Leave out either the ids or the filter.',
    });
  }
  const found = new Set<Known>();
  for (const id of ids) {
    if (id.includes(':')) {
      throw new Fault('usage', `“${id}” names a folder in a snapshot, where whole snapshots are meant`, {
        hint: 'Leave out what follows the colon.',
      });
    }
    found.add(findSnapshot(snapshots, id, filter));
  }
  return [...found].sort(oldestFirst);
};

/** What the snapshots of a group have in common; a field by which is not grouped is undefined. */
export interface SnapshotGroupKey {
  readonly hostname: string | undefined;
  readonly paths: readonly ByteString[] | undefined;
  readonly tags: readonly string[] | undefined;
}

export interface SnapshotGroup<Known extends Snapshot> {
  readonly key: SnapshotGroupKey;
  readonly snapshots: readonly Known[];
}

export type GroupField = 'host' | 'paths' | 'tags';

/** Groups in the order in which they first occur. Paths and tags are compared as sets. */
export const groupSnapshots = <Known extends Snapshot>(
  snapshots: readonly Known[],
  by: ReadonlySet<GroupField>,
): readonly SnapshotGroup<Known>[] => {
  const groups = new Map<string, { key: SnapshotGroupKey; snapshots: Known[] }>();
  for (const snapshot of snapshots) {
    const key: SnapshotGroupKey = {
      hostname: by.has('host') ? snapshot.hostname : undefined,
      paths: by.has('paths') ? [...snapshot.paths].sort(compareBytes) : undefined,
      tags: by.has('tags') ? [...snapshot.tags].sort() : undefined,
    };
    const text = JSON.stringify([key.hostname, key.paths, key.tags]);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { key, snapshots: [snapshot] });
    else group.snapshots.push(snapshot);
  }
  return [...groups.values()];
};

/** The newest `count` of each host and set of paths, in the order given (which is oldest first). */
export const newestOfEach = <Known extends Snapshot>(snapshots: readonly Known[], count: number): readonly Known[] => {
  const kept = new Set<Known>();
  for (const group of groupSnapshots(snapshots, new Set(['host', 'paths']))) {
    for (const snapshot of group.snapshots.slice(-count)) kept.add(snapshot);
  }
  return snapshots.filter((snapshot) => kept.has(snapshot));
};
