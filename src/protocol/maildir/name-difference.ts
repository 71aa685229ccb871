import { type PackedFiles, packedName, packedStampLength, placeInPacked } from '../../contract/packed-files.ts';
import type { Base } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { lowWord } from '../../model/nanosecond-words.ts';
import { type EntryVisitor, entryType } from '../../system/directory-entries.ts';
import { errnoCode } from '../../system/errno.ts';
import { PosixError } from '../../system/posix-call.ts';
import type { CaptureContext } from '../files/capture-context.ts';
import { readOnce, type Scan } from './settled-scan.ts';

/** What a directory at rest lists, against what the base has packed of it. */
export interface NameDifference {
  readonly packed: PackedFiles;
  /** 1 for each packed file of which no file of this name and inode is listed. */
  readonly removed: Uint8Array;
  /** All other names, in byte order. */
  readonly added: readonly ByteString[];
}

/** Finds packed files by their inodes, which say nearly always which one it is; the name decides. */
class InodeTable {
  readonly removed: Uint8Array;
  private readonly packed: PackedFiles;
  private readonly words: Uint32Array;
  /** Numbers of files, plus one. */
  private readonly slots: Uint32Array;
  private readonly mask: number;

  constructor(packed: PackedFiles) {
    const { count, stamps } = packed;
    this.packed = packed;
    this.removed = new Uint8Array(count).fill(1);
    this.words = new Uint32Array(stamps.buffer, stamps.byteOffset, stamps.length * 2);
    this.mask = 2 ** Math.ceil(Math.log2(2 * count + 2)) - 1;
    this.slots = new Uint32Array(this.mask + 1);
    for (let number = 0; number < count; number++) {
      let slot = this.slotOf(this.words[number * packedStampLength * 2 + lowWord] ?? 0);
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = number + 1;
    }
  }

  /** Whether a packed file has this name and inode; from then on it does not count as removed. */
  find(inodeLow: number, inodeHigh: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { slots, words, mask } = this;
    for (let slot = this.slotOf(inodeLow); ; slot = (slot + 1) & mask) {
      const number = (slots[slot] ?? 0) - 1;
      if (number < 0) return false;
      const at = number * packedStampLength * 2;
      if (words[at + lowWord] !== inodeLow || words[at + 1 - lowWord] !== inodeHigh) continue;
      if (!this.isNamed(number, bytes, start, end)) continue;
      this.removed[number] = 0;
      return true;
    }
  }

  private slotOf(inodeLow: number): number {
    return (Math.imul(inodeLow, 0x9e37_79b1) >>> 7) & this.mask;
  }

  private isNamed(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { names, nameStarts } = this.packed;
    const from = nameStarts[number] ?? 0;
    if ((nameStarts[number + 1] ?? 0) - 1 - from !== end - start) return false;
    for (let at = 0; at < end - start; at++) if (names[from + at] !== bytes[start + at]) return false;
    return true;
  }
}

/** Undefined where there is something else than files, or the system does not tell. */
const readDifference = (
  directory: ByteString,
  packed: PackedFiles,
  { reader: { quick } }: CaptureContext,
): NameDifference | undefined => {
  const table = new InodeTable(packed);
  const added: ByteString[] = [];
  let isPlain = quick !== undefined;
  const visitor: EntryVisitor = {
    entry: (type, inodeLow, inodeHigh, bytes, start, end) => {
      if (type === entryType.directory || type === entryType.unknown) isPlain = false;
      if (type === entryType.file && table.find(inodeLow, inodeHigh, bytes, start, end)) return;
      added.push(byteStringOfLatin1(bytes.toString('latin1', start, end)));
    },
  };
  try {
    quick?.listEntries(directory, visitor);
  } catch (error) {
    if (error instanceof PosixError || errnoCode(error) !== undefined) return undefined;
    throw error;
  }
  // The default order is by UTF-16 unit, which for byte strings is byte order.
  return isPlain ? { packed, removed: table.removed, added: added.sort() } : undefined;
};

/**
 * Compares the names of a directory with those that the base has packed. Undefined where that cannot be done, or would not be
 * worth it: a directory that does not rest, that holds others, of which less than half is known, or that the base does not pack.
 */
export const compareNames = async (
  context: CaptureContext,
  { path, file }: { readonly path: Path; readonly file: ByteString },
): Promise<NameDifference | undefined> => {
  const { base, run, reader } = context;
  if (reader.quick === undefined || reader.keepsAccessTimes) return undefined;
  const packed = await packedOf(base, path, run);
  if (packed === undefined || packed.count === 0) return undefined;
  const once = readOnce(file, { reader, run }, () => readDifference(file, packed, context));
  if (once?.settled !== true || once.read === undefined) return undefined;
  return isMostlyKnown(once.read) ? once.read : undefined;
};

const packedOf = async (
  base: Base | undefined,
  path: Path,
  run: CaptureContext['run'],
): Promise<PackedFiles | undefined> => base?.packed?.(path, run);

/** Whether more stays than comes and goes. */
export const isMostlyKnown = ({ packed, removed, added }: NameDifference): boolean => {
  const gone = removed.reduce((sum, one) => sum + one, 0);
  const stay = packed.count - gone;
  return stay > gone && stay > added.length;
};

/** Which of these identities messages of the directory have. */
export const identitiesAmong = (
  { packed, removed, added }: NameDifference,
  wanted: ReadonlySet<ByteString>,
): ReadonlySet<ByteString> => {
  const met = new Set(added.map((name) => identityOf(name)).filter((identity) => wanted.has(identity)));
  for (const identity of wanted) {
    // An identity is a beginning of the names that have it.
    for (let number = placeInPacked(packed, identity); number < packed.count; number++) {
      const name = byteStringOfLatin1(packedName(packed, number));
      if (!name.startsWith(identity)) break;
      if (removed[number] === 0 && identityOf(name) === identity) met.add(identity);
    }
  }
  return met;
};

/** The same as a scan. Its names are made when somebody asks for them. */
export const scanOf = ({ packed, removed, added }: NameDifference): Scan => {
  let names: readonly ByteString[] | undefined;
  const all = (): readonly ByteString[] => {
    const staying: ByteString[] = [];
    for (let number = 0; number < packed.count; number++) {
      if (removed[number] === 0) staying.push(byteStringOfLatin1(packedName(packed, number)));
    }
    return [...staying, ...added].sort();
  };
  return {
    get names() {
      return (names ??= all());
    },
    directories: new Set(),
    settled: true,
  };
};
