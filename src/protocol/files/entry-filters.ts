import { closeSync, lstatSync, openSync, readSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1, bytesOf, displayText } from '../../model/byte-string.ts';
import type { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import { childFile, type EntryFilter } from './capture-context.ts';

/** Everything that all of the filters let through; undefined when there are none. */
export const allOf = (filters: readonly EntryFilter[]): EntryFilter | undefined => {
  if (filters.length === 0) return undefined;
  const all: EntryFilter = (file, metadata) => filters.every((filter) => filter(file, metadata));
  return filters.every(({ onlyDirectories }) => onlyDirectories) ? asksDirectoriesOnly(all) : all;
};

/** restic's `--exclude-larger-than`. */
export const notLargerThan =
  (bytes: number): EntryFilter =>
  (_file, { type, size }) =>
    type !== 'file' || size <= bytes;

/** Leaves a folder out with all that is in it, under whatever path it is met. What is not there is no matter. */
export const withoutFolder = (
  folder: ByteString,
  onMet: (file: ByteString) => void = () => undefined,
): EntryFilter | undefined => {
  const stats = lstatSync(nativePath(folder), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return asksDirectoriesOnly((file, { type, inode, deviceId }) => {
    if (type !== 'directory' || inode !== stats.ino || deviceId !== stats.dev) return true;
    onMet(file);
    return false;
  });
};

const asksDirectoriesOnly = (filter: EntryFilter): EntryFilter =>
  Object.assign(filter, { onlyDirectories: true as const });

/** A file whose presence excludes its folder's contents; with a header, only when it begins with that. */
export interface FolderTag {
  readonly name: ByteString;
  /** May be empty. */
  readonly header: ByteString;
}

/** The standard of https://bford.info/cachedir/. */
export const cacheTag: FolderTag = {
  name: byteStringOfLatin1('CACHEDIR.TAG'),
  header: byteStringOfLatin1('Signature: 8a477f597d28d172789f06886806bc55'),
};

const remembered = 4096;

/**
 * restic's `--exclude-if-present`: what lies beside such a tag is left out, the folder itself and the tag are kept. A tag
 * that cannot be read is told, and excludes nothing.
 */
export const withoutTagged = (tag: FolderTag, onFault: (fault: Fault, file: ByteString) => void): EntryFilter => {
  const known = new Map<ByteString, boolean>();
  const isTagged = (folder: ByteString): boolean => {
    let answer = known.get(folder);
    if (answer !== undefined) return answer;
    answer = hasTag(childFile(folder, tag.name), tag.header, onFault);
    if (known.size >= remembered) known.clear();
    known.set(folder, answer);
    return answer;
  };
  return (file) => {
    const slash = file.lastIndexOf('/');
    if (file.slice(slash + 1) === tag.name) return true;
    return !isTagged(byteStringOfLatin1(slash === 0 ? '/' : file.slice(0, slash)));
  };
};

const hasTag = (file: ByteString, header: ByteString, onFault: (fault: Fault, file: ByteString) => void): boolean => {
  try {
    if (lstatSync(nativePath(file), { throwIfNoEntry: false }) === undefined) return false;
    if (header === '') return true;
    const wanted = bytesOf(header);
    const found = new Uint8Array(wanted.length);
    const descriptor = openSync(nativePath(file), 'r');
    try {
      let length = 0;
      for (let read = -1; read !== 0 && length < found.length; length += read) {
        read = readSync(descriptor, found, length, found.length - length, length);
      }
      return length === wanted.length && Buffer.compare(found, wanted) === 0;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const code = errnoCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      onFault(errnoFault(error, 'read the tag', displayText(file), { EACCES: 'entry-unreadable' }), file);
    }
    return false;
  }
};
