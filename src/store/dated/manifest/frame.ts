import { zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';

/*
 * The files of a manifest are text, compressed page by page: each page is a zstd frame of its own, so that it can be read and
 * copied alone; `zstd -dc` reads them all as one.
 */

const options = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } };

/** Lines a page at most, so that memory stays bounded. */
export const linesPerFrame = 1000;

/** The bytes have a buffer of their own, which may go to another thread. */
export const packLines = (lines: readonly string[]): Uint8Array =>
  Uint8Array.from(zstdCompressSync(Buffer.from(`${lines.join('\n')}\n`, 'latin1'), options));

/** Throws zlib's error for what is no such frame. */
export const unpackLines = (frame: Uint8Array): string[] => {
  const lines = zstdDecompressSync(frame).toString('latin1').split('\n');
  lines.pop();
  return lines;
};
