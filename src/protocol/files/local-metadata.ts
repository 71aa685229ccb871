import { type BigIntStats, lstatSync, readlinkSync, statSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { EntryType, ExtendedAttribute, Metadata } from '../../model/entry.ts';
import type { Fault } from '../../model/fault.ts';
import { type AccountNames, createAccountNames } from '../../system/account-name.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import type { Posix } from '../../system/posix.ts';
import { stampFilesOneByOne, type StampFiles } from '../../system/stamp-files.ts';
import { hasNotChanged } from '../../model/unchanged.ts';

/** Looks at local files. Every call is synchronous: for many small calls that costs a fraction of the asynchronous ones. */
export interface MetadataReader {
  /** Undefined when nothing is there (any more). Throws the system's error otherwise. */
  stats(file: ByteString, follow?: 'follow'): BigIntStats | undefined;
  /**
   * All that a snapshot keeps of an entry. Throws the system's error. What has not changed since it was `known`, attributes
   * and all, is believed to have the extended attributes of then: whoever sets one changes the ctime.
   */
  describe(file: ByteString, stats: BigIntStats, known?: Metadata): Metadata;
  /** How many entries were described without their extended attributes, because nothing here can read them. */
  readonly withoutAttributes: number;
  /** How many entries have attributes that could not be read. */
  readonly unreadAttributes: number;
  /** Whether extended attributes can be read here. */
  readonly readsAttributes: boolean;
  readonly stampFiles: StampFiles;
  /** Looks that make no object of a file; undefined where the system has none. */
  readonly quick: Pick<Posix, 'lookAtFiles' | 'listEntries'> | undefined;
  readonly keepsAccessTimes: boolean;
  /** Whether the names of its owner and group are still those of then. */
  namesOwner(known: Metadata): boolean;
}

export interface MetadataOptions {
  readonly posix: Posix | undefined;
  /** Keep the time of the last access; restic by default does not, since it makes a new tree of every reading. */
  readonly accessTimes?: boolean;
  readonly names?: AccountNames;
  /** Told of attributes that are there and cannot be read. The entry is kept without them. */
  readonly onFault: (fault: Fault, file: ByteString) => void;
}

export const createMetadataReader = (options: MetadataOptions): MetadataReader => {
  const { posix, accessTimes = false, names = createAccountNames(), onFault } = options;
  let withoutAttributes = 0;
  let unreadAttributes = 0;
  const onUnread: MetadataOptions['onFault'] = (fault, file) => {
    unreadAttributes++;
    onFault(fault, file);
  };
  return {
    readsAttributes: posix !== undefined,
    stampFiles: posix?.stampFiles ?? stampFilesOneByOne,
    quick: posix,
    keepsAccessTimes: accessTimes,
    namesOwner: ({ uid, gid, user, group }) => names.user(uid) === user && names.group(gid) === group,
    get unreadAttributes() {
      return unreadAttributes;
    },
    get withoutAttributes() {
      return withoutAttributes;
    },
    stats: (file, follow) => {
      const look = follow === undefined ? lstatSync : statSync;
      return look(nativePath(file), { bigint: true, throwIfNoEntry: false });
    },
    describe: (file, stats, known) => {
      const type = typeOf(stats);
      const metadata: Metadata = {
        type,
        mode: Number(stats.mode & 0o7777n),
        mtime: stats.mtimeNs,
        atime: accessTimes ? stats.atimeNs : stats.mtimeNs,
        ctime: stats.ctimeNs,
        uid: Number(stats.uid),
        gid: Number(stats.gid),
        user: names.user(Number(stats.uid)),
        group: names.group(Number(stats.gid)),
        inode: stats.ino,
        deviceId: stats.dev,
        size: type === 'file' ? Number(stats.size) : 0,
        // As restic has it: only of what can have more than one name for a reason of its own.
        links: type === 'directory' || type === 'fifo' || type === 'socket' ? 0 : Number(stats.nlink),
        ...(type === 'symlink' ? { linkTarget: linkTargetOf(file) } : {}),
        ...(type === 'block-device' || type === 'character-device' ? { device: stats.rdev } : {}),
      };
      if (posix === undefined) withoutAttributes++;
      const attributes =
        known !== undefined && hasNotChanged(metadata, known)
          ? known.extendedAttributes
          : posix && attributesOf(posix, file, onUnread);
      return attributes === undefined ? metadata : { ...metadata, extendedAttributes: attributes };
    },
  };
};

const typeBits = 0o170000n;
const types: ReadonlyMap<bigint, EntryType> = new Map([
  [0o100000n, 'file'],
  [0o040000n, 'directory'],
  [0o120000n, 'symlink'],
  [0o060000n, 'block-device'],
  [0o020000n, 'character-device'],
  [0o010000n, 'fifo'],
  [0o140000n, 'socket'],
]);

export const typeOf = (stats: BigIntStats): EntryType => types.get(stats.mode & typeBits) ?? 'irregular';

const linkTargetOf = (file: ByteString): ByteString =>
  byteStringOfLatin1(readlinkSync(nativePath(file), { encoding: 'latin1' }));

/** Undefined when there are none, which is nearly always. */
const attributesOf = (
  posix: Posix,
  file: ByteString,
  onFault: MetadataOptions['onFault'],
): ExtendedAttribute[] | undefined => {
  try {
    const names = posix.listAttributes(file);
    if (names.length === 0) return undefined;
    const attributes: ExtendedAttribute[] = [];
    for (const name of names) {
      const value = posix.readAttribute(file, name);
      if (value !== undefined) attributes.push({ name, value });
    }
    return attributes;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') throw error;
    onFault(unreadable(error, file, 'read the extended attributes of'), file);
    return undefined;
  }
};

/** What the system said of an entry that is to be captured, as a Fault. */
export const unreadable = (error: unknown, file: ByteString, action = 'read'): Fault =>
  errnoFault(error, action, file, {
    ENOENT: 'entry-vanished',
    EACCES: 'entry-unreadable',
    EPERM: 'entry-unreadable',
    EIO: 'entry-unreadable',
    ELOOP: 'entry-unreadable',
    ENOTDIR: 'entry-unreadable',
    ENAMETOOLONG: 'entry-unreadable',
    EINVAL: 'entry-unreadable',
    ESTALE: 'entry-unreadable',
  });
