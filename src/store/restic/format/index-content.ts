import type { BlobType } from './pack-format.ts';

/** A blob as an index tells of it; the object and its `id` are used again for the next one, so copy what you keep. */
export interface IndexedBlob {
  readonly type: BlobType;
  /** 32 bytes, a view. */
  readonly id: Uint8Array;
  readonly offset: number;
  /** Bytes as sealed. */
  readonly length: number;
  /** Bytes of the plaintext; 0: stored uncompressed. */
  readonly uncompressedLength: number;
}

/** The shortest JSON that a pack and a blob can take (their ids alone have 64 digits): they bound how many there are. */
const shortestPack = 70;
const shortestBlob = 100;

const idLength = 32;

/** A whole decoded index in a few arrays, so that nothing is told of an index that turns out to be damaged further on. */
export interface IndexContent {
  readonly packIds: Uint8Array;
  /** For each pack, the number of blobs before its first one. */
  readonly packStarts: Uint32Array;
  readonly blobIds: Uint8Array;
  /** 1 for trees. */
  readonly trees: Uint8Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly uncompressedLengths: Uint32Array;
  packs: number;
  blobs: number;
  supersedes: string[];
}

/** Room for whatever `jsonLength` bytes of JSON can say. */
export const createIndexContent = (jsonLength: number): IndexContent => {
  const packs = Math.ceil(jsonLength / shortestPack) + 1;
  const blobs = Math.ceil(jsonLength / shortestBlob) + 1;
  return {
    packIds: new Uint8Array(packs * idLength),
    packStarts: new Uint32Array(packs),
    blobIds: new Uint8Array(blobs * idLength),
    trees: new Uint8Array(blobs),
    offsets: new Uint32Array(blobs),
    lengths: new Uint32Array(blobs),
    uncompressedLengths: new Uint32Array(blobs),
    packs: 0,
    blobs: 0,
    supersedes: [],
  };
};

/** Tells packs and blobs in the order of the index. */
export const tellIndex = (
  content: IndexContent,
  onPack: (packId: Uint8Array) => void,
  onBlob: (blob: IndexedBlob) => void,
): void => {
  const blob = { type: 'data' as BlobType, id: content.blobIds, offset: 0, length: 0, uncompressedLength: 0 };
  let at = 0;
  for (let pack = 0; pack < content.packs; pack++) {
    onPack(content.packIds.subarray(pack * idLength, (pack + 1) * idLength));
    const end = pack + 1 < content.packs ? (content.packStarts[pack + 1] ?? 0) : content.blobs;
    for (; at < end; at++) {
      blob.type = content.trees[at] === 1 ? 'tree' : 'data';
      blob.id = content.blobIds.subarray(at * idLength, (at + 1) * idLength);
      blob.offset = content.offsets[at] ?? 0;
      blob.length = content.lengths[at] ?? 0;
      blob.uncompressedLength = content.uncompressedLengths[at] ?? 0;
      onBlob(blob);
    }
  }
};
