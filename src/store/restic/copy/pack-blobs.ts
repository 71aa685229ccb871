import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { PackedBlob } from '../format/pack-format.ts';
import { damagedBlob } from '../read/blob-reader.ts';
import { openBlobs } from '../read/blob-opener.ts';
import type { OpenedBlobs, OpenJob } from '../read/reader-messages.ts';
import type { ReaderPool } from '../read/reader-pool.ts';
import type { Session } from '../session.ts';

/** Where packs are read and opened. */
export interface PackSource {
  readonly session: Session;
  readonly readers: ReaderPool;
}

export interface OpenedBlob {
  readonly blob: PackedBlob;
  /** The plaintext, its hash checked: a view, valid until the next one is asked for. A string says what is wrong with the blob. */
  readonly plain: Uint8Array | string;
}

/** Unneeded bytes between two blobs up to which reading on is cheaper than a second read. */
const bridgedGap = 64 * 1024;
/** A stretch ends once it holds this many sealed bytes, or plain ones. */
const stretchSize = 2 * 1_048_576;

function* stretchesOf(blobs: readonly PackedBlob[]): Generator<readonly PackedBlob[]> {
  let stretch: PackedBlob[] = [];
  let bytes = 0;
  for (const blob of blobs) {
    const last = stretch.at(-1);
    const gap = last === undefined ? 0 : blob.offset - last.offset - last.length;
    if (last !== undefined && (gap < 0 || gap > bridgedGap || bytes >= stretchSize)) {
      yield stretch;
      stretch = [];
      bytes = 0;
    }
    stretch.push(blob);
    bytes += Math.max(blob.length, blob.uncompressedLength ?? 0);
  }
  if (stretch.length > 0) yield stretch;
}

/** A few small blobs are opened sooner than a thread has been told of them. */
const openedHere = 64 * 1024;

const openJob = (
  { session, readers }: PackSource,
  make: (job: number) => OpenJob,
  sealed: Uint8Array,
): Promise<OpenedBlobs> => {
  if (sealed.length <= openedHere) {
    return Promise.resolve(openBlobs(make(0), session));
  }
  const { buffer } = sealed;
  return readers.submit(make, buffer instanceof ArrayBuffer && buffer.byteLength === sealed.length ? [buffer] : []);
};

const openStretch = async (
  source: PackSource,
  pack: string,
  stretch: readonly PackedBlob[],
  run: Run,
): Promise<readonly OpenedBlob[]> => {
  const start = stretch[0]?.offset ?? 0;
  const end = stretch.reduce((furthest, { offset, length }) => Math.max(furthest, offset + length), start);
  const sealed = await source.session.backend.load({ kind: 'pack', name: pack }, { start, length: end - start }, run);
  const ids = new Uint8Array(stretch.length * 32);
  for (const [number, { id }] of stretch.entries()) ids.set(id, number * 32);
  const make = (job: number): OpenJob => ({
    job,
    sealed,
    ids,
    offsets: stretch.map(({ offset }) => offset - start),
    lengths: stretch.map(({ length }) => length),
    uncompressedLengths: stretch.map(({ uncompressedLength }) => uncompressedLength ?? 0),
  });
  const opened = await openJob(source, make, sealed);
  const damage = new Map(opened.damage.map(({ blob, what }) => [blob, what]));
  return stretch.map((blob, number) => {
    const at = opened.starts[number] ?? -1;
    const length = blob.uncompressedLength ?? blob.length - 32;
    return { blob, plain: damage.get(number) ?? opened.bytes.subarray(at, at + length) };
  });
};

/** The plaintexts of some blobs of a pack, in the order of their offsets; damage is told in place of the plaintext. */
export async function* openPackBlobs(
  source: PackSource,
  pack: string,
  blobs: readonly PackedBlob[],
  run: Run,
): AsyncGenerator<OpenedBlob, void> {
  const sorted = [...blobs].sort((left, right) => left.offset - right.offset);
  for (const stretch of stretchesOf(sorted)) {
    throwIfInterrupted(run);
    yield* await openStretch(source, pack, stretch, run);
  }
}

/** The plaintext, or the Fault `blob-damaged`. */
export const soundPlain = ({ blob, plain }: OpenedBlob, pack: string): Uint8Array => {
  if (typeof plain === 'string') throw damagedBlob(blob.type, blob.id, pack, plain);
  return plain;
};
