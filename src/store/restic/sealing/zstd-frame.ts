/** What the headers of a zstd frame (RFC 8878 section 3.1.1) tell without decompressing it. */
export interface FrameLayout {
  /** Plaintext bytes that the frame claims; undefined when its header does not say. */
  readonly contentSize: number | undefined;
  /** The most plaintext bytes that its blocks can yield. */
  readonly bound: number;
}

const magic = [0x28, 0xb5, 0x2f, 0xfd] as const;
const contentSizeLengths = [0, 2, 4, 8] as const;
const dictionaryLengths = [0, 1, 2, 4] as const;
const repeatedByteBlock = 1;
const compressedBlock = 2;
const reservedBlock = 3;
/** What a compressed block can hold at most, whatever it says. */
const blockLimit = 128 * 1024;

const littleEndian = (bytes: Uint8Array, at: number, length: number): number => {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
};

/** Where the last block ends and what all can hold; undefined when the blocks do not end within the bytes. */
const walkBlocks = (frame: Uint8Array, start: number): { readonly end: number; readonly bound: number } | undefined => {
  let at = start;
  let bound = 0;
  while (at + 3 <= frame.length) {
    const header = littleEndian(frame, at, 3);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === reservedBlock || size > blockLimit) return undefined;
    at += 3 + (type === repeatedByteBlock ? 1 : size);
    bound += type === compressedBlock ? blockLimit : size;
    if ((header & 1) === 1) return { end: at, bound };
  }
  return undefined;
};

/** The layout of bytes that are exactly one whole frame, nothing missing and nothing behind it; undefined for all else. */
export const frameLayout = (frame: Uint8Array): FrameLayout | undefined => {
  if (magic.some((byte, index) => frame[index] !== byte)) return undefined;
  const descriptor = frame[4];
  if (descriptor === undefined || (descriptor & 0x08) !== 0) return undefined;
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeLength = sizeFlag === 0 && singleSegment ? 1 : (contentSizeLengths[sizeFlag] ?? 0);
  const sizeAt = 5 + (singleSegment ? 0 : 1) + (dictionaryLengths[descriptor & 3] ?? 0);
  const blocks = walkBlocks(frame, sizeAt + sizeLength);
  const checksumLength = (descriptor & 0x04) === 0 ? 0 : 4;
  if (blocks === undefined || blocks.end + checksumLength !== frame.length) return undefined;
  const size = littleEndian(frame, sizeAt, sizeLength);
  return { contentSize: sizeLength === 0 ? undefined : sizeLength === 2 ? size + 256 : size, bound: blocks.bound };
};
