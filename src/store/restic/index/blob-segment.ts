export type BlobType = 'data' | 'tree';

/** Where a blob lies: which pack (a number that `packs` resolves), where in it, and how long it is sealed and plain. */
export interface BlobLocation {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  /** 0: stored without compression. */
  readonly uncompressedLength: number;
}

/*
 * All blobs of a repository, for all threads, in about 60 bytes each.
 *
 * A segment is one SharedArrayBuffer: three words of header, a bucket word per entry (index + 1 of the newest entry of
 * its chain), then entries of 13 words: the id (8), the pack (its top bit is the type), offset, length, uncompressed
 * length, and the next entry of the chain. Entries are appended by an atomic counter and published by compare-and-swap
 * on the bucket, so a blob is claimed by exactly one thread before it is compressed. A full table grows by one more
 * segment, never by moving: readers need no lock. The segments are also what the index cache keeps on disk.
 */
const headerWords = 3;
const entryWords = 13;
const countWord = 0;
const capacityWord = 1;
const maskWord = 2;
const packField = 8;
const offsetField = 9;
const lengthField = 10;
const uncompressedField = 11;
const nextField = 12;

export const treeBit = 0x40000000;
const packMask = 0x3fffffff;
/** The pack of a blob that is claimed but whose pack is not yet stored. */
const pendingPack = packMask;

const bucketCountFor = (capacity: number): number => {
  let buckets = 1024;
  while (buckets < capacity) buckets *= 2;
  return buckets;
};

export const createSegment = (capacity: number): SharedArrayBuffer => {
  const buckets = bucketCountFor(capacity);
  const buffer = new SharedArrayBuffer(4 * (headerWords + buckets + capacity * entryWords));
  const words = new Int32Array(buffer);
  words[capacityWord] = capacity;
  words[maskWord] = buckets - 1;
  return buffer;
};

/** Whether a buffer read from a cache can be a segment: sizes consistent, chains not checked. */
export const isSegment = (buffer: SharedArrayBuffer): boolean => {
  if (buffer.byteLength < 4 * headerWords) return false;
  const words = new Int32Array(buffer);
  const capacity = words[capacityWord] ?? -1;
  const mask = words[maskWord] ?? -1;
  const count = words[countWord] ?? -1;
  return (
    capacity > 0 &&
    mask === bucketCountFor(capacity) - 1 &&
    count >= 0 &&
    count <= capacity &&
    buffer.byteLength === 4 * (headerWords + mask + 1 + capacity * entryWords)
  );
};

/** The eight words of the id that is looked for, in one buffer that is used over and over. */
const scratchBytes = new Uint8Array(32);
const scratchWords = new Int32Array(scratchBytes.buffer);

/** Which id the next `find` or `insert` of this thread is about: the 32 bytes of `id` from `at` on. */
export const loadScratch = (id: Uint8Array, at: number): void => {
  scratchBytes.set(at === 0 && id.length === 32 ? id : id.subarray(at, at + 32));
};

/** That id as a key. */
export const scratchKey = (): string => Buffer.from(scratchBytes).toString('hex');

/** One piece of the table; see above. Ids are handed over through `loadScratch`. */
export class BlobSegment {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly capacity: number;
  readonly #mask: number;
  readonly #entries: number;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.capacity = this.words[capacityWord] ?? 0;
    this.#mask = this.words[maskWord] ?? 0;
    this.#entries = headerWords + this.#mask + 1;
  }

  get count(): number {
    return Math.min(Atomics.load(this.words, countWord), this.capacity);
  }

  entryAt(index: number): number {
    return this.#entries + index * entryWords;
  }

  #bucket(): number {
    return headerWords + ((scratchWords[0] ?? 0) & this.#mask);
  }

  #matches(entry: number, tree: number): boolean {
    const words = this.words;
    for (let word = 0; word < 8; word++) if (words[entry + word] !== scratchWords[word]) return false;
    return ((words[entry + packField] ?? 0) & treeBit) === tree;
  }

  #search(from: number, until: number, tree: number): number {
    for (let index = from; index !== until; index = this.words[this.entryAt(index - 1) + nextField] ?? 0) {
      if (index === 0) return -1;
      if (this.#matches(this.entryAt(index - 1), tree)) return index - 1;
    }
    return -1;
  }

  /** Index of the scratch id's entry, or -1. */
  find(tree: number): number {
    return this.#search(Atomics.load(this.words, this.#bucket()), 0, tree);
  }

  /** Indexes of all entries of the scratch id: it may lie in several places. */
  findAll(tree: number): number[] {
    const found: number[] = [];
    let next = Atomics.load(this.words, this.#bucket());
    for (; next !== 0; next = this.words[this.entryAt(next - 1) + nextField] ?? 0) {
      if (this.#matches(this.entryAt(next - 1), tree)) found.push(next - 1);
    }
    return found;
  }

  /** Index of a new entry for the scratch id; -1 if it is there already, unless `again`; -2 if the segment is full. */
  insert(tree: number, location: BlobLocation | undefined, again = false): number {
    const words = this.words;
    const bucket = this.#bucket();
    let head = Atomics.load(words, bucket);
    if (!again && this.#search(head, 0, tree) !== -1) return -1;
    const index = Atomics.add(words, countWord, 1);
    if (index >= this.capacity) {
      Atomics.sub(words, countWord, 1);
      return -2;
    }
    const entry = this.entryAt(index);
    words.set(scratchWords, entry);
    words[entry + packField] = (location?.pack ?? pendingPack) | tree;
    words[entry + offsetField] = location?.offset ?? 0;
    words[entry + lengthField] = location?.length ?? 0;
    words[entry + uncompressedField] = location?.uncompressedLength ?? 0;
    for (;;) {
      words[entry + nextField] = head;
      const seen = Atomics.compareExchange(words, bucket, head, index + 1);
      if (seen === head) return index;
      // Another thread put something into this chain; only what is new there needs a look. An entry that lost the race
      // for its id stays outside every chain: unreachable, a few bytes lost.
      if (this.#search(seen, head, tree) !== -1) return -1;
      head = seen;
    }
  }

  /** Undefined while the blob is only claimed. */
  locationAt(index: number): BlobLocation | undefined {
    const entry = this.entryAt(index);
    const words = this.words;
    const pack = Atomics.load(words, entry + packField) & packMask;
    if (pack === pendingPack) return undefined;
    return {
      pack,
      offset: (words[entry + offsetField] ?? 0) >>> 0,
      length: (words[entry + lengthField] ?? 0) >>> 0,
      uncompressedLength: (words[entry + uncompressedField] ?? 0) >>> 0,
    };
  }

  /** Whether an entry is only claimed: one of a blob that is on its way, or that another thread was quicker to claim. */
  hasClaims(): boolean {
    const { words, count } = this;
    for (let index = 0; index < count; index++) {
      const entry = this.entryAt(index);
      if (((words[entry + packField] ?? 0) & packMask) === pendingPack && !this.#isErased(entry)) return true;
    }
    return false;
  }

  settleAt(index: number, location: BlobLocation): void {
    const entry = this.entryAt(index);
    const words = this.words;
    words[entry + offsetField] = location.offset;
    words[entry + lengthField] = location.length;
    words[entry + uncompressedField] = location.uncompressedLength;
    const tree = (words[entry + packField] ?? 0) & treeBit;
    Atomics.store(words, entry + packField, location.pack | tree);
  }

  /** Makes the scratch id unfindable. */
  forget(tree: number): void {
    for (const index of this.findAll(tree)) this.#erase(this.entryAt(index));
  }

  #isErased(entry: number): boolean {
    return this.words.subarray(entry, entry + 8).every((word) => word === 0);
  }

  // An id that matches nothing: no plaintext has this hash, as far as anybody will ever know.
  #erase(entry: number): void {
    this.words.fill(0, entry, entry + 8);
  }

  /** Raises `ends` to where the last blob of each pack ends. */
  addPackEnds(ends: Map<number, number>): void {
    const words = this.words;
    const count = this.count;
    // Entries of one pack follow one another: a look into the map for each pack is enough.
    let current = -1;
    let reached = 0;
    for (let index = 0; index < count; index++) {
      const entry = this.entryAt(index);
      const pack = (words[entry + packField] ?? 0) & packMask;
      if (pack !== current) {
        if (current >= 0) ends.set(current, reached);
        current = pack;
        reached = ends.get(pack) ?? 0;
      }
      const end = ((words[entry + offsetField] ?? 0) >>> 0) + ((words[entry + lengthField] ?? 0) >>> 0);
      if (end > reached) reached = end;
    }
    if (current >= 0) ends.set(current, reached);
  }

  /** Makes the blobs of these packs unfindable. */
  dropPacks(packs: ReadonlySet<number>): void {
    for (let index = 0; index < this.count; index++) {
      const entry = this.entryAt(index);
      if (packs.has((this.words[entry + packField] ?? 0) & packMask)) this.#erase(entry);
    }
  }
}
