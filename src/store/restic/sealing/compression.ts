import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { NativeZstd, Stretch } from '../../../system/native-zstd.ts';
import { byteView } from './byte-view.ts';
import { createRoom } from './kept-room.ts';
import { frameLayout } from './zstd-frame.ts';

export interface Compressor {
  /**
   * One zstd frame with content size and without checksum: a view of the beginning of `into`, where that is given, has
   * `compressedBound` bytes and could be used; else one that is valid until the next call of this compressor.
   */
  compress(plain: Uint8Array, into?: Uint8Array): Uint8Array;
}

export interface Decompressor {
  /**
   * The `size` plaintext bytes of one whole frame: a view of the beginning of `into`, where that is given, has `size` + 1
   * bytes and could be used; else one that is valid until the next call of this decompressor. Undefined when the frame is
   * damaged, is followed by something, or holds another number of bytes; never more than `size` + 1 bytes are written.
   */
  decompress(frame: Uint8Array, size: number, into?: Uint8Array): Uint8Array | undefined;
}

/**
 * `auto` is zstd level 1 with a small table: on mail a quarter faster than level 3 and one percent larger. `max` is level 12:
 * level 19 saves one percent more and takes five times as long.
 */
export type CompressionLevel = 'auto' | 'max';

type OneShot = (input: Uint8Array) => Uint8Array;

/** The part of Node's private zlib handle that is used here, and only behind `isHandle` and a comparison with the public call. */
interface Handle {
  onerror: unknown;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
}

const isHandle = (value: unknown): value is Handle =>
  typeof value === 'object' &&
  value !== null &&
  'onerror' in value &&
  'writeSync' in value &&
  typeof value.writeSync === 'function';

const parametersOf = (level: CompressionLevel): Record<number, number> =>
  level === 'auto'
    ? { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_hashLog]: 13 }
    : { [constants.ZSTD_c_compressionLevel]: 12 };

/** zstd's own bound for what a compressed frame can need, and some bytes. */
export const compressedBound = (size: number): number =>
  size + (size >>> 8) + Math.max(0, (128 * 1024 - size) >>> 11) + 64;

/**
 * Node makes a new zstd context for each one-shot call, which costs more than half of the time on a small message. The handle
 * inside a stream keeps its context, and after `ZSTD_e_end` the next write starts a new frame. It is private: undefined
 * when this Node has none of the expected shape.
 */
const reusedContext = (stream: object): Stretch | undefined => {
  const handle: unknown = Reflect.get(stream, '_handle');
  const state: unknown = Reflect.get(stream, '_writeState');
  if (!isHandle(handle) || !(state instanceof Uint32Array)) return undefined;
  let failed = false;
  handle.onerror = () => {
    failed = true;
  };
  return (input, output) => {
    failed = false;
    handle.writeSync(constants.ZSTD_e_end, input, 0, input.length, output, 0, output.length);
    const [outputLeft, inputLeft] = state;
    return failed || inputLeft !== 0 || outputLeft === undefined ? undefined : output.length - outputLeft;
  };
};

/** Two sizes, twice each and crosswise: a context that remembered something of the call before would show. */
const selfTestInputs = (): Uint8Array[] => {
  const long = Uint8Array.from({ length: 40_000 }, (_, index) => (index * index) >>> (index & 7));
  const short = new TextEncoder().encode('Subject: the same header, the same header, the same header');
  return [short, long, short, long];
};

const sameBytes = (left: Uint8Array, right: Uint8Array | undefined): boolean =>
  right !== undefined && Buffer.compare(left, right) === 0;

const workingContext = (
  open: () => Stretch | undefined,
  oneShot: OneShot,
  tests: readonly { readonly input: Uint8Array; readonly output: number }[],
): Stretch | undefined => {
  try {
    const stretch = open();
    if (stretch === undefined) return undefined;
    const right = tests.every(({ input, output }) => {
      const room = new Uint8Array(output);
      const length = stretch(input, room);
      return length !== undefined && sameBytes(oneShot(input), room.subarray(0, length));
    });
    return right ? stretch : undefined;
  } catch {
    // Another Node, another handle: the public call does the same, more slowly.
    return undefined;
  }
};

/** With `zstd` it is called directly; its frames are the same. */
export const createCompressor = (level: CompressionLevel, zstd?: NativeZstd): Compressor => {
  const params = parametersOf(level);
  const oneShot: OneShot = (input) => byteView(zstdCompressSync(input, { params }));
  const tests = selfTestInputs().map((input) => ({ input, output: compressedBound(input.length) }));
  const stretch =
    (zstd && workingContext(() => zstd.createCompressor(params), oneShot, tests)) ??
    workingContext(() => reusedContext(createZstdCompress({ params })), oneShot, tests);
  if (stretch === undefined) return { compress: oneShot };
  const room = createRoom();
  return {
    compress(plain, into) {
      const bound = compressedBound(plain.length);
      const output = into !== undefined && into.length >= bound ? into : room(bound);
      const length = stretch(plain, output);
      return length === undefined ? oneShot(plain) : output.subarray(0, length);
    },
  };
};

const decompressOnce = (frame: Uint8Array, limit: number): Uint8Array | undefined => {
  try {
    return byteView(zstdDecompressSync(frame, { maxOutputLength: Math.max(1, limit) }));
  } catch {
    return undefined;
  }
};

/** With `zstd` it is called directly. */
export const createDecompressor = (zstd?: NativeZstd): Decompressor => {
  const oneShot: OneShot = (input) => zstdDecompressSync(input);
  const tests = selfTestInputs().map((input) => ({ input: zstdCompressSync(input), output: input.length + 1 }));
  const open = (): Stretch | undefined =>
    (zstd && workingContext(() => zstd.createDecompressor(), oneShot, tests)) ??
    workingContext(() => reusedContext(createZstdDecompress()), oneShot, tests);
  const room = createRoom();
  let stretch = open();
  const decompressInto = (frame: Uint8Array, size: number, into: Uint8Array | undefined): Uint8Array | undefined => {
    if (stretch === undefined) return decompressOnce(frame, size);
    // One byte more than expected, so that a longer content shows.
    const output = (into !== undefined && into.length > size ? into : room(size + 1)).subarray(0, size + 1);
    const length = stretch(frame, output);
    // After a failure the context is in the middle of a frame: the next call gets a new one.
    if (length !== size) stretch = open();
    return length === undefined ? undefined : output.subarray(0, length);
  };
  return {
    decompress(frame, size, into) {
      const layout = frameLayout(frame);
      if (layout === undefined || size > layout.bound || (layout.contentSize ?? size) !== size) return undefined;
      const plain = decompressInto(frame, size, into);
      return plain?.length === size ? plain : undefined;
    },
  };
};

/**
 * The content of one whole frame of unknown size; undefined when it is damaged or holds more than `limit` bytes. By
 * `decompressor` where the frame tells its size: into memory of that size instead of piece by piece.
 */
export const decompressUnknown = (
  frame: Uint8Array,
  limit: number,
  decompressor?: Decompressor,
): Uint8Array | undefined => {
  const layout = frameLayout(frame);
  if (layout === undefined || (layout.contentSize ?? 0) > limit) return undefined;
  const { contentSize, bound } = layout;
  if (decompressor !== undefined && contentSize !== undefined) {
    return contentSize > bound
      ? undefined
      : decompressor.decompress(frame, contentSize, new Uint8Array(contentSize + 1));
  }
  const plain = decompressOnce(frame, limit);
  return plain !== undefined && plain.length === (contentSize ?? plain.length) && plain.length <= limit
    ? plain
    : undefined;
};
