import type { Run } from '../../../contract/run.ts';
import { parseFormatRecord } from '../../../mail/direct/format-record.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import { createFolderSearch, type FolderTree, lowerAscii, parseFolderPattern } from '../../../model/folder-match.ts';
import { type HoldLog, type HoldSubject, standingHolds } from '../../../model/hold.ts';
import type { HeldSnapshots } from '../../../model/retention.ts';
import { checkpointTag, isNote } from '../../../model/snapshot.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { hexOf } from '../read/blob-reader.ts';
import type { Repository } from '../repository.ts';
import { isHoldNote, loadHoldLog } from './hold-notes.ts';

type Matcher = (snapshot: SnapshotFile) => Promise<boolean>;

const rootOf = ({ tree }: SnapshotFile): Uint8Array => Uint8Array.from(Buffer.from(tree, 'hex'));

/** A folder that cannot be looked into may be the mailbox's: it is held. */
const orHeld =
  (matcher: Matcher, run: Run): Matcher =>
  async (snapshot) => {
    try {
      return await matcher(snapshot);
    } catch (error) {
      if (isFault(error, 'interrupted', 'internal')) throw error;
      const message = `the snapshot ${snapshot.id.slice(0, 8)} cannot be looked into, and is held: ${asFault(error).message}`;
      run.emit({ kind: 'notice', message });
      return true;
    }
  };

const treeOf = (repository: Repository, run: Run): FolderTree<Uint8Array> => ({
  key: hexOf,
  folders: async (id) => {
    const found = new Map<ReturnType<typeof byteStringOfText>, Uint8Array>();
    for (const [name, { subtree }] of await (await repository.trees(run)).folders(id, run)) {
      if (subtree !== undefined) found.set(name, subtree);
    }
    return found;
  },
});

/** The user of an account that was captured directly, as its own note says; undefined for all else. */
const userOf = async (repository: Repository, snapshot: SnapshotFile, run: Run): Promise<string | undefined> => {
  const trees = await repository.trees(run);
  const own = (await trees.folders(rootOf(snapshot), run)).get(byteStringOfText('.mailkeep'))?.subtree;
  if (own === undefined) return undefined;
  let content: Uint8Array | undefined;
  readTree(await trees.load(own, run), (node) => {
    if (node.entry.name === byteStringOfText('format.json')) content = node.content?.slice(0, 32);
  });
  if (content === undefined) return undefined;
  return parseFormatRecord(await (await repository.blobs(run)).load('data', content, run))?.user;
};

const isOfPath = ({ paths }: SnapshotFile, wanted: readonly string[]): boolean =>
  wanted.some((path) => paths.includes(byteStringOfText(path)));

/** The last part of a snapshot's path: `/imap/alice@example.com`. */
const isNamed = ({ paths }: SnapshotFile, name: string): boolean =>
  paths.some((path) => lowerAscii(path.slice(path.lastIndexOf('/') + 1)) === byteStringOfText(name));

const searchOf = (text: string, repository: Repository, run: Run): Matcher => {
  const search = createFolderSearch(parseFolderPattern(text), treeOf(repository, run));
  return (snapshot) => search(rootOf(snapshot));
};

const anyOf =
  (matchers: readonly Matcher[]): Matcher =>
  async (snapshot) => {
    for (const matcher of matchers) if (await matcher(snapshot)) return true;
    return false;
  };

const matcherOf = (subject: HoldSubject, repository: Repository, run: Run): Matcher => {
  switch (subject.kind) {
    case 'snapshots': {
      const ids = new Set(subject.ids);
      return async ({ id, originalId }) => ids.has(id) || ids.has(originalId);
    }
    case 'days':
      return async () => false;
    case 'everything':
      return async () => true;
    case 'folder':
      return searchOf(subject.path, repository, run);
    case 'address': {
      const { paths } = subject;
      const address = lowerAscii(subject.address);
      return anyOf([
        async (snapshot) => isOfPath(snapshot, paths) || isNamed(snapshot, address),
        searchOf(address, repository, run),
        async (snapshot) => lowerAscii((await userOf(repository, snapshot, run)) ?? '') === address,
      ]);
    }
    case 'account': {
      const { paths, folders } = subject;
      const inside = anyOf(folders.map((folder) => searchOf(folder, repository, run)));
      return async (snapshot) => isOfPath(snapshot, paths) && (folders.length === 0 || (await inside(snapshot)));
    }
    case 'server': {
      const { name } = subject;
      return async (snapshot) => snapshot.tags.includes(`mailkeep:server=${name}`) || isOfPath(snapshot, [`/${name}`]);
    }
  }
};

/** Notes are held by their tag; what a long capture has fetched so far is held as what it is of. */
const isSubject = (snapshot: SnapshotFile): boolean =>
  !isNote(snapshot) || (snapshot.tags.includes(checkpointTag) && !isHoldNote(snapshot));

/** Which of these snapshots the standing holds of a log are on. Nothing is read where none is on what snapshots contain. */
export const heldAmong = async (
  repository: Repository,
  snapshots: readonly SnapshotFile[],
  log: HoldLog,
  run: Run,
): Promise<HeldSnapshots> => {
  const held = new Map<string, string[]>();
  for (const { id: hold, subjects } of standingHolds(log)) {
    const matches = orHeld(anyOf(subjects.map((subject) => matcherOf(subject, repository, run))), run);
    for (const snapshot of snapshots) {
      if (!isSubject(snapshot) || !(await matches(snapshot))) continue;
      const known = held.get(snapshot.id);
      if (known === undefined) held.set(snapshot.id, [hold]);
      else known.push(hold);
    }
  }
  return held;
};

/** Which of all snapshots of a repository are held, as its own notes say. `all`: every snapshot, notes among them. */
export const heldSnapshots = async (
  repository: Repository,
  all: readonly SnapshotFile[],
  run: Run,
): Promise<HeldSnapshots> => heldAmong(repository, all, await loadHoldLog(repository, all, run), run);
