import { type BlobSealer, createBlobSealer } from './blob-sealer.ts';
import { createDecompressor, type Decompressor } from './compression.ts';
import type { MasterKey } from './envelope.ts';
import { loadSealingTools } from './sealing-tools.ts';

/** What makes plaintexts of the blobs of a repository. */
export interface OpeningTools {
  readonly sealer: Pick<BlobSealer, 'open'>;
  readonly decompressor: Decompressor;
}

export const loadOpeningTools = async (master: MasterKey): Promise<OpeningTools> => {
  const { poly1305, ciphers, zstd } = await loadSealingTools();
  return { sealer: createBlobSealer(master, poly1305, ciphers), decompressor: createDecompressor(zstd) };
};
