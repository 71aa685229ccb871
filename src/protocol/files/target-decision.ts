import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Entry, EntryType, ExtendedAttribute, Metadata } from '../../model/entry.ts';
import type { Overwrite } from '../../contract/target.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import type { Posix } from '../../system/posix.ts';
import {
  type Abilities,
  type AttainableMetadata,
  attainableMetadata,
  isOwnAttribute,
  type Loss,
} from '../../system/file-metadata.ts';
import type { Action } from './plan-record.ts';

export interface DecisionOptions {
  readonly overwrite: Overwrite;
  readonly abilities: Abilities;
}

/** What lstat says, or undefined when nothing is there. Throws a Fault when it cannot be looked at. */
export const lookAt = (place: ByteString): BigIntStats | undefined => {
  try {
    return lstatSync(nativePath(place), { bigint: true });
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw errnoFault(error, 'look at', place);
  }
};

/**
 * What is to be done for an entry that is no directory, given what lies at its place; no place when its directory is
 * not there yet.
 */
export const decideEntry = (entry: Entry, place: ByteString | undefined, options: DecisionOptions): Action => {
  if (unsupported(entry.type, options.abilities) !== undefined) return 'unsupported';
  if (place === undefined) return 'create';
  const existing = lookAt(place);
  if (existing === undefined) return 'create';
  if (options.overwrite === 'never') return 'leave';
  if (existing.isDirectory()) return 'refuse';
  if (!sameContent(entry, existing, place, options)) return 'overwrite';
  const same = sameMetadata({ metadata: entry, existing, place, abilities: options.abilities });
  if (same) return 'leave';
  // A file with other names may be one outside the target; its inode is never changed in place, nor is a special file's.
  return entry.type === 'file' && existing.nlink === 1n ? 'amend' : 'overwrite';
};

/** The kind of loss when nothing of this type can be made here. */
export const unsupported = (type: EntryType, { asRoot, posix }: Abilities): Loss | undefined => {
  switch (type) {
    case 'block-device':
    case 'character-device':
      return asRoot && posix !== undefined ? undefined : 'device';
    case 'fifo':
    case 'socket':
      return posix === undefined ? type : undefined;
    case 'irregular':
      return 'irregular';
    default:
      return undefined;
  }
};

const sameContent = (entry: Entry, existing: BigIntStats, place: ByteString, options: DecisionOptions): boolean => {
  if (typeOf(existing) !== entry.type) return false;
  switch (entry.type) {
    case 'file':
      return (
        options.overwrite === 'if-changed' &&
        existing.size === BigInt(entry.size) &&
        sameTime(entry, existing, options.abilities.posix)
      );
    case 'symlink':
      return linkTargetAt(place) === entry.linkTarget;
    case 'block-device':
    case 'character-device':
      return existing.rdev === entry.device;
    default:
      return true;
  }
};

export const typeOf = (stats: BigIntStats): EntryType => {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  if (stats.isBlockDevice()) return 'block-device';
  return stats.isCharacterDevice() ? 'character-device' : 'irregular';
};

/** Without the addon a time is set to the microsecond only, and compared so. */
const sameTime = ({ mtime }: Metadata, existing: BigIntStats, posix: Posix | undefined): boolean => {
  const difference = existing.mtimeNs - mtime;
  if (posix !== undefined) return difference === 0n;
  return difference > -1000n && difference < 1000n;
};

const linkTargetAt = (place: ByteString): ByteString | undefined => {
  try {
    return byteStringOfLatin1(readlinkSync(nativePath(place), { encoding: 'latin1' }));
  } catch (error) {
    if (errnoCode(error) === 'EINVAL' || errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read the symlink', place);
  }
};

export interface MetadataQuestion {
  readonly metadata: Metadata;
  readonly existing: BigIntStats;
  readonly place: ByteString;
  readonly abilities: Abilities;
}

/** Whether what lies there has all metadata that we could give it. The time of access is no matter: looking changes it. */
export const sameMetadata = ({ metadata, existing, place, abilities }: MetadataQuestion): boolean => {
  const wanted = attainableMetadata(metadata, abilities, () => {});
  if (metadata.type !== 'symlink' && Number(existing.mode & 0o7777n) !== wanted.mode) return false;
  if (wanted.uid >= 0 && existing.uid !== BigInt(wanted.uid)) return false;
  if (wanted.gid >= 0 && existing.gid !== BigInt(wanted.gid)) return false;
  if (!sameTime(metadata, existing, abilities.posix)) return false;
  return abilities.posix === undefined || sameAttributes(wanted, place, abilities.posix);
};

const sameAttributes = ({ attributes }: AttainableMetadata, place: ByteString, posix: Posix): boolean => {
  const names = posix.listAttributes(place);
  if (names.length === 0) return attributes.length === 0;
  const wanted = new Map(attributes.map((attribute) => [attribute.name, attribute] as const));
  if (names.some((name) => isOwnAttribute(name) && !wanted.has(name))) return false;
  return attributes.every((attribute) => sameValue(attribute, posix.readAttribute(place, attribute.name)));
};

const sameValue = ({ value }: ExtendedAttribute, existing: Uint8Array | undefined): boolean => {
  if (existing === undefined || existing.length !== (value?.length ?? 0)) return false;
  return value === null || value.every((byte, at) => byte === existing[at]);
};
