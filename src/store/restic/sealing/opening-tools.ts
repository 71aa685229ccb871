import { loadNativeCiphers } from '../../../system/native-ciphers.ts';
import { loadNativeZstd } from '../../../system/native-zstd.ts';
import { type BlobSealer, createBlobSealer } from './blob-sealer.ts';
import { createDecompressor, type Decompressor } from './compression.ts';
import type { MasterKey } from './envelope.ts';
import { loadPoly1305 } from './poly1305.ts';

/** What makes plaintexts of the blobs of a repository. */
export interface OpeningTools {
  readonly sealer: Pick<BlobSealer, 'open'>;
  readonly decompressor: Decompressor;
}

/** By the OpenSSL and zstd in Node where these can be called directly: a tenth of the work on a small message is left. */
export const loadOpeningTools = async (master: MasterKey): Promise<OpeningTools> => {
  const [poly1305, ciphers, zstd] = await Promise.all([loadPoly1305(), loadNativeCiphers(), loadNativeZstd()]);
  return { sealer: createBlobSealer(master, poly1305, ciphers), decompressor: createDecompressor(zstd) };
};
