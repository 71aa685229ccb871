import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { AccountScan, FreshMessage, ScanBase, ScannedFolder } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { folderKey } from '../../../mail/adopt/folder-key.ts';
import { folderMark } from '../../../mail/direct/presented-name.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { type ByteString, compareBytes } from '../../../model/byte-string.ts';
import { asFault, type Fault, isFault } from '../../../model/fault.ts';
import { readMirrorFolder } from '../mirror/mirror-folder.ts';
import { type CheckedMessage, checkedMessage, headerDigest, type OldMessage } from './old-message.ts';
import type { OldState } from './old-state.ts';
import type { OldFolder } from './old-tree.ts';

/**
 * Why nothing of a folder could be used. `no-folder`: the tree has none like it. `no-marks`: its files tell no UIDs. `no-state`:
 * mbsync's state of it was not found. `renumbered`: the server has given it another UIDVALIDITY since.
 */
export type Hindrance = 'no-folder' | 'no-marks' | 'no-state' | 'renumbered';

/** A folder of the server, and what of it lies in the old tree. */
export interface FolderAdoption {
  readonly name: ByteString;
  readonly uidValidity: number;
  /** Where in the tree; none where there is nothing like it. */
  readonly from: readonly ByteString[];
  readonly onServer: number;
  /** Messages that the mirror has already. */
  readonly present: number;
  readonly messages: ReadonlyMap<number, OldMessage>;
  /** Bytes of these. */
  readonly bytes: number;
  /** UIDs of messages of the server that are to be fetched. */
  readonly left: readonly number[];
  /** How many of those have a file whose size or header is not the server's. */
  readonly differing: number;
  readonly hindrance: Hindrance | undefined;
}

export interface AdoptionPlan {
  readonly folders: readonly FolderAdoption[];
  /** Folders that could not be read on the server. */
  readonly unread: readonly { readonly name: ByteString; readonly fault: Fault }[];
  /** Folders of the tree that no folder of the server was found for. */
  readonly unused: readonly OldFolder[];
  /** Folders in whose middle mbsync was ended. */
  readonly halfDone: readonly OldFolder[];
}

export interface AdoptionParts {
  readonly scan: AccountScan;
  readonly tree: readonly OldFolder[];
  readonly state: OldState;
  /** Folder of the mirror, which may not be there yet. */
  readonly mirror: string;
  /** By hand: which folder of the tree is which of the server, both as their keys. */
  readonly mapping: ReadonlyMap<string, string>;
}

/** Nothing is known: every message is told. */
const emptyBase: ScanBase = { folder: async () => undefined, block: async () => [] };

/** So many files are read at the same time. */
const together = 8;

/**
 * Finds out which messages of an account lie in an old tree: by folder, UIDVALIDITY and UID; and of each, that its size is
 * RFC822.SIZE and its header the server's, byte by byte. Bodies are neither asked for nor needed. Nothing is written.
 */
export const planAdoption = async (parts: AdoptionParts, run: Run): Promise<AdoptionPlan> => {
  const folders: FolderAdoption[] = [];
  const unread: { name: ByteString; fault: Fault }[] = [];
  const used = new Set<OldFolder>();
  for await (const scanned of parts.scan.folders(emptyBase, run)) {
    if (scanned.kind === 'carried') unread.push({ name: scanned.name, fault: scanned.fault });
    if (scanned.kind !== 'listed') continue;
    const found = await plannedOrFault(parts, scanned, run);
    for (const folder of found.looked) used.add(folder);
    if ('fault' in found) {
      unread.push({ name: scanned.state.name, fault: found.fault });
      continue;
    }
    folders.push(found.adoption);
    const sum = (of: (one: FolderAdoption) => number): number => folders.reduce((all, one) => all + of(one), 0);
    const [files, bytes] = [sum(({ messages }) => messages.size), sum((one) => one.bytes)];
    run.emit({ kind: 'progress', files, bytes, current: scanned.state.name });
  }
  const halfDone: OldFolder[] = [];
  for (const folder of used) if (await parts.state.isHalfDone(folder)) halfDone.push(folder);
  folders.sort((left, right) => compareBytes(left.name, right.name));
  return { folders, unread, unused: parts.tree.filter((folder) => !used.has(folder)), halfDone };
};

type ListedFolder = Extract<ScannedFolder, { readonly kind: 'listed' }>;

interface Tally {
  present: number;
  readonly messages: Map<number, OldMessage>;
  readonly left: number[];
  bytes: number;
  differing: number;
}

interface PlannedFolder {
  readonly adoption: FolderAdoption;
  readonly looked: readonly OldFolder[];
}

/** A folder that cannot be read costs itself alone; what ends a scan of the account ends the plan. */
const plannedOrFault = async (
  parts: AdoptionParts,
  scanned: ListedFolder,
  run: Run,
): Promise<PlannedFolder | { readonly fault: Fault; readonly looked: readonly OldFolder[] }> => {
  try {
    return await planFolder(parts, scanned, run);
  } catch (error) {
    throwIfInterrupted(run);
    const fault = asFault(error);
    if (isFault(fault, 'internal', 'interrupted', 'credentials-refused', 'configuration')) throw fault;
    return { fault, looked: namedLike(parts, scanned.state) };
  }
};

const planFolder = async (
  parts: AdoptionParts,
  { state, onServer, blocks }: ListedFolder,
  run: Run,
): Promise<PlannedFolder> => {
  const { looked, places, hindrance } = await placesOf(parts, state);
  const there = await uidsInMirror(parts.mirror, state);
  const tally: Tally = { present: 0, messages: new Map(), left: [], bytes: 0, differing: 0 };
  const place = { name: state.name, uidValidity: state.uidValidity };
  for await (const block of blocks) {
    throwIfInterrupted(run);
    if (block.kind !== 'listed') continue;
    const all = block.messages.filter((message) => message.kind === 'fresh');
    const fresh = all.filter(({ uid }) => !there.has(uid));
    tally.present += all.length - fresh.length;
    const candidates = await ofEqualSize(fresh, places, tally);
    const headers = new Map<number, string>();
    const uids = [...candidates.keys()];
    if (uids.length > 0) {
      for await (const stretch of parts.scan.headers(place, uids, run)) {
        for (const { uid, header } of stretch) headers.set(uid, headerDigest(header));
      }
    }
    for (const { uid } of fresh) {
      const own = candidates.get(uid);
      const candidate = own?.find(({ header }) => header === headers.get(uid));
      if (candidate !== undefined) adopt(tally, uid, candidate);
      else {
        tally.left.push(uid);
        if (own !== undefined) tally.differing++;
      }
    }
  }
  const from = looked.map(({ path }) => path);
  return { looked, adoption: { ...place, from, onServer, ...tally, hindrance } };
};

const newHash = () => createHash('sha256');

const uidsInMirror = async (
  root: string,
  { name, delimiter, uidValidity }: ListedFolder['state'],
): Promise<ReadonlyMap<number, unknown>> => {
  const directory = join(root, maildirFolder(name, delimiter, newHash));
  const files = await readMirrorFolder(directory, { mark: folderMark(name, newHash), uidValidity });
  return files?.messages ?? new Map();
};

const adopt = (tally: Tally, uid: number, { folder, file, size }: CheckedMessage): void => {
  tally.messages.set(uid, { folder, file, size });
  tally.bytes += size;
};

type Place = Omit<OldMessage, 'size'>;
type Places = ReadonlyMap<number, readonly Place[]>;

/** Files that have the size of a message: which of them it is, its header tells. */
const ofEqualSize = async (
  fresh: readonly FreshMessage[],
  places: Places,
  tally: Tally,
): Promise<ReadonlyMap<number, readonly CheckedMessage[]>> => {
  const found = new Map<number, readonly CheckedMessage[]>();
  const check = async ({ uid, size }: FreshMessage): Promise<void> => {
    const own = places.get(uid);
    if (own === undefined) return;
    const checked: CheckedMessage[] = [];
    for (const place of own) {
      const message = await checkedMessage(place, size);
      if (message !== undefined) checked.push(message);
    }
    if (checked.length > 0) found.set(uid, checked);
    else tally.differing++;
  };
  for (let at = 0; at < fresh.length; at += together) {
    await Promise.all(fresh.slice(at, at + together).map(check));
  }
  return found;
};

interface FoundPlaces {
  /** Folders of the tree that were taken for this one. */
  readonly looked: readonly OldFolder[];
  /** Files by the UIDs of the server. */
  readonly places: Places;
  readonly hindrance: Hindrance | undefined;
}

/** Where messages of a folder of the server may lie: in what is called like it, or what mbsync knows of its UIDVALIDITY. */
const placesOf = async (parts: AdoptionParts, server: ListedFolder['state']): Promise<FoundPlaces> => {
  const places = new Map<number, Place[]>();
  let hindrance: Hindrance | undefined = 'no-folder';
  const looked = await foldersFor(parts, server);
  for (const folder of looked) {
    const uids = await serverUids(parts.state, folder, server);
    if (typeof uids === 'string') {
      hindrance = uids;
      continue;
    }
    for (const [own, uid] of uids) {
      const file = folder.files.get(own);
      if (file !== undefined) places.set(uid, [...(places.get(uid) ?? []), { folder, file }]);
    }
  }
  return { looked, places, hindrance: places.size > 0 || looked.some(isEmpty) ? undefined : hindrance };
};

const isEmpty = ({ files, unmarked }: OldFolder): boolean => files.size + unmarked === 0;

const namedLike = (
  { tree, mapping }: AdoptionParts,
  { name, delimiter }: ListedFolder['state'],
): readonly OldFolder[] => {
  const key = folderKey(name, delimiter);
  return tree.filter((folder) => (mapping.get(folder.key) ?? folder.key) === key);
};

const foldersFor = async (parts: AdoptionParts, server: ListedFolder['state']): Promise<readonly OldFolder[]> => {
  const named = namedLike(parts, server);
  if (named.length > 0) return named;
  const { tree, state, mapping } = parts;
  const { uidValidity } = server;
  const paired: OldFolder[] = [];
  for (const folder of tree) {
    if (folder.program !== 'mbsync' || mapping.has(folder.key)) continue;
    const pairings = await state.pairings(folder);
    if (pairings.some(({ serverUidValidity }) => serverUidValidity === uidValidity)) paired.push(folder);
  }
  return paired;
};

/** The server's UID by the UID in the names of the files; or why there is none. */
const serverUids = async (
  state: OldState,
  folder: OldFolder,
  server: ListedFolder['state'],
): Promise<ReadonlyMap<number, number> | Hindrance> => {
  if (folder.program === 'mbsync') {
    const pairings = await state.pairings(folder);
    const pairing = pairings.find(({ serverUidValidity }) => serverUidValidity === server.uidValidity);
    return pairing?.serverUids ?? (pairings.length > 0 ? 'renumbered' : 'no-state');
  }
  if (folder.program === 'unknown') return 'no-marks';
  const known = await state.uidValidities(server.name);
  // Without OfflineIMAP's own record UIDs, sizes and headers have to agree all the same.
  if (known.length > 0 && !known.includes(server.uidValidity)) return 'renumbered';
  return new Map([...folder.files.keys()].map((uid) => [uid, uid]));
};
