import { loadOwnLibrary, type OwnLibrary } from './own-library.ts';

/** Writes the whole result of `input` into `output` and says how long it is; undefined when that failed. */
export type Stretch = (input: Uint8Array, output: Uint8Array) => number | undefined;

/** The zstd in Node, with one context for all calls. */
export interface NativeZstd {
  /** One frame with content size and without checksum; `parameters` as in Node's `params`. Undefined if they do not suit. */
  createCompressor(parameters: Readonly<Record<number, number>>): Stretch | undefined;
  /** Takes whole frames. */
  createDecompressor(): Stretch | undefined;
}

const levelParameter = 100;
const sessionAndParameters = 3;

/** Lengths are small; what is near 2^64 is an error, and comes as a BigInt. */
type Size = number | bigint;

/**
 * Contexts lie in memory of ours, which goes when the thread goes; zstd's own would have to be freed. They are aligned: memory
 * of this size is on a page or a few words behind its start.
 */
const createContext = (bytes: Size, start: (memory: Uint8Array, size: number) => unknown): Uint8Array | undefined => {
  const memory = new Uint8Array(Number(bytes));
  return start(memory, memory.length) === null ? undefined : memory;
};

const bindCompressor = (library: OwnLibrary): NativeZstd['createCompressor'] => {
  const estimate: (level: number) => Size = library.func('size_t ZSTD_estimateCCtxSize(int level)');
  const start: (memory: Uint8Array, size: number) => unknown = library.func(
    'void *ZSTD_initStaticCCtx(uint8_t *memory, size_t size)',
  );
  const set: (context: Uint8Array, parameter: number, value: number) => Size = library.func(
    'size_t ZSTD_CCtx_setParameter(uint8_t *context, int parameter, int value)',
  );
  const reset: (context: Uint8Array, what: number) => Size = library.func(
    'size_t ZSTD_CCtx_reset(uint8_t *context, int what)',
  );
  const compress: (context: Uint8Array, into: Uint8Array, room: number, source: Uint8Array, size: number) => Size =
    library.func(
      'size_t ZSTD_compress2(uint8_t *context, uint8_t *into, size_t room, const uint8_t *source, size_t size)',
    );
  return (parameters) => {
    const context = createContext(estimate(parameters[levelParameter] ?? 3), start);
    // A context in memory of one's own begins with zeros, not with the defaults.
    if (context === undefined || typeof reset(context, sessionAndParameters) === 'bigint') return undefined;
    for (const [parameter, value] of Object.entries(parameters)) {
      if (typeof set(context, Number(parameter), value) === 'bigint') return undefined;
    }
    return (input, output) => {
      const length = compress(context, output, output.length, input, input.length);
      return typeof length === 'number' ? length : undefined;
    };
  };
};

const bindDecompressor = (library: OwnLibrary): NativeZstd['createDecompressor'] => {
  const estimate: () => Size = library.func('size_t ZSTD_estimateDCtxSize()');
  const start: (memory: Uint8Array, size: number) => unknown = library.func(
    'void *ZSTD_initStaticDCtx(uint8_t *memory, size_t size)',
  );
  const decompress: (context: Uint8Array, into: Uint8Array, room: number, frame: Uint8Array, size: number) => Size =
    library.func(
      'size_t ZSTD_decompressDCtx(uint8_t *context, uint8_t *into, size_t room, const uint8_t *frame, size_t size)',
    );
  return () => {
    const context = createContext(estimate(), start);
    if (context === undefined) return undefined;
    return (input, output) => {
      const length = decompress(context, output, output.length, input, input.length);
      return typeof length === 'number' ? length : undefined;
    };
  };
};

/** Undefined where Node's own functions cannot be called; `node:zlib` does the same then. */
export const loadNativeZstd = async (): Promise<NativeZstd | undefined> => {
  const library = await loadOwnLibrary();
  if (library === undefined) return undefined;
  try {
    return { createCompressor: bindCompressor(library), createDecompressor: bindDecompressor(library) };
  } catch {
    // This Node keeps them to itself: its own interface is there in any case.
    return undefined;
  }
};
