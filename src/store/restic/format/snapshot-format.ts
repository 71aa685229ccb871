import { byteStringOfText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { Snapshot, SnapshotSummary, ZonedTime } from '../../../model/snapshot.ts';
import { goJsonText, goJsonTextOfBytes } from './go-quote.ts';
import { JsonCursor, JsonProblem } from './json-cursor.ts';
import { formatTime, parseTime } from './time-format.ts';

/** A snapshot as its file in the repository has it. */
export interface SnapshotFile extends Snapshot {
  /** The id of the root tree, 64 hexadecimal digits. */
  readonly tree: string;
  /** Members of the object that are not modelled, as raw JSON with commas between; else ''. */
  readonly unknownFields: string;
}

const encoder = new TextEncoder();

const summaryFields = {
  files_new: 'filesNew',
  files_changed: 'filesChanged',
  files_unmodified: 'filesUnmodified',
  dirs_new: 'directoriesNew',
  dirs_changed: 'directoriesChanged',
  dirs_unmodified: 'directoriesUnmodified',
  data_blobs: 'dataBlobs',
  tree_blobs: 'treeBlobs',
  data_added: 'dataAdded',
  data_added_packed: 'dataAddedPacked',
  total_files_processed: 'totalFilesProcessed',
  total_bytes_processed: 'totalBytesProcessed',
} as const;

type SummaryField = keyof typeof summaryFields;
type SummaryCount = (typeof summaryFields)[SummaryField];
const summaryFieldNames: readonly string[] = Object.keys(summaryFields);
const isSummaryField = (key: string): key is SummaryField => summaryFieldNames.includes(key);

const timeJson = (time: ZonedTime): string => `"${formatTime(time.nanoseconds, time.offsetMinutes)}"`;

const listJson = (texts: readonly string[]): string => `[${texts.map((text) => `"${goJsonText(text)}"`).join(',')}]`;

const summaryJson = (summary: SnapshotSummary): string => {
  const counts = Object.entries(summaryFields).map(([field, key]) => `"${field}":${summary[key]}`);
  return `{"backup_start":${timeJson(summary.backupStart)},"backup_end":${timeJson(summary.backupEnd)},${counts.join(',')}}`;
};

/**
 * The JSON of a snapshot, members in restic's order. `id` is not part of it; `original` is written when `originalId` is
 * another than `id` and not '': for a new snapshot both are '', for one that replaces another `id` is ''.
 */
export const formatSnapshot = (snapshot: SnapshotFile): Uint8Array => {
  const { parent, hostname, username, uid, gid, excludes, tags, originalId, programVersion, summary } = snapshot;
  const paths = snapshot.paths.map((path) => `"${goJsonTextOfBytes(path)}"`);
  const members = [
    `"time":${timeJson(snapshot.time)}`,
    ...(parent === undefined ? [] : [`"parent":"${parent}"`]),
    `"tree":"${snapshot.tree}"`,
    `"paths":[${paths.join(',')}]`,
    ...(hostname === '' ? [] : [`"hostname":"${goJsonText(hostname)}"`]),
    ...(username === '' ? [] : [`"username":"${goJsonText(username)}"`]),
    ...(uid === 0 ? [] : [`"uid":${uid}`]),
    ...(gid === 0 ? [] : [`"gid":${gid}`]),
    ...(excludes.length === 0 ? [] : [`"excludes":${listJson(excludes)}`]),
    ...(tags.length === 0 ? [] : [`"tags":${listJson(tags)}`]),
    ...(originalId === '' || originalId === snapshot.id ? [] : [`"original":"${originalId}"`]),
    ...(programVersion === undefined ? [] : [`"program_version":"${goJsonText(programVersion)}"`]),
    ...(summary === undefined ? [] : [`"summary":${summaryJson(summary)}`]),
    ...(snapshot.unknownFields === '' ? [] : [snapshot.unknownFields]),
  ];
  return encoder.encode(`{${members.join(',')}}`);
};

/** Calls `read` with each member's name; false means that it did not read the value. Members that are null are left out. */
const eachMember = (cursor: JsonCursor, read: (key: string) => boolean, unknown: (raw: string) => void): void => {
  if (!cursor.enter(0x7b, 0x7d)) return;
  do {
    cursor.peek();
    const start = cursor.at;
    const key = cursor.string();
    cursor.expect(0x3a);
    if (cursor.takeNull() || read(key)) continue;
    cursor.skip();
    unknown(cursor.decodeRaw(start));
  } while (cursor.another(0x7d));
};

const readTime = (cursor: JsonCursor): ZonedTime => {
  const start = cursor.at;
  return parseTime(cursor.string()) ?? cursor.fail('a time is not one', start);
};

const readId = (cursor: JsonCursor): string => {
  const start = cursor.at;
  const id = cursor.string();
  return /^[0-9a-fA-F]{64}$/.test(id) ? id.toLowerCase() : cursor.fail('an id is not 64 hexadecimal digits', start);
};

const readTexts = (cursor: JsonCursor): readonly string[] => {
  const texts: string[] = [];
  if (!cursor.enter(0x5b, 0x5d)) return texts;
  do texts.push(cursor.string());
  while (cursor.another(0x5d));
  return texts;
};

const readSummary = (cursor: JsonCursor): SnapshotSummary => {
  const begin = cursor.at;
  const counts = new Map<SummaryCount, number>();
  const times = new Map<string, ZonedTime>();
  const read = (key: string): boolean => {
    if (isSummaryField(key)) counts.set(summaryFields[key], cursor.integer(Number.MAX_SAFE_INTEGER));
    else if (key === 'backup_start' || key === 'backup_end') times.set(key, readTime(cursor));
    else return false;
    return true;
  };
  eachMember(cursor, read, () => {});
  const timeOf = (key: string): ZonedTime => times.get(key) ?? cursor.fail(`the summary has no ${key}`, begin);
  const count = (key: SummaryCount): number => counts.get(key) ?? 0;
  return {
    backupStart: timeOf('backup_start'),
    backupEnd: timeOf('backup_end'),
    filesNew: count('filesNew'),
    filesChanged: count('filesChanged'),
    filesUnmodified: count('filesUnmodified'),
    directoriesNew: count('directoriesNew'),
    directoriesChanged: count('directoriesChanged'),
    directoriesUnmodified: count('directoriesUnmodified'),
    dataBlobs: count('dataBlobs'),
    treeBlobs: count('treeBlobs'),
    dataAdded: count('dataAdded'),
    dataAddedPacked: count('dataAddedPacked'),
    totalFilesProcessed: count('totalFilesProcessed'),
    totalBytesProcessed: count('totalBytesProcessed'),
  };
};

interface Draft {
  time?: ZonedTime;
  tree?: string;
  parent?: string;
  original?: string;
  programVersion?: string;
  summary?: SnapshotSummary;
  hostname: string;
  username: string;
  uid: number;
  gid: number;
  paths: readonly string[];
  excludes: readonly string[];
  tags: readonly string[];
}

const readField = (cursor: JsonCursor, draft: Draft, key: string): boolean => {
  if (key === 'time') draft.time = readTime(cursor);
  else if (key === 'tree' || key === 'parent' || key === 'original') draft[key] = readId(cursor);
  else if (key === 'hostname' || key === 'username') draft[key] = cursor.string();
  else if (key === 'uid' || key === 'gid') draft[key] = cursor.integer(0xffff_ffff);
  else if (key === 'paths' || key === 'excludes' || key === 'tags') draft[key] = readTexts(cursor);
  else if (key === 'program_version') draft.programVersion = cursor.string();
  else if (key === 'summary') draft.summary = readSummary(cursor);
  else return false;
  return true;
};

const readSnapshot = (id: string, json: Uint8Array): SnapshotFile => {
  const cursor = new JsonCursor(json);
  const draft: Draft = { hostname: '', username: '', uid: 0, gid: 0, paths: [], excludes: [], tags: [] };
  const unknown: string[] = [];
  eachMember(
    cursor,
    (key) => readField(cursor, draft, key),
    (raw) => unknown.push(raw),
  );
  cursor.end();
  const { time, tree, paths, parent, original, programVersion, summary, ...rest } = draft;
  return {
    ...rest,
    id,
    originalId: original ?? id,
    time: time ?? cursor.fail('it has no time'),
    tree: tree ?? cursor.fail('it has no tree'),
    paths: paths.map(byteStringOfText),
    unknownFields: unknown.join(','),
    ...(parent === undefined ? {} : { parent }),
    ...(programVersion === undefined ? {} : { programVersion }),
    ...(summary === undefined ? {} : { summary }),
  };
};

/** Reads a snapshot's JSON; `id` is that of its file. Fault `snapshot-damaged` with what is wrong and where. */
export const parseSnapshot = (id: string, json: Uint8Array): SnapshotFile => {
  try {
    return readSnapshot(id, json);
  } catch (thrown) {
    if (!(thrown instanceof JsonProblem)) throw thrown;
    throw new Fault('snapshot-damaged', `the snapshot ${id.slice(0, 8)} is damaged: ${thrown.message}`, {
      hint: 'The other snapshots are not touched by it; see what `mailkeep check` says of the repository.',
      context: { snapshot: id, offset: thrown.offset },
      cause: thrown,
    });
  }
};
