import { createHash } from 'node:crypto';
import type { Content } from '../../contract/source.ts';
import type { Entry } from '../../model/entry.ts';

/**
 * Which entries of a tree are names of one file: regular files of the same inode and device that also have the same
 * size, time and, where the source refers to it by bytes, content: a system uses the number of a removed file again, and
 * a name may have been captured before a change. Remembers a file until all its names were seen, so it holds only what
 * is still open.
 */
export interface HardLinks<Place> {
  /** What was added for the first name of this file, if this is not the first. */
  seen(entry: Entry, content: Content): { readonly place: Place } | undefined;
  add(entry: Entry, content: Content, place: Place): void;
}

export const createHardLinks = <Place>(): HardLinks<Place> => {
  const files = new Map<string, { readonly place: Place; left: number }>();
  return {
    seen: (entry, content) => {
      if (!isLinked(entry)) return undefined;
      const key = keyOf(entry, content);
      const file = files.get(key);
      if (file !== undefined && --file.left === 0) files.delete(key);
      return file;
    },
    add: (entry, content, place) => {
      if (isLinked(entry)) files.set(keyOf(entry, content), { place, left: entry.links - 1 });
    },
  };
};

export const isLinked = (entry: Entry): boolean => entry.type === 'file' && entry.links > 1 && entry.inode !== 0n;

const keyOf = ({ deviceId, inode, size, mtime }: Entry, content: Content): string => {
  const bytes = content.kind === 'delivered' && content.key instanceof Uint8Array ? content.key : undefined;
  const identity = bytes === undefined ? '' : createHash('sha256').update(bytes).digest('base64');
  return `${deviceId}:${inode}:${size}:${mtime}:${identity}`;
};
