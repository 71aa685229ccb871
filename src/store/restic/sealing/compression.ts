import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { byteView } from './byte-view.ts';
import { frameLayout } from './zstd-frame.ts';

export interface Compressor {
  /** One zstd frame with content size and without checksum. A view, valid until the next call of this compressor. */
  compress(plain: Uint8Array): Uint8Array;
}

export interface Decompressor {
  /**
   * The `size` plaintext bytes of one whole frame: a view, valid until the next call of this decompressor. Undefined when
   * the frame is damaged, is followed by something, or holds another number of bytes; never more than `size` + 1 bytes are
   * written.
   */
  decompress(frame: Uint8Array, size: number): Uint8Array | undefined;
}

/**
 * `auto` is zstd level 2: on mail a fifth faster than level 3 and half a percent larger. `max` is level 12: level 19 saves
 * one percent more and takes five times as long.
 */
export type CompressionLevel = 'auto' | 'max';

type OneShot = (input: Uint8Array) => Uint8Array;
/** Writes the whole result of `input` into `output` and says how long it is; undefined when that failed. */
type Stretch = (input: Uint8Array, output: Uint8Array) => number | undefined;

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

const levelOf = (level: CompressionLevel): number => (level === 'auto' ? 2 : 12);

/** zstd's own bound for what a compressed frame can need. */
const compressedBound = (size: number): number => size + (size >>> 8) + Math.max(0, (128 * 1024 - size) >>> 11) + 64;

/** Results above this are not kept for the next call. */
const keptBuffer = 16 * 1024 * 1024;

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
  open: () => object,
  oneShot: OneShot,
  tests: readonly { readonly input: Uint8Array; readonly output: number }[],
): Stretch | undefined => {
  try {
    const stretch = reusedContext(open());
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

/** Buffers that are used again by the next call, up to a size; larger ones are made for one call. */
const createRoom = (): ((length: number) => Uint8Array) => {
  let kept = new Uint8Array(0);
  return (length) => {
    if (length <= kept.length) return kept;
    const fresh = new Uint8Array(length);
    if (length <= keptBuffer) kept = fresh;
    return fresh;
  };
};

export const createCompressor = (level: CompressionLevel): Compressor => {
  const options = { params: { [constants.ZSTD_c_compressionLevel]: levelOf(level) } };
  const oneShot: OneShot = (input) => byteView(zstdCompressSync(input, options));
  const tests = selfTestInputs().map((input) => ({ input, output: compressedBound(input.length) }));
  const stretch = workingContext(() => createZstdCompress(options), oneShot, tests);
  if (stretch === undefined) return { compress: oneShot };
  const room = createRoom();
  return {
    compress(plain) {
      const output = room(compressedBound(plain.length));
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

export const createDecompressor = (): Decompressor => {
  const oneShot: OneShot = (input) => zstdDecompressSync(input);
  const tests = selfTestInputs().map((input) => ({ input: zstdCompressSync(input), output: input.length + 1 }));
  const open = (): Stretch | undefined => workingContext(createZstdDecompress, oneShot, tests);
  const room = createRoom();
  let stretch = open();
  const decompressInto = (frame: Uint8Array, size: number): Uint8Array | undefined => {
    if (stretch === undefined) return decompressOnce(frame, size);
    // One byte more than expected, so that a longer content shows.
    const output = room(size + 1).subarray(0, size + 1);
    const length = stretch(frame, output);
    // After a failure the context is in the middle of a frame: the next call gets a new one.
    if (length !== size) stretch = open();
    return length === undefined ? undefined : output.subarray(0, length);
  };
  return {
    decompress(frame, size) {
      const layout = frameLayout(frame);
      if (layout === undefined || size > layout.bound || (layout.contentSize ?? size) !== size) return undefined;
      const plain = decompressInto(frame, size);
      return plain?.length === size ? plain : undefined;
    },
  };
};

/** The content of one whole frame of unknown size; undefined when it is damaged or holds more than `limit` bytes. */
export const decompressUnknown = (frame: Uint8Array, limit: number): Uint8Array | undefined => {
  const layout = frameLayout(frame);
  if (layout === undefined || (layout.contentSize ?? 0) > limit) return undefined;
  const plain = decompressOnce(frame, limit);
  return plain !== undefined && plain.length === (layout.contentSize ?? plain.length) && plain.length <= limit
    ? plain
    : undefined;
};
