import { loadNativeCiphers, type NativeCiphers } from '../../../system/native-ciphers.ts';
import { loadNativeZstd, type NativeZstd } from '../../../system/native-zstd.ts';
import { loadSodiumPoly1305, type Poly1305 } from './poly1305.ts';

/** What seals and opens in one thread. Undefined: Node's own interface does it. */
export interface SealingTools {
  readonly poly1305: Poly1305;
  readonly ciphers: NativeCiphers | undefined;
  readonly zstd: NativeZstd | undefined;
}

/** The OpenSSL and zstd in Node where these can be called directly: a tenth of the work on a small message is left. */
export const loadSealingTools = async (): Promise<SealingTools> => {
  const [ciphers, zstd] = await Promise.all([loadNativeCiphers(), loadNativeZstd()]);
  return { poly1305: ciphers?.poly1305 ?? (await loadSodiumPoly1305()), ciphers, zstd };
};
