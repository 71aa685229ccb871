/** What the headers of a zstd frame (RFC 8878 section 3.1.1) tell without decompressing it. */
export interface FrameLayout {
  /** Plaintext bytes that the frame claims; undefined when its header does not say. */
  readonly contentSize: number | undefined;
}

const magic = [0x28, 0xb5, 0x2f, 0xfd] as const;
const contentSizeLengths = [0, 2, 4, 8] as const;
const dictionaryLengths = [0, 1, 2, 4] as const;
const rawOrCompressedBlock = (type: number): boolean => type === 0 || type === 2;

const littleEndian = (bytes: Uint8Array, at: number, length: number): number => {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
};

/** Where the frame's last block ends, or undefined when the blocks do not end within the bytes. */
const endOfBlocks = (frame: Uint8Array, start: number): number | undefined => {
  let at = start;
  while (at + 3 <= frame.length) {
    const header = littleEndian(frame, at, 3);
    const type = (header >> 1) & 3;
    if (type === 3) return undefined;
    at += 3 + (rawOrCompressedBlock(type) ? header >> 3 : 1);
    if ((header & 1) === 1) return at;
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
  const end = endOfBlocks(frame, sizeAt + sizeLength);
  const checksumLength = (descriptor & 0x04) === 0 ? 0 : 4;
  if (end === undefined || end + checksumLength !== frame.length) return undefined;
  const size = littleEndian(frame, sizeAt, sizeLength);
  return { contentSize: sizeLength === 0 ? undefined : sizeLength === 2 ? size + 256 : size };
};
