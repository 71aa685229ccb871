import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../contract/run.ts';
import { isSegment } from './blob-segment.ts';
import { BlobTable } from './blob-table.ts';
import { type Envelope, envelopeOverhead } from '../sealing/envelope.ts';
import type { RepositoryIndex } from './repository-index.ts';
import { PackList } from './pack-list.ts';

/**
 * The decoded index on local disk, sealed with the repository's key, so that opening a repository of a million blobs
 * costs reading one file instead of decoding all of its index files. It is only ever a copy: a missing, old or damaged
 * cache means that the index files are read.
 */
export interface IndexCache {
  /** The cached index if every index file that it was made from is still there (`present`). */
  load(present: ReadonlySet<string>): Promise<RepositoryIndex | undefined>;
  save(index: RepositoryIndex, run: Run): Promise<void>;
}

/** The file: 8 bytes of magic, then envelopes, each behind its length as LE32: a JSON header, then each segment. */
const magic = 'MKINDEX1';
const fileName = 'decoded-index';

interface Header {
  readonly indexIds: readonly string[];
  readonly packIds: readonly string[];
  readonly segments: number;
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const parseHeader = (json: Uint8Array): Header | undefined => {
  const value: unknown = JSON.parse(Buffer.from(json).toString());
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('indexIds' in value && 'packIds' in value && 'segments' in value)) return undefined;
  const { indexIds, packIds, segments } = value;
  if (!isStrings(indexIds) || !isStrings(packIds) || typeof segments !== 'number') return undefined;
  return { indexIds, packIds, segments };
};

function* records(file: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = magic.length; at + 4 <= file.length;) {
    const length = view.getUint32(at, true);
    yield file.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

const decode = (file: Uint8Array, envelope: Envelope, present: ReadonlySet<string>): RepositoryIndex | undefined => {
  if (Buffer.from(file.subarray(0, magic.length)).toString('latin1') !== magic) return undefined;
  const [sealedHeader, ...sealedSegments] = records(file);
  const json = sealedHeader === undefined ? undefined : envelope.open(sealedHeader);
  const header = json === undefined ? undefined : parseHeader(json);
  if (header === undefined || header.segments !== sealedSegments.length) return undefined;
  if (!header.indexIds.every((id) => present.has(id))) return undefined;
  const segments: SharedArrayBuffer[] = [];
  for (const sealed of sealedSegments) {
    const segment = new SharedArrayBuffer(Math.max(0, sealed.length - envelopeOverhead));
    if (!envelope.openInto(sealed, new Uint8Array(segment))) return undefined;
    if (!isSegment(segment)) return undefined;
    segments.push(segment);
  }
  const packs = new PackList();
  for (const id of header.packIds) packs.numberOf(id);
  return { table: new BlobTable(segments), packs, indexIds: new Set(header.indexIds) };
};

function* encoded(index: RepositoryIndex, envelope: Envelope): Generator<Uint8Array> {
  const segments = index.table.segments();
  const header: Header = { indexIds: [...index.indexIds], packIds: index.packs.ids(), segments: segments.length };
  yield Buffer.from(magic, 'latin1');
  const plains = [Buffer.from(JSON.stringify(header)), ...segments.map((segment) => new Uint8Array(segment))];
  for (const plain of plains) {
    const sealed = envelope.seal(plain);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(sealed.length);
    yield length;
    yield sealed;
  }
}

const write = async (directory: string, parts: Iterable<Uint8Array>): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `${fileName}-tmp-${process.pid}`);
  const file = await open(temporary, 'w', 0o600);
  try {
    for (const part of parts) await file.writeFile(part);
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, fileName));
};

/** `directory`: the cache folder of this repository. */
export const createIndexCache = (directory: string, envelope: Envelope): IndexCache => ({
  async load(present) {
    try {
      return decode(await readFile(join(directory, fileName)), envelope, present);
    } catch {
      // Whatever is wrong with a cache, the answer is the same: read the index files.
      return undefined;
    }
  },
  async save(index, run) {
    try {
      await write(directory, encoded(index, envelope));
    } catch (error) {
      await rm(join(directory, `${fileName}-tmp-${process.pid}`), { force: true });
      const reason = error instanceof Error ? error.message : String(error);
      run.emit({ kind: 'notice', message: `the index could not be cached in ${directory}: ${reason}` });
    }
  },
});
