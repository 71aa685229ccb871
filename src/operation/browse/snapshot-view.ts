import type { BrowsableStore, BrowsedFolder, BrowsedNode } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import type { Snapshot, ZonedTime } from '../../model/snapshot.ts';
import { fileView } from './file-view.ts';
import { madeFolder, type Members, membersOf } from './folder.ts';
import { createMailMemory, mailView } from './mail-view.ts';
import type { SummaryCache } from './message-list.ts';
import { createUniqueNames, safeName } from './safe-name.ts';

const latest = byteStringOfLatin1('latest');

const pad = (number: number): string => String(number).padStart(2, '0');

/** `2026-01-31T03-00-00+0900`: as its own calendar had it, without colons, which Windows does not take. */
export const timeName = ({ nanoseconds, offsetMinutes }: ZonedTime): string => {
  const milliseconds = Number(nanoseconds / 1_000_000n) + offsetMinutes * 60_000;
  const isUsual = Math.abs(milliseconds) <= 8.64e15;
  const local = isUsual ? new Date(milliseconds).toISOString().replace(/\..*$/, '').replaceAll(':', '-') : 'no-time';
  const minutes = Math.abs(offsetMinutes);
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`;
};

export interface NamedSnapshot {
  readonly name: ByteString;
  readonly snapshot: Snapshot;
}

/** Snapshots by their times; of those of one second, all but the first have their short id behind it. Oldest first. */
export const namedByTime = (snapshots: readonly Snapshot[]): readonly NamedSnapshot[] => {
  const unique = createUniqueNames();
  const taken = new Set<string>();
  return snapshots.map((snapshot) => {
    const time = timeName(snapshot.time);
    const name = taken.has(time) ? `${time}-${snapshot.id.slice(0, 8)}` : time;
    taken.add(time);
    return { name: unique(name), snapshot };
  });
};

/** By eight digits of their ids, or all where these are not enough. */
export const namedById = (snapshots: readonly Snapshot[]): readonly NamedSnapshot[] => {
  const counts = new Map<string, number>();
  for (const { id } of snapshots) counts.set(id.slice(0, 8), (counts.get(id.slice(0, 8)) ?? 0) + 1);
  return snapshots.map((snapshot) => {
    const short = snapshot.id.slice(0, 8);
    return { name: byteStringOfLatin1(counts.get(short) === 1 ? short : snapshot.id), snapshot };
  });
};

type ShowSnapshot = (name: ByteString, snapshot: Snapshot) => BrowsedFolder;

const newestTime = (snapshots: readonly Snapshot[]): Nanoseconds => snapshots.at(-1)?.time.nanoseconds ?? 0n;

/** A folder of snapshots by their times, and the newest once more as `latest`. */
const timesFolder = (name: ByteString, snapshots: readonly Snapshot[], show: ShowSnapshot): BrowsedFolder => {
  const nodes = namedByTime(snapshots).map((named) => show(named.name, named.snapshot));
  const newest = snapshots.at(-1);
  const members = membersOf(newest === undefined ? nodes : [...nodes, show(latest, newest)]);
  return madeFolder(name, newestTime(snapshots), () => members);
};

/** A folder of such folders, one for each label that snapshots have. */
const groupsFolder = (
  name: string,
  snapshots: readonly Snapshot[],
  { labelsOf, show }: { readonly labelsOf: (snapshot: Snapshot) => readonly string[]; readonly show: ShowSnapshot },
): BrowsedFolder => {
  const groups = new Map<string, Snapshot[]>();
  for (const snapshot of snapshots) {
    for (const label of new Set(labelsOf(snapshot))) {
      const group = groups.get(label);
      if (group === undefined) groups.set(label, [snapshot]);
      else group.push(snapshot);
    }
  }
  const unique = createUniqueNames();
  const sorted = [...groups].sort(([left], [right]) => (left < right ? -1 : 1));
  const members = membersOf(sorted.map(([label, group]) => timesFolder(unique(safeName(label)), group, show)));
  return madeFolder(byteStringOfText(name), newestTime(snapshots), () => members);
};

const layoutOf = (snapshots: readonly Snapshot[], store: BrowsableStore, summaries: SummaryCache): Members => {
  const memory = createMailMemory(summaries);
  const files: ShowSnapshot = (name, { id, time }) =>
    fileView({ name, modified: time.nanoseconds }, (run) => store.open(id, run));
  const mail: ShowSnapshot = (name, { id, time }) =>
    mailView({ name, modified: time.nanoseconds }, (run) => store.open(id, run), memory);
  const ids = membersOf(namedById(snapshots).map(({ name, snapshot }) => files(name, snapshot)));
  const newest = snapshots.at(-1);
  const nodes: readonly BrowsedNode[] = [
    timesFolder(byteStringOfText('snapshots'), snapshots, files),
    madeFolder(byteStringOfText('ids'), newestTime(snapshots), () => ids),
    groupsFolder('hosts', snapshots, { labelsOf: ({ hostname }) => [hostname], show: files }),
    groupsFolder('tags', snapshots, { labelsOf: ({ tags }) => tags, show: files }),
    timesFolder(byteStringOfText('mail'), snapshots, mail),
    ...(newest === undefined ? [] : [files(latest, newest)]),
  ];
  return membersOf(nodes);
};

/**
 * All snapshots of a store as one tree of folders: `snapshots/TIME`, `ids/ID`, `hosts/HOST/TIME`, `tags/TAG/TIME`, each
 * with the files as they were stored, `mail/TIME/MAILBOX/MESSAGE.eml`, and the newest as `latest`. Built anew whenever the
 * store's list of snapshots is another one; nothing is read before somebody looks.
 */
export const snapshotView = (store: BrowsableStore): BrowsedFolder => {
  const summaries: SummaryCache = new Map();
  let known: { readonly snapshots: readonly Snapshot[]; readonly members: Members } | undefined;
  const members = async (run: Run): Promise<Members> => {
    const snapshots = await store.snapshots(run);
    if (known?.snapshots !== snapshots) known = { snapshots, members: layoutOf(snapshots, store, summaries) };
    return known.members;
  };
  return madeFolder(byteStringOfText(''), 0n, members);
};
