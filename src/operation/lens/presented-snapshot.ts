import type {
  BrowsableSnapshot,
  BrowsableStore,
  BrowsedContent,
  StoredChild,
  StoredFolder,
} from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import type { Content, Delivery, Source } from '../../contract/source.ts';
import type { StoredSnapshot } from '../../contract/store.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Entry, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { NewHash } from '../../mail/direct/hash.ts';
import { maildirFolder } from '../../mail/maildir-folder.ts';
import { escapedLevelText } from '../../mail/mailbox-name.ts';
import { encodeSubscriptions, subscriptionsName } from '../../mail/dovecot-files.ts';
import { type DirectAccount, type DirectFolder, readDirectAccount } from './direct-folders.ts';
import { baseOfFolder, captureFolder, folderAt } from './folder-source.ts';
import { madeEntry, madeFileOf, madeText } from './made-file.ts';
import { emptyFolder, presentFolder, type PresentingOptions } from './presented-folder.ts';

export interface LensOptions {
  readonly newHash: NewHash;
  /** For people: a folder has more keywords than the files of a Maildir can name. */
  readonly tooManyKeywords: (folder: string, count: number) => string;
}

/**
 * A snapshot as people and mail programs know mail: one in the direct layout of decision 5 as a Maildir++ with Dovecot's
 * UID lists, keywords and subscriptions, every other as it is. Memory stays bounded: a block at a time.
 */
export const presentSnapshot = async (
  snapshot: BrowsableSnapshot,
  options: LensOptions,
  run: Run,
): Promise<BrowsableSnapshot> => {
  const account = await readDirectAccount(snapshot, run);
  if (account === undefined) return snapshot;
  const presenting = { ...options, snapshot, account: account.format.account };
  const root = presentedRoot(await placesOf(snapshot, account, presenting, run), snapshot.root.identity);
  return {
    root,
    source: {
      ...snapshot.source,
      capture: captureFolder(root),
      read: (requests, pieces, readRun) => readBoth(snapshot.source, requests, pieces, readRun),
      relocate: async () => undefined,
    },
    levelText: escapedLevelText,
    beginningOf: (content) => snapshot.beginningOf(content),
    versionOf: (content) => madeFileOf(content)?.version ?? snapshot.versionOf(content),
    open: async (content, openRun) => openMade(content) ?? snapshot.open(content, openRun),
  };
};

/** All snapshots of a store, each presented when it is opened. */
export const presentStore = (store: BrowsableStore, options: LensOptions): BrowsableStore => {
  const presented = new WeakMap<BrowsableSnapshot, Promise<BrowsableSnapshot>>();
  return {
    snapshots: (run) => store.snapshots(run),
    async open(id, run) {
      const snapshot = await store.open(id, run);
      const known = presented.get(snapshot) ?? presentSnapshot(snapshot, options, run);
      presented.set(snapshot, known);
      known.catch(() => presented.delete(snapshot));
      return known;
    },
  };
};

/**
 * What was presented, as a snapshot to restore from and to search, from a folder on. Fault `path-missing` when it has no
 * such folder.
 */
export const presentedSource = async (
  presented: BrowsableSnapshot,
  stored: StoredSnapshot,
  folder: Path,
  run: Run,
): Promise<StoredSnapshot> => {
  const found = await folderAt(presented.root, folder, run);
  if (found === undefined) {
    const path = `/${folder.map((name) => displayText(name)).join('/')}`;
    throw new Fault('path-missing', `${path} is not in the snapshot`, {
      hint: '`mailkeep ls SNAPSHOT` shows what is in it; with --stored, how it lies in the repository.',
      context: { path },
    });
  }
  return {
    ...presented.source,
    ...baseOfFolder(found.folder),
    description: stored.description,
    snapshot: stored.snapshot,
    scannedAt: stored.scannedAt,
    contents: (entries, run) => stored.contents(entries, run),
    ...(presented.levelText === undefined ? {} : { levelText: presented.levelText }),
    capture: captureFolder(found.folder),
  };
};

/** A directory of the Maildir++; that of the inbox is the root. */
interface Place {
  readonly directory: ByteString;
  readonly entry: Entry;
  readonly subscribed: boolean;
  readonly identity: string;
  children(run: Run): Promise<readonly StoredChild[]>;
}

const inbox = byteStringOfLatin1('');
const marker = byteStringOfLatin1('maildirfolder');

const placesOf = async (
  snapshot: BrowsableSnapshot,
  account: DirectAccount,
  options: PresentingOptions,
  run: Run,
): Promise<readonly Place[]> => {
  const places = new Map<ByteString, Place>();
  for (const folder of account.folders) places.set(...placed(folder, places, options));
  if (!places.has(inbox)) places.set(inbox, emptyInbox(await anyEntry(snapshot, run), snapshot.root.identity));
  return [...places.values()].sort((left, right) => (left.directory < right.directory ? -1 : 1));
};

/** Two folders that would lie in one directory (an inbox spelt twice) lie in two. */
const placed = (
  folder: DirectFolder,
  taken: ReadonlyMap<ByteString, Place>,
  options: PresentingOptions,
): [ByteString, Place] => {
  const { name, delimiter, subscribed } = folder.record;
  const wanted = maildirFolder(name, delimiter, options.newHash);
  let directory = wanted;
  for (let number = 2; taken.has(directory); number++) {
    directory = byteStringOfLatin1(`${wanted === '' ? '.INBOX' : wanted}%${number}`);
  }
  const { children } = presentFolder(folder, options);
  return [directory, { directory, entry: folder.entry, subscribed, identity: folder.identity, children }];
};

const anyEntry = async (snapshot: BrowsableSnapshot, run: Run): Promise<Entry> => {
  for await (const page of snapshot.root.children(run)) if (page[0] !== undefined) return page[0].entry;
  throw new Fault('tree-damaged', 'the root of the snapshot is empty');
};

const emptyInbox = (like: Entry, identity: string): Place => ({
  directory: inbox,
  entry: like,
  subscribed: false,
  identity,
  children: async () =>
    ['cur', 'new', 'tmp'].map((own) => ({
      entry: madeEntry(like, byteStringOfLatin1(own), 'directory'),
      folder: emptyFolder(`${identity}${own}`),
      content: { kind: 'none' },
    })),
});

const presentedRoot = (places: readonly Place[], identity: string): StoredFolder =>
  listedFolder(`${identity}m`, async (run) => {
    const own = places.find(({ directory }) => directory === inbox);
    if (own === undefined) return [];
    const subscribed = places.filter((place) => place.subscribed).map(({ directory }) => directory);
    const children: StoredChild[] = [
      ...places.filter((place) => place !== own).map(placeChild),
      ...(await own.children(run)),
      madeText(own.entry, subscriptionsName, encodeSubscriptions(subscribed), `${identity}s`),
    ];
    return children.sort((left, right) => (left.entry.name < right.entry.name ? -1 : 1));
  });

const placeChild = (place: Place): StoredChild => ({
  entry: madeEntry(place.entry, place.directory, 'directory'),
  folder: listedFolder(`${place.identity}m`, async (run) =>
    [...(await place.children(run)), madeText(place.entry, marker, '', '0')].sort((left, right) =>
      left.entry.name < right.entry.name ? -1 : 1,
    ),
  ),
  content: { kind: 'none' },
});

const listedFolder = (identity: string, list: (run: Run) => Promise<readonly StoredChild[]>): StoredFolder => ({
  identity,
  async *children(run) {
    yield await list(run);
  },
  child: async (name, run) => (await list(run)).find(({ entry }) => entry.name === name),
});

const openMade = (content: Content): BrowsedContent | undefined => {
  const made = madeFileOf(content);
  if (made === undefined) return undefined;
  return {
    size: made.size,
    async *read(start, end, run) {
      let at = 0;
      for await (const bytes of made.bytes(run)) {
        const piece = bytes.subarray(Math.max(0, start - at), Math.max(0, end - at));
        if (piece.length > 0) yield piece;
        at += bytes.length;
        if (at >= end) return;
      }
    },
  };
};

/** Stored contents in the store's own best order, then what is made. */
async function* readBoth(
  source: Source,
  requests: Parameters<Source['read']>[0],
  pieces: Parameters<Source['read']>[1],
  run: Run,
): AsyncGenerator<Delivery, void> {
  const stored = [...requests.keys()].filter(
    (at) => madeFileOf(requests[at]?.content ?? { kind: 'none' }) === undefined,
  );
  if (stored.length === requests.length) {
    yield* source.read(requests, pieces, run);
    return;
  }
  const storedRequests = stored.flatMap((at) => requests[at] ?? []);
  for await (const { bytes, pieces: found, verdicts } of source.read(storedRequests, pieces, run)) {
    yield {
      bytes,
      pieces: found.map((piece) => ({ ...piece, request: stored[piece.request] ?? -1 })),
      verdicts: verdicts.map((verdict) => ({ ...verdict, request: stored[verdict.request] ?? -1 })),
    };
  }
  for (const [request, { content }] of requests.entries()) {
    const made = madeFileOf(content);
    if (made === undefined) continue;
    let position = 0;
    for await (const piece of made.bytes(run)) {
      // Taken away by the receiver: its length is not to be asked afterwards.
      const bytes = piece.slice();
      const { length } = bytes;
      yield { bytes, pieces: [{ request, position, start: 0, length }], verdicts: [] };
      position += length;
    }
    yield {
      bytes: new Uint8Array(0),
      pieces: [],
      verdicts: [{ request, verdict: { kind: 'complete', bytes: position } }],
    };
  }
}
