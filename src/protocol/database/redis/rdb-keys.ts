/** What a file of Redis holds. */
export interface RdbKeys {
  readonly keys: number;
  /** Those of them that have no time at which they expire. */
  readonly lasting: number;
}

/** What comes of a value that this version does not know: how long it is can then not be told, nor what follows. */
class Unknown extends Error {}

type Reading<Result = void> = Generator<void, Result, void>;

/** Bytes as they come: whoever reads one yields where the next chunk is needed. */
class Bytes {
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  *byte(): Reading<number> {
    while (this.#at === this.#chunk.length) yield;
    return this.#chunk[this.#at++] ?? 0;
  }

  *skip(count: number): Reading {
    for (let left = count; left > 0;) {
      const step = Math.min(left, this.#chunk.length - this.#at);
      this.#at += step;
      left -= step;
      if (left > 0) yield;
    }
  }

  /** Highest byte first, as lengths are. */
  *number(bytes: number): Reading<number> {
    let value = 0;
    for (let index = 0; index < bytes; index++) value = value * 256 + (yield* this.byte());
    return value;
  }
}

/** A length, or with `encoding` what kind of short form stands there instead. */
function* lengthOf(bytes: Bytes): Reading<{ readonly length: number; readonly encoding?: number }> {
  const first = yield* bytes.byte();
  switch (first >> 6) {
    case 0:
      return { length: first & 0x3f };
    case 1:
      return { length: (first & 0x3f) * 256 + (yield* bytes.byte()) };
    case 2:
      return { length: yield* bytes.number(first === 0x81 ? 8 : 4) };
    default:
      return { length: 0, encoding: first & 0x3f };
  }
}

function* plainLength(bytes: Bytes): Reading<number> {
  const { length, encoding } = yield* lengthOf(bytes);
  if (encoding !== undefined) throw new Unknown();
  return length;
}

function* skipLengths(bytes: Bytes, count: number): Reading {
  for (let index = 0; index < count; index++) yield* lengthOf(bytes);
}

const compressed = 3;

function* skipString(bytes: Bytes): Reading {
  const { length, encoding } = yield* lengthOf(bytes);
  if (encoding === undefined) return yield* bytes.skip(length);
  if (encoding < compressed) return yield* bytes.skip(2 ** encoding);
  if (encoding !== compressed) throw new Unknown();
  const stored = yield* plainLength(bytes);
  yield* plainLength(bytes);
  yield* bytes.skip(stored);
}

function* skipStrings(bytes: Bytes, count: number): Reading {
  for (let index = 0; index < count; index++) yield* skipString(bytes);
}

/** A number as text, for which 253 to 255 stand for what is none. */
function* skipTextNumber(bytes: Bytes): Reading {
  const length = yield* bytes.byte();
  if (length < 253) yield* bytes.skip(length);
}

/** Values of modules say of each part what it is, up to an end. */
function* skipModule(bytes: Bytes): Reading {
  for (;;) {
    const kind = yield* plainLength(bytes);
    if (kind === 0) return;
    if (kind === 1 || kind === 2) yield* lengthOf(bytes);
    else if (kind === 3) yield* bytes.skip(4);
    else if (kind === 4) yield* bytes.skip(8);
    else if (kind === 5) yield* skipString(bytes);
    else throw new Unknown();
  }
}

const streamId = 16;

/** `generation`: the second says more of the stream, the third when a consumer was active. */
function* skipStream(bytes: Bytes, generation: number): Reading {
  yield* skipStrings(bytes, 2 * (yield* plainLength(bytes)));
  yield* skipLengths(bytes, generation >= 2 ? 8 : 3);
  const groups = yield* plainLength(bytes);
  for (let group = 0; group < groups; group++) {
    yield* skipString(bytes);
    yield* skipLengths(bytes, generation >= 2 ? 3 : 2);
    const pending = yield* plainLength(bytes);
    for (let index = 0; index < pending; index++) {
      yield* bytes.skip(streamId + 8);
      yield* lengthOf(bytes);
    }
    const consumers = yield* plainLength(bytes);
    for (let consumer = 0; consumer < consumers; consumer++) {
      yield* skipString(bytes);
      yield* bytes.skip(generation >= 3 ? 16 : 8);
      yield* bytes.skip(streamId * (yield* plainLength(bytes)));
    }
  }
}

/** A value of one of the types of rdb.h (RDB_TYPE_…). */
function* skipValue(bytes: Bytes, type: number): Reading {
  switch (type) {
    case 0:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
    case 16:
    case 17:
    case 20:
      return yield* skipString(bytes);
    case 1:
    case 2:
    case 14:
      return yield* skipStrings(bytes, yield* plainLength(bytes));
    case 4:
      return yield* skipStrings(bytes, 2 * (yield* plainLength(bytes)));
    case 3:
    case 5: {
      const count = yield* plainLength(bytes);
      for (let index = 0; index < count; index++) {
        yield* skipString(bytes);
        if (type === 3) yield* skipTextNumber(bytes);
        else yield* bytes.skip(8);
      }
      return;
    }
    case 7:
      yield* lengthOf(bytes);
      return yield* skipModule(bytes);
    case 18: {
      const nodes = yield* plainLength(bytes);
      for (let index = 0; index < nodes; index++) {
        yield* lengthOf(bytes);
        yield* skipString(bytes);
      }
      return;
    }
    case 15:
      return yield* skipStream(bytes, 1);
    case 19:
      return yield* skipStream(bytes, 2);
    case 21:
      return yield* skipStream(bytes, 3);
    default:
      throw new Unknown();
  }
}

const opcode = { slot: 244, functions: 245, module: 247, idle: 248, frequency: 249, note: 250, size: 251 } as const;
const expiry = { milliseconds: 252, seconds: 253 } as const;
const [database, end] = [254, 255];

/** Whether it was something between keys, which is skipped. */
function* skipBetween(bytes: Bytes, kind: number): Reading<boolean> {
  if (kind === opcode.slot) yield* skipLengths(bytes, 3);
  else if (kind === opcode.functions) yield* skipString(bytes);
  else if (kind === opcode.module) {
    yield* skipLengths(bytes, 3);
    yield* skipModule(bytes);
  } else if (kind === opcode.idle || kind === database) yield* lengthOf(bytes);
  else if (kind === opcode.frequency) yield* bytes.byte();
  else if (kind === opcode.note) yield* skipStrings(bytes, 2);
  else if (kind === opcode.size) yield* skipLengths(bytes, 2);
  else return false;
  return true;
}

const signature = 'REDIS0011'.length;

function* count(bytes: Bytes): Reading<RdbKeys> {
  yield* bytes.skip(signature);
  let [keys, lasting, expires] = [0, 0, false];
  for (;;) {
    const kind = yield* bytes.byte();
    if (kind === end) return { keys, lasting };
    if (kind === expiry.milliseconds || kind === expiry.seconds) {
      expires = true;
      yield* bytes.skip(kind === expiry.seconds ? 4 : 8);
    } else if (!(yield* skipBetween(bytes, kind))) {
      yield* skipString(bytes);
      yield* skipValue(bytes, kind);
      keys++;
      if (!expires) lasting++;
      expires = false;
    }
  }
}

/** Counts the keys of a file of Redis while it passes. */
export class RdbCounter {
  readonly #bytes = new Bytes();
  readonly #counting = count(this.#bytes);
  #found: RdbKeys | undefined;
  #isLost = false;

  /** Undefined: it is not at its end, or holds values of a version that is not known here. */
  get found(): RdbKeys | undefined {
    return this.#found;
  }

  add(chunk: Uint8Array): void {
    if (this.#isLost || this.#found !== undefined) return;
    this.#bytes.feed(chunk);
    try {
      const { done, value } = this.#counting.next();
      if (done === true) this.#found = value;
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      this.#isLost = true;
    }
  }
}

/** Passes it on, counted. */
export async function* counted(bytes: AsyncIterable<Uint8Array>, counter: RdbCounter): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    counter.add(chunk);
    yield chunk;
  }
}
