import type { BigIntStats } from 'node:fs';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import type { MetadataReader } from './local-metadata.ts';

/** Which directory was met under which path, so that one that went away is not taken for one whose files were deleted. */
export interface ScannedPlaces {
  /** Remembers a directory that is about to be listed. About 200 bytes each. */
  remember(file: ByteString, stats: BigIntStats): void;
  /** `source-missing` when the directory is gone, or another than the one remembered; undefined when it is the same. */
  lost(directory: ByteString, reader: MetadataReader): Fault | undefined;
  /** The same for all directories above an entry, up to and including the given path. */
  lostAbove(file: ByteString, reader: MetadataReader): Fault | undefined;
}

interface Identity {
  readonly device: bigint;
  readonly inode: bigint;
}

export const createScannedPlaces = (): ScannedPlaces => {
  const places = new Map<ByteString, Identity>();
  const lost = (directory: ByteString, reader: MetadataReader): Fault | undefined => {
    const before = places.get(directory);
    return before === undefined || isStill(before, directory, reader) ? undefined : vanishedPlace(directory);
  };
  return {
    remember: (file, { dev, ino }) => {
      places.set(file, { device: dev, inode: ino });
    },
    lost,
    lostAbove: (file, reader) => {
      let highest: Fault | undefined;
      for (let above = parentOf(file); above !== undefined && places.has(above); above = parentOf(above)) {
        highest = lost(above, reader) ?? highest;
      }
      return highest;
    },
  };
};

const isStill = (before: Identity, directory: ByteString, reader: MetadataReader): boolean => {
  try {
    const now = reader.stats(directory);
    return now?.dev === before.device && now.ino === before.inode;
  } catch {
    // That it cannot be looked at any more is the answer: it counts as lost, which is told.
    return false;
  }
};

const parentOf = (file: ByteString): ByteString | undefined => {
  const at = file.lastIndexOf('/');
  if (at < 0 || file === '/') return undefined;
  return byteStringOfLatin1(at === 0 ? '/' : file.slice(0, at));
};

/** A folder that was listed and is not there any more, in one that is still what it was: removed, or its disk was. */
export const vanishedFolder = (directory: ByteString): Fault =>
  new Fault('entry-vanished', `${displayText(directory)} was removed while it was looked at`, {
    hint: 'What the last backup has of it is kept. If it was deleted on purpose, the next backup leaves it out.',
    context: { path: displayText(directory) },
  });

export const vanishedPlace = (directory: ByteString): Fault =>
  new Fault('source-missing', `a folder vanished while it was read: ${displayText(directory)}`, {
    hint: 'Look whether its disk was unmounted or the folder moved, then run the backup again.',
    retry: true,
    context: { path: displayText(directory) },
  });
