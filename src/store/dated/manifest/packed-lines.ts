import { type PackedFiles, packedStampLength } from '../../../contract/packed-files.ts';
import type { BaseEntry } from '../../../contract/source.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { lowWord, mostSeconds, writeNanoseconds } from '../../../model/nanosecond-words.ts';
import { parseEntryLine } from './entry-line.ts';
import type { Frame } from './folder-line.ts';

/** One page of a manifest, as far as its lines are packed. */
export interface PackedPage {
  readonly frame: Frame;
  /** How many lines it has. */
  readonly lines: number;
  /** Where among the packed files its own begin. */
  readonly first: number;
  /** Places of lines that are not packed. */
  readonly others: readonly number[];
}

/** The files of a folder of the base, with the pages of the manifest that they stand in. */
export interface PackedLines extends PackedFiles {
  readonly pages: readonly PackedPage[];
}

export const isPackedLines = (packed: PackedFiles): packed is PackedLines => 'pages' in packed;

export interface PackedLinesParts {
  readonly frames: readonly Frame[];
  readonly unpack: (frame: Frame) => readonly string[];
  readonly entryOf: (line: string) => BaseEntry;
  readonly isHeld: (name: ByteString) => boolean;
}

/** A list of kinds is for what nearly all files have in common. */
const mostKinds = 255;

/** What is in memory of a folder is bounded; a larger one is listed page by page. */
const mostLines = 200_000;

interface Sums {
  /** Names, each followed by a zero byte. */
  readonly names: string[];
  readonly lengths: number[];
  readonly stamps: Uint32Array;
  readonly kindOf: Uint8Array;
  readonly kinds: Entry[];
  readonly kindsByText: Map<string, number>;
  readonly others: BaseEntry[];
  count: number;
}

/** Packs the lines of a folder's pages, which must be in the order of names. Undefined where there are too many. */
export const packFrames = (parts: PackedLinesParts): PackedLines | undefined => {
  const all = parts.frames.map((frame) => ({ frame, lines: parts.unpack(frame) }));
  const most = all.reduce((sum, { lines }) => sum + lines.length, 0);
  if (most > mostLines) return undefined;
  const sums: Sums = {
    names: [],
    lengths: [],
    stamps: new Uint32Array(most * packedStampLength * 2),
    kindOf: new Uint8Array(most),
    kinds: [],
    kindsByText: new Map(),
    others: [],
    count: 0,
  };
  const pages = all.map(({ frame, lines }) => packPage(frame, lines, sums, parts));
  return { ...packed(sums), pages, entry: entriesOf(pages, parts), isHeld: heldOf(sums, parts) };
};

const packPage = (frame: Frame, lines: readonly string[], sums: Sums, parts: PackedLinesParts): PackedPage => {
  const first = sums.count;
  const others: number[] = [];
  for (const [at, line] of lines.entries()) {
    if (packLine(line, sums)) continue;
    others.push(at);
    sums.others.push(parts.entryOf(line));
  }
  return { frame, lines: lines.length, first, others };
};

const packed = ({
  names,
  lengths,
  stamps,
  kindOf,
  kinds,
  others,
  count,
}: Sums): Omit<PackedFiles, 'entry' | 'isHeld'> => {
  const nameStarts = new Uint32Array(count + 1);
  for (let number = 0; number < count; number++) {
    nameStarts[number + 1] = (nameStarts[number] ?? 0) + (lengths[number] ?? 0) + 1;
  }
  return {
    count,
    names: Buffer.from(count === 0 ? '' : `${names.join('\0')}\0`, 'latin1'),
    nameStarts,
    stamps: new BigInt64Array(stamps.buffer, 0, count * packedStampLength),
    kindOf: kindOf.subarray(0, count),
    kinds,
    others,
  };
};

const heldOf =
  ({ names }: Sums, { isHeld }: PackedLinesParts) =>
  (number: number): boolean =>
    isHeld(byteStringOfLatin1(names[number] ?? ''));

/** The page that was asked for last stays unpacked: who asks goes through them in order. */
const entriesOf = (pages: readonly PackedPage[], { unpack, entryOf }: PackedLinesParts) => {
  let last: { readonly page: PackedPage; readonly lines: readonly string[] } | undefined;
  return (number: number): BaseEntry => {
    const page = pages.findLast(({ first }) => first <= number);
    if (page === undefined) throw new RangeError(`there is no packed file ${number}`);
    if (last?.page !== page) last = { page, lines: unpack(page.frame) };
    return entryOf(last.lines[placeOfNumber(page, number)] ?? '');
  };
};

/** Which line of its page a packed file has. */
const placeOfNumber = ({ first, others }: PackedPage, number: number): number => {
  let place = number - first;
  for (const other of others) if (other <= place) place++;
  return place;
};

/** Ends of the first fifteen fields, which every line has. */
const ends = new Int32Array(15);

const splitLine = (line: string): boolean => {
  let start = 0;
  for (let field = 0; field < 14; field++) {
    const end = line.indexOf('\t', start);
    if (end < 0) return false;
    ends[field] = end;
    start = end + 1;
  }
  ends[14] = line.length;
  // Whatever comes behind the checksum is not packed.
  return line.indexOf('\t', start) < 0;
};

const startOf = (field: number): number => (field === 0 ? 0 : (ends[field - 1] ?? 0) + 1);
const endOf = (field: number): number => ends[field] ?? 0;

/** NaN for what is no plain decimal number, or too large to be exact. */
const numberIn = (line: string, start: number, end: number): number => {
  if (end <= start || end - start > 15) return Number.NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = line.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
};

const fieldNumber = (line: string, field: number): number => numberIn(line, startOf(field), endOf(field));

const wordSize = 4_294_967_296;

const writeNumber = (value: number, words: Uint32Array, at: number): void => {
  words[at + lowWord] = value % wordSize;
  words[at + 1 - lowWord] = Math.floor(value / wordSize);
};

/** Digits of a second's nanoseconds. */
const nanosecondDigits = 9;

/** False for a time that is not written as usual: then the line is not packed. */
const writeTime = (line: string, field: number, words: Uint32Array, at: number): boolean => {
  const middle = endOf(field) - nanosecondDigits;
  const seconds = numberIn(line, startOf(field), middle);
  const rest = numberIn(line, middle, endOf(field));
  if (!(seconds <= mostSeconds) || Number.isNaN(rest)) return false;
  writeNanoseconds(seconds, rest, words, at);
  return true;
};

/** Numbers of the fields of a line (entry-line.ts). */
const field = { mode: 2, gid: 4, size: 5, mtime: 6, atime: 7, ctime: 8, inode: 9, device: 10, group: 13 } as const;

/** Takes a plain file down; false where it has more than can be packed. */
const packLine = (line: string, sums: Sums): boolean => {
  if (!line.startsWith('f\t') || !splitLine(line)) return false;
  const name = line.slice(2, endOf(1));
  if (name.includes('\\') || startOf(field.atime) !== endOf(field.atime)) return false;
  const [size, inode] = [fieldNumber(line, field.size), fieldNumber(line, field.inode)];
  const { stamps, count } = sums;
  const at = count * packedStampLength * 2;
  if (Number.isNaN(size) || Number.isNaN(inode)) return false;
  if (!writeTime(line, field.mtime, stamps, at + 4) || !writeTime(line, field.ctime, stamps, at + 6)) return false;
  const kind = kindNumber(line, sums);
  if (kind === undefined) return false;
  writeNumber(inode, stamps, at);
  writeNumber(size, stamps, at + 2);
  sums.names.push(name);
  sums.lengths.push(name.length);
  sums.kindOf[count] = kind;
  sums.count++;
  return true;
};

const kindNumber = (line: string, { kinds, kindsByText }: Sums): number | undefined => {
  const text =
    line.slice(startOf(field.mode), endOf(field.gid)) + line.slice(startOf(field.device), endOf(field.group));
  const known = kindsByText.get(text);
  if (known !== undefined) return known;
  if (kinds.length >= mostKinds) return undefined;
  kindsByText.set(text, kinds.length);
  return kinds.push(parseEntryLine(line).entry) - 1;
};
