import { lowWord, mostSeconds, writeNanoseconds } from '../../../model/nanosecond-words.ts';
import { isPlain } from './json-bytes.ts';
import { JsonCursor } from './json-cursor.ts';
import { nodeAlone, plainKindOf, type PlainKind } from './plain-kind.ts';
import { localOffsetAt } from './time-format.ts';
import { TimeScanner } from './time-scanner.ts';
import type { TreeNode } from './tree-format.ts';
import { asTreeFault } from './tree-reader.ts';

/**
 * The plain nodes of a tree: files whose bytes in it are just those that we, and restic, would write of them on this machine.
 * What has not changed of them can be copied as it stands.
 */
export interface PlainNodes {
  readonly count: number;
  /** In byte order, each followed by a zero byte. */
  readonly names: Uint8Array;
  /** Where each name begins; one more than there are. */
  readonly nameStarts: Uint32Array;
  /** Inode, size, mtime and ctime of each. */
  readonly stamps: BigInt64Array;
  readonly sizes: Float64Array;
  readonly kindOf: Uint8Array;
  readonly kinds: readonly PlainKind[];
  /** Where the bytes of each begin and end in the tree. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Where its ids begin, without the quote. */
  readonly contents: Uint32Array;
  /** All other nodes, in their order. */
  readonly others: readonly TreeNode[];
}

const mostKinds = 32;
const shortestNode = 250;

const quote = 0x22;
const comma = 0x2c;
const slash = 0x2f;
const dot = 0x2e;
const zero = 0x30;
const letterZ = 0x5a;

const treeHead = Buffer.from('{"nodes":[');
const treeTail = Buffer.from(']}\n');
const nodeHead = Buffer.from('{"name":"');

const isLowerHex = new Uint8Array(256);
for (const character of '0123456789abcdef') isLowerHex[character.charCodeAt(0)] = 1;

/** Goes through the nodes of one tree. Fields are of the node that `plain` found last. */
class PlainScanner {
  count = 0;
  readonly names: Uint8Array;
  readonly nameStarts: Uint32Array;
  readonly stamps: BigInt64Array;
  readonly sizes: Float64Array;
  readonly kindOf: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly contents: Uint32Array;
  readonly kinds: PlainKind[] = [];

  private readonly words: Uint32Array;
  private readonly json: Uint8Array;
  private readonly time = new TimeScanner();
  /** What `digits` read. */
  private value = 0;
  private nameEnd = 0;

  constructor(json: Uint8Array) {
    this.json = json;
    const most = Math.ceil(json.length / shortestNode);
    this.names = new Uint8Array(json.length >> 1);
    this.nameStarts = new Uint32Array(most + 1);
    this.stamps = new BigInt64Array(most * 4);
    this.words = new Uint32Array(this.stamps.buffer);
    this.sizes = new Float64Array(most);
    this.kindOf = new Uint8Array(most);
    this.starts = new Uint32Array(most);
    this.ends = new Uint32Array(most);
    this.contents = new Uint32Array(most);
  }

  /** Where the plain node that begins at `start` ends; -1 when it is none of a known kind. */
  plain(start: number): number {
    if (this.count >= this.kindOf.length) return -1;
    const nameEnd = this.name(this.matched(nodeHead, start));
    if (nameEnd < 0) return -1;
    for (let kind = 0; kind < this.kinds.length; kind++) {
      const known = this.kinds[kind];
      const end = known === undefined ? -1 : this.rest(known, nameEnd);
      if (end < 0) continue;
      this.kindOf[this.count] = kind;
      this.starts[this.count] = start;
      this.ends[this.count] = end;
      this.count++;
      this.nameStarts[this.count] = this.nameEnd;
      return end;
    }
    return -1;
  }

  private matched(segment: Uint8Array, at: number): number {
    if (at < 0) return -1;
    const { json } = this;
    for (let index = 0; index < segment.length; index++) if (json[at + index] !== segment[index]) return -1;
    return at + segment.length;
  }

  /** Takes a name over; where its closing quote is. */
  private name(start: number): number {
    if (start < 0) return -1;
    const { json, names } = this;
    const to = this.nameStarts[this.count] ?? 0;
    let at = start;
    for (let byte = json[at] ?? 0; isPlain[byte] === 1 && byte !== slash; byte = json[++at] ?? 0) {
      names[to + at - start] = byte;
    }
    const length = at - start;
    const isDots = json[start] === dot && (length === 1 || (length === 2 && json[start + 1] === dot));
    if (json[at] !== quote || length === 0 || isDots || to + length >= names.length) return -1;
    names[to + length] = 0;
    this.nameEnd = to + length + 1;
    return at;
  }

  /** Everything behind the name. */
  private rest(kind: PlainKind, nameEnd: number): number {
    const mtimeStart = this.matched(kind.beforeMtime, nameEnd);
    const mtimeEnd = this.timeAt(mtimeStart, 4);
    const atimeStart = this.matched(kind.beforeAtime, mtimeEnd);
    const atimeEnd = this.repeated(mtimeStart, mtimeEnd, atimeStart);
    const ctimeEnd = this.timeAt(this.matched(kind.beforeCtime, atimeEnd), 6);
    const inodeEnd = this.digits(this.matched(kind.beforeInode, ctimeEnd));
    if (inodeEnd < 0) return -1;
    const { count, words, value } = this;
    words[count * 8 + lowWord] = value % 4_294_967_296;
    words[count * 8 + 1 - lowWord] = Math.floor(value / 4_294_967_296);
    const sizeEnd = this.digits(this.matched(kind.beforeSize, inodeEnd));
    if (sizeEnd < 0) return -1;
    words[count * 8 + 2 + lowWord] = this.value % 4_294_967_296;
    words[count * 8 + 3 - lowWord] = Math.floor(this.value / 4_294_967_296);
    this.sizes[count] = this.value;
    const content = this.matched(kind.beforeContent, sizeEnd);
    this.contents[count] = content;
    return this.content(content);
  }

  /** Takes a time over as words from `place` on; where its closing quote is. */
  private timeAt(start: number, place: number): number {
    if (start < 0) return -1;
    const { json, time } = this;
    let end = start;
    while (json[end] !== quote && end < json.length) end++;
    if (!time.scanParts(json, start, end) || Math.abs(time.seconds) > mostSeconds) return -1;
    if (time.offsetMinutes !== localOffsetAt(time.seconds)) return -1;
    // Go writes no offset of 0 otherwise, no zero at the end of a fraction, and no fraction of 0.
    const isUtc = json[end - 1] === letterZ;
    if (isUtc !== (time.offsetMinutes === 0)) return -1;
    const digits = end - start - (isUtc ? 1 : 6) - 'YYYY-MM-DDTHH:MM:SS'.length;
    if (digits > 10 || (digits > 0 && json[start + 18 + digits] === zero)) return -1;
    writeNanoseconds(time.seconds, time.rest, this.words, this.count * 8 + place);
    return end;
  }

  private repeated(start: number, end: number, at: number): number {
    if (at < 0) return -1;
    const { json } = this;
    const distance = at - start;
    for (let index = start; index < end; index++) if (json[index + distance] !== json[index]) return -1;
    return end + distance;
  }

  /** A number without zeros before it, which is not 0. */
  private digits(start: number): number {
    if (start < 0) return -1;
    const { json } = this;
    let value = 0;
    let at = start;
    for (let digit = (json[at] ?? 0) - zero; digit >= 0 && digit <= 9; digit = (json[++at] ?? 0) - zero) {
      value = value * 10 + digit;
    }
    if (at === start || at - start > 16 || json[start] === zero || value > Number.MAX_SAFE_INTEGER) return -1;
    this.value = value;
    return at;
  }

  /** The ids and the end of the node; `at` is behind the first one's quote. */
  private content(from: number): number {
    if (from < 0) return -1;
    const { json } = this;
    for (let at = from; ; at += 67) {
      for (let index = at; index < at + 64; index++) if (isLowerHex[json[index] ?? 0] !== 1) return -1;
      if (json[at + 64] !== quote) return -1;
      if (json[at + 65] === comma && json[at + 66] === quote) continue;
      return json[at + 65] === 0x5d && json[at + 66] === 0x7d ? at + 67 : -1;
    }
  }

  /** Whether the last plain node does not come after the one before it. */
  isOutOfOrder(): boolean {
    const { names, nameStarts, count } = this;
    if (count < 2) return false;
    let left = nameStarts[count - 2] ?? 0;
    let right = nameStarts[count - 1] ?? 0;
    while (names[left] === names[right] && names[left] !== 0) {
      left++;
      right++;
    }
    return (names[left] ?? 0) >= (names[right] ?? 0);
  }
}

const startsWith = (json: Uint8Array, head: Uint8Array): boolean => head.every((byte, at) => json[at] === byte);
const endsWith = (json: Uint8Array, tail: Uint8Array): boolean =>
  tail.every((byte, at) => json[json.length - tail.length + at] === byte);

/** The node that begins at `start` and is not plain, and where it ends. */
const otherNode = (json: Uint8Array, start: number): { readonly end: number; readonly node: TreeNode | undefined } => {
  const cursor = new JsonCursor(json);
  cursor.at = start;
  cursor.skip();
  return { end: cursor.at, node: nodeAlone(json.subarray(start, cursor.at)) };
};

/**
 * Finds the plain nodes of a tree. Undefined when the tree as a whole is not what we would write, or not in order. Fault
 * `tree-damaged`.
 */
export const packPlainNodes = (json: Uint8Array): PlainNodes | undefined => {
  if (json.length < treeHead.length + treeTail.length) return undefined;
  if (!startsWith(json, treeHead) || !endsWith(json, treeTail)) return undefined;
  const scanner = new PlainScanner(json);
  const others: TreeNode[] = [];
  const last = json.length - treeTail.length;
  try {
    for (let at = treeHead.length; at < last;) {
      let end = scanner.plain(at);
      if (end < 0) {
        const other = otherNode(json, at);
        if (other.node === undefined) return undefined;
        const kind =
          scanner.kinds.length < mostKinds ? plainKindOf(json.subarray(at, other.end), other.node) : undefined;
        if (kind !== undefined) scanner.kinds.push(kind);
        end = kind === undefined ? -1 : scanner.plain(at);
        if (end < 0) others.push(other.node);
        if (end < 0) end = other.end;
      }
      if (scanner.isOutOfOrder()) return undefined;
      if (end !== last && json[end] !== comma) return undefined;
      at = end === last ? last : end + 1;
      if (end !== last && at >= last) return undefined;
    }
  } catch (thrown) {
    throw asTreeFault(thrown);
  }
  const { count, names, nameStarts, stamps, sizes, kindOf, kinds, starts, ends, contents } = scanner;
  return { count, names, nameStarts, stamps, sizes, kindOf, kinds, starts, ends, contents, others };
};
