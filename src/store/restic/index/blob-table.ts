import {
  BlobSegment,
  createSegment,
  loadScratch,
  scratchKey,
  treeBit,
  type BlobLocation,
  type BlobType,
} from './blob-segment.ts';

/** A place in the table, valid as long as the table lives. */
export type BlobSlot = number;

const slotsPerSegment = 2 ** 32;
const smallestSegment = 16_384;
const largestGrowth = 1_048_576;

const bitOf = (type: BlobType): number => (type === 'tree' ? treeBit : 0);

/** The blobs that a repository holds or is about to hold, shared between threads. */
export class BlobTable {
  readonly #segments: BlobSegment[];
  readonly #beyond = new Set<string>();

  constructor(segments: readonly SharedArrayBuffer[] = []) {
    this.#segments = segments.map((buffer) => new BlobSegment(buffer));
  }

  /** What another thread needs for a table of its own on the same memory. */
  segments(): readonly SharedArrayBuffer[] {
    return this.#segments.map((segment) => segment.buffer);
  }

  /** Takes over segments that another thread has added. */
  adopt(segments: readonly SharedArrayBuffer[]): void {
    for (const buffer of segments.slice(this.#segments.length)) this.#segments.push(new BlobSegment(buffer));
  }

  /** Makes room for `blobs` more claims, which never add a segment by themselves. Returns whether one was added. */
  reserve(blobs: number): boolean {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.capacity - last.count >= blobs) return false;
    this.#grow(blobs);
    return true;
  }

  /** How many blobs, claimed ones included. */
  size(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.count, 0);
  }

  /** `id`: 32 bytes from `at` on. */
  find(type: BlobType, id: Uint8Array, at = 0): BlobSlot | undefined {
    loadScratch(id, at);
    return this.#find(bitOf(type));
  }

  has(type: BlobType, id: Uint8Array, at = 0): boolean {
    return this.find(type, id, at) !== undefined;
  }

  /** True for exactly one caller of all threads: that one has to store the blob. */
  claim(type: BlobType, id: Uint8Array): boolean {
    loadScratch(id, 0);
    return this.#insert(bitOf(type), undefined);
  }

  /** Adds a stored blob. False, and nothing changed, when it is there already. */
  add(type: BlobType, id: Uint8Array, location: BlobLocation): boolean {
    loadScratch(id, 0);
    return this.#insert(bitOf(type), location);
  }

  /** Adds one more place of a blob, unless it is known. Two programs that write at once may both store a blob. */
  addPlace(type: BlobType, id: Uint8Array, location: BlobLocation): void {
    const known = this.places(type, id);
    if (known.some(({ pack, offset }) => pack === location.pack && offset === location.offset)) return;
    loadScratch(id, 0);
    if ((this.#segments.at(-1)?.insert(bitOf(type), location, true) ?? -2) !== -2) return;
    this.#grow(0);
    this.#segments.at(-1)?.insert(bitOf(type), location, true);
  }

  /** Every place where a blob is stored, the one that `find` gives first. */
  places(type: BlobType, id: Uint8Array): BlobLocation[] {
    loadScratch(id, 0);
    const tree = bitOf(type);
    return this.#segments
      .toReversed()
      .flatMap((segment) => segment.findAll(tree).map((index) => segment.locationAt(index)))
      .filter((location) => location !== undefined);
  }

  /** Forgets a blob. For trees, which no other thread looks up, or for a table that no other thread has yet. */
  forget(type: BlobType, id: Uint8Array): void {
    loadScratch(id, 0);
    for (const segment of this.#segments) segment.forget(bitOf(type));
  }

  /** Where the last known blob of each pack ends. */
  packEnds(): ReadonlyMap<number, number> {
    const ends = new Map<number, number>();
    for (const segment of this.#segments) segment.addPackEnds(ends);
    return ends;
  }

  /** Where a claimed blob was stored. */
  settle(type: BlobType, id: Uint8Array, location: BlobLocation): void {
    loadScratch(id, 0);
    const slot = this.#find(bitOf(type));
    if (slot === undefined) this.#insert(bitOf(type), location);
    else this.#segmentOf(slot)?.settleAt(slot % slotsPerSegment, location);
  }

  /** Undefined while the blob is only claimed. */
  location(slot: BlobSlot): BlobLocation | undefined {
    return this.#segmentOf(slot)?.locationAt(slot % slotsPerSegment);
  }

  /** Whether there may be blobs that were claimed and are not stored. */
  hasClaims(): boolean {
    return this.#beyond.size > 0 || this.#segments.some((segment) => segment.hasClaims());
  }

  /** Forgets all blobs of these packs. Where other threads claim meanwhile, a blob may at worst be stored twice. */
  dropPacks(packs: ReadonlySet<number>): void {
    for (const segment of this.#segments) segment.dropPacks(packs);
  }

  #segmentOf(slot: BlobSlot): BlobSegment | undefined {
    return this.#segments[Math.floor(slot / slotsPerSegment)];
  }

  #find(tree: number): BlobSlot | undefined {
    for (let number = this.#segments.length - 1; number >= 0; number--) {
      const index = this.#segments[number]?.find(tree) ?? -1;
      if (index >= 0) return number * slotsPerSegment + index;
    }
    return undefined;
  }

  #insert(tree: number, location: BlobLocation | undefined): boolean {
    for (let number = this.#segments.length - 2; number >= 0; number--) {
      if ((this.#segments[number]?.find(tree) ?? -1) >= 0) return false;
    }
    const result = this.#segments.at(-1)?.insert(tree, location) ?? -2;
    if (result !== -2) return result >= 0;
    if (location === undefined) return this.#claimBeyond(tree);
    this.#grow(0);
    return (this.#segments.at(-1)?.insert(tree, location) ?? -1) >= 0;
  }

  /**
   * A claim for which nobody reserved a place: files that grew by gigabytes since they were listed. The blob is
   * remembered by this thread alone, so that another one may store it once more, which harms nothing.
   */
  #claimBeyond(tree: number): boolean {
    const key = `${tree} ${scratchKey()}`;
    if (this.#beyond.has(key)) return false;
    this.#beyond.add(key);
    return true;
  }

  #grow(atLeast: number): void {
    const total = this.#segments.reduce((sum, segment) => sum + segment.capacity, 0);
    const capacity = Math.max(atLeast, smallestSegment, Math.min(total, largestGrowth));
    this.#segments.push(new BlobSegment(createSegment(capacity)));
  }
}
