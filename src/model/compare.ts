import type { ByteString } from './byte-string.ts';
import type { Entry, EntryType, ExtendedAttribute, Metadata, Path } from './entry.ts';
import type { Fault } from './fault.ts';

export type MetadataField = 'mode' | 'mtime' | 'uid' | 'gid' | 'xattrs';

/**
 * One way in which two trees differ. `path`: names joined by `/`. A directory that only one tree has is told of itself
 * and of all below it, so a directory that became a file is removed, and the file is added.
 */
export type Difference =
  /** Only the right tree has it. */
  | { readonly kind: 'added'; readonly path: ByteString; readonly right: Metadata }
  /** Only the left tree has it. */
  | { readonly kind: 'removed'; readonly path: ByteString; readonly left: Metadata }
  /** Another kind of entry; neither is a directory. */
  | { readonly kind: 'type'; readonly path: ByteString; readonly left: Metadata; readonly right: Metadata }
  /** Bytes, the target of a symlink, the number of a device; perhaps metadata too. */
  | {
      readonly kind: 'content';
      readonly path: ByteString;
      readonly left: Metadata;
      readonly right: Metadata;
      readonly fields: readonly MetadataField[];
    }
  | {
      readonly kind: 'metadata';
      readonly path: ByteString;
      readonly left: Metadata;
      readonly right: Metadata;
      readonly fields: readonly MetadataField[];
    }
  /** One of the two could not be looked at: neither equal nor different. */
  | { readonly kind: 'unknown'; readonly path: ByteString; readonly fault: Fault };

/**
 * What is no difference, by the names that a restore counts as not restored: `owner`, `setuid`, `mode`, `time`,
 * `nanoseconds` (times equal to the microsecond), `xattr` and `acl` (both: no extended attributes compared).
 */
export type Overlooked = ReadonlySet<string>;

/**
 * The order in which a walk that goes children first meets directories: what is below comes before, siblings in byte
 * order of their names. 0 when equal.
 */
export const compareWalkOrder = (left: Path, right: Path): number => {
  const depth = Math.min(left.length, right.length);
  for (let at = 0; at < depth; at++) {
    const [leftName = '', rightName = ''] = [left[at], right[at]];
    if (leftName !== rightName) return leftName < rightName ? -1 : 1;
  }
  return right.length - left.length;
};

/** Whether `path` is `ancestor` or lies below it. */
export const isWithin = (path: Path, ancestor: Path): boolean =>
  path.length >= ancestor.length && ancestor.every((name, at) => path[at] === name);

/**
 * Fields in which two entries of one type differ. Not compared: times of access and change, inode, device, number of
 * links, names of owner and group: they say where the entry lies, not what it is.
 */
export const changedFields = (left: Metadata, right: Metadata, overlooked: Overlooked): readonly MetadataField[] => {
  const fields: MetadataField[] = [];
  if (!overlooked.has('mode') && !sameMode(left, right, overlooked)) fields.push('mode');
  if (!overlooked.has('time') && !sameTime(left, right, overlooked)) fields.push('mtime');
  if (!overlooked.has('owner') && left.uid !== right.uid) fields.push('uid');
  if (!overlooked.has('owner') && left.gid !== right.gid) fields.push('gid');
  const attributes = !overlooked.has('xattr') && !overlooked.has('acl');
  if (attributes && !sameAttributes(left, right)) fields.push('xattrs');
  return fields;
};

const sameMode = (left: Metadata, right: Metadata, overlooked: Overlooked): boolean => {
  // A symlink's mode means nothing.
  if (left.type === 'symlink') return true;
  const mask = overlooked.has('setuid') ? 0o1777 : 0o7777;
  return (left.mode & mask) === (right.mode & mask);
};

const sameTime = (left: Metadata, right: Metadata, overlooked: Overlooked): boolean => {
  const difference = left.mtime - right.mtime;
  return difference === 0n || (overlooked.has('nanoseconds') && difference > -1000n && difference < 1000n);
};

const none: readonly ExtendedAttribute[] = [];

const sameAttributes = (left: Metadata, right: Metadata): boolean => {
  const [ours, theirs] = [left.extendedAttributes ?? none, right.extendedAttributes ?? none];
  if (ours.length !== theirs.length) return false;
  return ours.every(({ name, value }) => {
    const other = theirs.find((attribute) => attribute.name === name);
    return other !== undefined && sameBytes(value, other.value);
  });
};

/** null is the empty value. */
const sameBytes = (left: Uint8Array | null, right: Uint8Array | null): boolean =>
  (left?.length ?? 0) === (right?.length ?? 0) && (left === null || left.every((byte, at) => byte === right?.[at]));

/** What can be said of the contents of two entries of one type without reading them. */
export const compareContent = (left: Entry, right: Entry): 'same' | 'different' | 'to be read' => {
  const contentOf: Readonly<Partial<Record<EntryType, (entry: Entry) => unknown>>> = {
    symlink: ({ linkTarget }) => linkTarget,
    'block-device': ({ device }) => device,
    'character-device': ({ device }) => device,
  };
  if (left.type === 'file') {
    if (left.size !== right.size) return 'different';
    return left.size === 0 ? 'same' : 'to be read';
  }
  const content = contentOf[left.type];
  return content === undefined || content(left) === content(right) ? 'same' : 'different';
};
