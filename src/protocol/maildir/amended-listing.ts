import { type PackedFiles, packedName } from '../../contract/packed-files.ts';
import { throwIfInterrupted } from '../../contract/run.ts';
import type { Child } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { type FileLooks, ownerLength, ownerPlace, stampLength } from '../../system/stamp-files.ts';
import { type CaptureContext, childFile, nextTurn, pageSize } from '../files/capture-context.ts';
import type { MetadataReader } from '../files/local-metadata.ts';
import { knowsAttributes, listNames, type MessageListing, windowsOf } from './message-pages.ts';
import { isMostlyKnown, type NameDifference } from './name-difference.ts';
import { createPackedWindow } from './packed-window.ts';

/** The messages of a part that stay as the base has them, and pages of those that do not. */
export interface AmendedMessages {
  readonly removed: Uint8Array;
  /** Names that are to be listed one by one. */
  readonly names: readonly ByteString[];
}

/**
 * Looks at all messages that the base has packed. Undefined where not all that is to be told of a message could be told that way,
 * or most have changed: they are looked at one by one then.
 */
export const lookAtPacked = async (
  context: CaptureContext,
  { part, parts }: Pick<MessageListing, 'part' | 'parts'>,
  { packed, removed: unlisted, added }: NameDifference,
): Promise<AmendedMessages | undefined> => {
  const { reader } = context;
  if (!parts.every(({ scan }) => scan.settled)) return undefined;
  if (!(await knowsAttributes(context, part.path))) return undefined;
  const removed = unlisted.slice();
  const names = [...added];
  const isSame = createComparison(packed, reader);
  const isWanted = createChoice(context, part, packed);
  const looks = { stamps: new BigInt64Array(pageSize * stampLength), owners: new Uint32Array(pageSize * ownerLength) };
  for (let first = 0; first < packed.count; first += pageSize) {
    throwIfInterrupted(context.run);
    const range = { first, end: Math.min(first + pageSize, packed.count) };
    const terminated = { bytes: packed.names, starts: packed.nameStarts };
    if (reader.quick?.lookAtFiles(part.file, terminated, range, looks) !== true) return undefined;
    for (let number = first; number < range.end; number++) {
      if (removed[number] !== 0) continue;
      if (isSame(number, number - first, looks) && isWanted(number) && packed.isHeld(number)) continue;
      removed[number] = 1;
      names.push(byteStringOfLatin1(packedName(packed, number)));
    }
    if (first > 0) await nextTurn();
  }
  return isMostlyKnown({ packed, removed, added: names }) ? { removed, names: names.sort() } : undefined;
};

type Comparison = (number: number, place: number, looks: FileLooks) => boolean;

/**
 * Whether a packed file is what it was (restic's rule, model/unchanged.ts) and everything else that we would write of it now is
 * what the base has.
 */
const createComparison = (packed: PackedFiles, reader: MetadataReader): Comparison => {
  const known = wordsOf(packed.stamps);
  const kinds = packed.kinds.map((kind) => (reader.namesOwner(kind) ? ownersOf(kind) : undefined));
  return (number, place, { stamps, owners }) => {
    const seen = wordsOf(stamps);
    const kind = kinds[packed.kindOf[number] ?? 0];
    if (kind === undefined) return false;
    for (let word = 0; word < stampLength * 2; word++) {
      if (seen[place * stampLength * 2 + word] !== known[number * stampLength * 2 + word]) return false;
    }
    for (let at = 0; at < ownerLength; at++) if (owners[place * ownerLength + at] !== kind[at]) return false;
    return true;
  };
};

/** Whether the filter lets a packed file through that is what it was. */
const createChoice = (
  { filter }: CaptureContext,
  { file }: MessageListing['part'],
  packed: PackedFiles,
): ((number: number) => boolean) => {
  if (filter === undefined || filter.onlyDirectories === true) return () => true;
  const { kinds, kindOf, stamps } = packed;
  return (number) => {
    const kind = kinds[kindOf[number] ?? 0];
    if (kind === undefined) return false;
    const [inode = 0n, size = 0n, mtime = 0n, ctime = 0n] = stamps.subarray(
      number * stampLength,
      (number + 1) * stampLength,
    );
    const metadata = { ...kind, inode, size: Number(size), mtime, atime: mtime, ctime };
    return filter(childFile(file, byteStringOfLatin1(packedName(packed, number))), metadata);
  };
};

const wordsOf = ({ buffer, byteOffset, length }: BigInt64Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length * 2);

const regularFile = 0o100000;

const ownersOf = ({ mode, uid, gid, links, deviceId }: Entry): Uint32Array => {
  const owners = new Uint32Array(ownerLength);
  owners[ownerPlace.mode] = regularFile | mode;
  owners[ownerPlace.uid] = uid;
  owners[ownerPlace.gid] = gid;
  owners[ownerPlace.links] = links;
  // As glibc's makedev(3) puts them together.
  owners[ownerPlace.deviceMajor] = Number(((deviceId >> 8n) & 0xfffn) | ((deviceId >> 32n) & 0xffff_f000n));
  owners[ownerPlace.deviceMinor] = Number((deviceId & 0xffn) | ((deviceId >> 12n) & 0xffff_ff00n));
  return owners;
};

/** The messages that come in, in pages, against what the base has. */
export async function* listAmendments(
  context: CaptureContext,
  listing: MessageListing,
  { packed, names }: { readonly packed: PackedFiles; readonly names: readonly ByteString[] },
): AsyncGenerator<readonly Child[]> {
  const [own, ...others] = windowsOf(context, listing);
  await own?.close();
  const windows = [createPackedWindow(packed), ...others];
  try {
    yield* listNames(context, listing, { names, lost: new Map(), windows, attributesAreKnown: true });
  } finally {
    for (const window of windows) await window.close();
  }
}
