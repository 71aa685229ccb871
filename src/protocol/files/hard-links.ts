import type { Entry } from '../../model/entry.ts';

/**
 * Which entries of a tree are names of one file: regular files of the same inode and device. Remembers a file until
 * all its names were seen, so it holds only what is still open.
 */
export interface HardLinks<Place> {
  /** Where the first name of this file is, if this is not the first. */
  seen(entry: Entry): { readonly place: Place } | undefined;
  add(entry: Entry, place: Place): void;
}

export const createHardLinks = <Place>(): HardLinks<Place> => {
  const files = new Map<string, { readonly place: Place; left: number }>();
  const keyOf = (entry: Entry): string => `${entry.deviceId}:${entry.inode}`;
  const isLinked = (entry: Entry): boolean => entry.type === 'file' && entry.links > 1 && entry.inode !== 0n;
  return {
    seen: (entry) => {
      if (!isLinked(entry)) return undefined;
      const key = keyOf(entry);
      const file = files.get(key);
      if (file !== undefined && --file.left === 0) files.delete(key);
      return file;
    },
    add: (entry, place) => {
      if (isLinked(entry)) files.set(keyOf(entry), { place, left: entry.links - 1 });
    },
  };
};
