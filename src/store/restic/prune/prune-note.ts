import { randomBytes } from 'node:crypto';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import type { NoteOrigin } from '../../../model/evidence-note.ts';
import { pruneNoteTag, type ZonedTime } from '../../../model/snapshot.ts';
import { type KnownKeys, originOf } from '../evidence/evidence-key.ts';
import { isJsonRecord, parseJsonRecord } from '../format/json-record.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { formatTime, parseTime } from '../format/time-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { createTreeWriter } from '../format/tree-writer.ts';
import type { BlobReader } from '../read/blob-reader.ts';
import type { Identity } from '../session.ts';

/** What a prune has written down for the next one. */
export interface PruneNote {
  /** Of the snapshot that holds it. */
  readonly snapshotId: string;
  readonly origin: NoteOrigin;
  readonly time: Nanoseconds;
  /** Since when each pack is known to be unused, by its id. */
  readonly packs: ReadonlyMap<string, Nanoseconds>;
  /** Its root tree and the blobs of its file: garbage once another note replaces it. */
  readonly tree: Uint8Array;
  readonly content: Uint8Array;
}

const fileName = 'unused-packs.json';
const noteVersion = 1;

const unreadable = (snapshot: SnapshotFile, what: string): Fault =>
  new Fault('snapshot-damaged', `the note of an earlier prune, snapshot ${snapshot.id.slice(0, 8)}, ${what}`, {
    hint: 'Forget that snapshot by its id and prune again: unused packs are then noted anew and stay a little longer.',
    context: { snapshot: snapshot.id },
  });

const noteContent = (tree: Uint8Array): Uint8Array | undefined => {
  let content: Uint8Array | undefined;
  readTree(tree, ({ entry, content: ids }) => {
    if (entry.name === fileName) content = ids;
  });
  return content;
};

const zonedTimeOf = (value: unknown): Nanoseconds | undefined =>
  typeof value === 'string' ? parseTime(value)?.nanoseconds : undefined;

const packsOf = (value: unknown): ReadonlyMap<string, Nanoseconds> | undefined => {
  if (!Array.isArray(value)) return undefined;
  const packs = new Map<string, Nanoseconds>();
  const list: readonly unknown[] = value;
  for (const pack of list) {
    const since = isJsonRecord(pack) ? zonedTimeOf(pack['unusedSince']) : undefined;
    const id = isJsonRecord(pack) ? pack['id'] : undefined;
    if (since === undefined || typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return undefined;
    packs.set(id, since);
  }
  return packs;
};

/**
 * Reads the note in a snapshot that has the tag. Undefined when it is of another repository (copied here): it says
 * nothing. Faults: `snapshot-damaged` when it is no note, and what reading blobs says.
 */
export const readNote = async (
  snapshot: SnapshotFile,
  parts: { readonly blobs: BlobReader; readonly repositoryId: string; readonly keys: KnownKeys },
  run: Run,
): Promise<PruneNote | undefined> => {
  const tree = Uint8Array.from(Buffer.from(snapshot.tree, 'hex'));
  const content = noteContent(await parts.blobs.load('tree', tree, run));
  if (content === undefined) throw unreadable(snapshot, 'has no list of packs');
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 32) {
    pieces.push(await parts.blobs.load('data', content.subarray(at, at + 32), run));
  }
  const json = Buffer.concat(pieces);
  const record = parseJsonRecord(json);
  if (record === undefined) throw unreadable(snapshot, 'cannot be read');
  if (record['version'] !== noteVersion) throw unreadable(snapshot, 'is of a newer version of Mailkeep');
  if (record['repository'] !== parts.repositoryId) return undefined;
  const time = zonedTimeOf(record['time']);
  const packs = packsOf(record['packs']);
  if (time === undefined || packs === undefined) throw unreadable(snapshot, 'cannot be read');
  return {
    snapshotId: snapshot.id,
    origin: originOf(json, parts.keys, parts.repositoryId),
    time,
    packs,
    tree,
    content,
  };
};

const timeText = (nanoseconds: Nanoseconds): string => formatTime(nanoseconds, 0);

/** The JSON of a note. It is unique: a backup never finds its blob in the repository already. */
export const formatNote = (
  repositoryId: string,
  time: Nanoseconds,
  packs: ReadonlyMap<string, Nanoseconds>,
): Uint8Array => {
  const list = [...packs].map(([id, since]) => ({ id, unusedSince: timeText(since) }));
  const note = {
    about: 'Packs that no snapshot needs any more. Mailkeep prune removes them a day later, if that still holds.',
    version: noteVersion,
    repository: repositoryId,
    time: timeText(time),
    unique: randomBytes(16).toString('hex'),
    packs: list,
  };
  return Uint8Array.from(Buffer.from(`${JSON.stringify(note, undefined, 1)}\n`));
};

/** The tree of a note: one file. `content`: ids of its blobs. */
export const noteTree = (
  file: { readonly content: Uint8Array; readonly size: number; readonly time: Nanoseconds },
  identity: Identity,
): Uint8Array => {
  const writer = createTreeWriter();
  const { content, size, time } = file;
  writer.add({
    entry: {
      name: byteStringOfText(fileName),
      type: 'file',
      mode: 0o600,
      mtime: time,
      atime: time,
      ctime: time,
      uid: identity.uid,
      gid: identity.gid,
      user: identity.username,
      group: '',
      inode: 0n,
      deviceId: 0n,
      size,
      links: 1,
    },
    content,
    subtree: undefined,
    offsets: [0, 0, 0],
  });
  return writer.finish();
};

/**
 * Notes bear the time 1970: `latest` is then never a note, for restic either, and rules that keep the newest snapshots of
 * a group see a group of its own.
 */
export const noteTime: ZonedTime = { nanoseconds: 0n, offsetMinutes: 0 };

export const noteSnapshot = (tree: string, identity: Identity, programVersion: string): SnapshotFile => ({
  id: '',
  originalId: '',
  time: noteTime,
  tree,
  paths: [byteStringOfText('/mailkeep-prune')],
  hostname: identity.hostname,
  username: identity.username,
  uid: identity.uid,
  gid: identity.gid,
  excludes: [],
  tags: [pruneNoteTag],
  programVersion,
  unknownFields: '',
});
