import { hash } from 'node:crypto';
import type { Backend, ByteRange } from '../../../contract/backend.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { BlobLocation, BlobType } from '../index/blob-segment.ts';
import type { Decompressor } from '../sealing/compression.ts';
import type { Envelope } from '../sealing/envelope.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';

export interface BlobReader {
  /**
   * A blob's plaintext, checked against its id (`id`: 32 bytes from `at` on).
   * Of a blob that lies in several places, one that is whole is found.
   * Faults: `blob-missing` (no index lists it), `blob-damaged`, `pack-damaged`, and what the backend says.
   */
  load(type: BlobType, id: Uint8Array, run: Run): Promise<Uint8Array>;
}

export const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

export const missingBlob = (type: BlobType, id: Uint8Array): Fault =>
  new Fault('blob-missing', `the ${type} blob ${hexOf(id).slice(0, 8)} is in no index`, {
    hint: 'Run `mailkeep check`; if an index file was lost, `mailkeep repair index` finds what the packs still hold.',
    context: { type, blob: hexOf(id) },
  });

export const damagedBlob = (type: BlobType, id: Uint8Array, pack: string, what: string): Fault =>
  new Fault(
    'blob-damaged',
    `the ${type} blob ${hexOf(id).slice(0, 8)} in pack ${pack.slice(0, 8)} is damaged: ${what}`,
    {
      hint: 'Bring the pack back from a copy of the repository if there is one. Otherwise the next backup stores again what is still at its source; then `mailkeep repair packs` takes the pack out. `mailkeep check --read-data` shows how much is damaged.',
      context: { type, blob: hexOf(id), pack },
    },
  );

/** Opens one sealed blob. Returns the plaintext in a buffer of its own, or says what is wrong with it. */
export const openBlob = (
  sealed: Uint8Array,
  expected: { readonly id: Uint8Array; readonly uncompressedLength: number },
  tools: { readonly envelope: Envelope; readonly decompressor: Decompressor },
): Uint8Array | string => {
  const content = tools.envelope.open(sealed);
  if (content === undefined) return 'its seal is broken';
  const plain =
    expected.uncompressedLength === 0 ? content : tools.decompressor.decompress(content, expected.uncompressedLength);
  if (plain === undefined) return 'it does not decompress';
  if (Buffer.compare(hash('sha256', plain, 'buffer'), expected.id) !== 0) return 'its content does not match its id';
  return plain.slice();
};

/** Storage that has no such pack, or less of it than the index says, is told as what it means here. */
const packFault = (fault: unknown, pack: string): unknown => {
  if (!isFault(fault, 'object-missing', 'backend-misbehaved')) return fault;
  const what = fault.code === 'object-missing' ? 'missing' : 'shorter than the index says';
  return new Fault('pack-damaged', `the pack ${pack.slice(0, 8)} is ${what}`, {
    hint: 'Run `mailkeep check` to see what is lost. The next backup stores again what is still at its source.',
    context: { pack },
    cause: fault,
  });
};

/** Reads a part of a pack. Fault `pack-damaged` when it is not there, and what the backend says. */
export const loadFromPack = async (
  backend: Backend,
  pack: string,
  range: ByteRange,
  run: Run,
  holdsTrees = false,
): Promise<Uint8Array> => {
  try {
    return await backend.load({ kind: 'pack', name: pack, holdsTrees }, range, run);
  } catch (error) {
    throw packFault(error, pack);
  }
};

/** What another place of the same blob may help with. */
const isDamage = (error: unknown): error is Fault => isFault(error, 'pack-damaged', 'blob-damaged');

export const createBlobReader = (
  backend: Backend,
  index: RepositoryIndex,
  tools: { readonly envelope: Envelope; readonly decompressor: Decompressor },
): BlobReader => {
  const loadAt = async (type: BlobType, id: Uint8Array, location: BlobLocation, run: Run): Promise<Uint8Array> => {
    const pack = index.packs.idOf(location.pack) ?? '';
    const range = { start: location.offset, length: location.length };
    const sealed = await loadFromPack(backend, pack, range, run, type === 'tree');
    const plain = openBlob(sealed, { id, uncompressedLength: location.uncompressedLength }, tools);
    if (typeof plain === 'string') throw damagedBlob(type, id, pack, plain);
    return plain;
  };
  return {
    async load(type, id, run) {
      let damage: Fault | undefined;
      for (const location of index.table.places(type, id)) {
        try {
          return await loadAt(type, id, location, run);
        } catch (error) {
          if (!isDamage(error)) throw error;
          damage ??= error;
        }
      }
      throw damage ?? missingBlob(type, id);
    },
  };
};
