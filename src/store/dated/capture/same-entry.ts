import type { Entry, ExtendedAttribute } from '../../../model/entry.ts';

const sameBytes = (left: Uint8Array | null, right: Uint8Array | null): boolean =>
  left === null || right === null ? left === right : Buffer.compare(left, right) === 0;

const none: readonly ExtendedAttribute[] = [];

const sameAttributes = (left: Entry, right: Entry): boolean => {
  const [ours, theirs] = [left.extendedAttributes ?? none, right.extendedAttributes ?? none];
  return (
    ours.length === theirs.length &&
    ours.every(({ name, value }, at) => {
      const other = theirs[at];
      return other?.name === name && sameBytes(value, other.value);
    })
  );
};

/** Whether one file on the disk can stand for both: what it holds besides its bytes is the same. */
export const isSameOnDisk = (now: Entry, before: Entry): boolean =>
  now.mode === before.mode &&
  now.uid === before.uid &&
  now.gid === before.gid &&
  now.mtime === before.mtime &&
  sameAttributes(now, before);

/** Whether the manifest would say the same of both. */
export const isSameLine = (now: Entry, before: Entry): boolean =>
  now.name === before.name &&
  now.size === before.size &&
  now.ctime === before.ctime &&
  now.atime === before.atime &&
  now.inode === before.inode &&
  now.deviceId === before.deviceId &&
  now.links === before.links &&
  now.user === before.user &&
  now.group === before.group &&
  now.linkTarget === before.linkTarget &&
  now.device === before.device &&
  isSameOnDisk(now, before);
