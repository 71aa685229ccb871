import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync } from 'node:fs';
import { byteStringOfLatin1, byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { parseChecksumLine } from '../../../model/checksum-line.ts';
import { sliceOf } from '../../../model/scrub-slices.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { checksumsList } from '../disk/layout.ts';
import type { KnownBackup } from '../disk/list-backups.ts';
import { linesOf } from '../disk/write-list.ts';

/** A line of a list of checksums. */
export interface ListedFile {
  readonly line: string;
  readonly sha256: string;
  readonly path: ByteString;
}

export interface ListWalk {
  /** The lines that are wanted, in groups. Throws what the file system does. */
  readonly groups: Generator<readonly ListedFile[], void>;
  /** Whether the list was what the backup says of it; to be asked at its end. */
  isWhole(): boolean;
}

const linesAtOnce = 500;

export const listOf = ({ backup }: KnownBackup): ByteString =>
  byteStringOfLatin1(`${byteStringOfText(backup.folder)}/${checksumsList}`);

const digitsOf = (line: string): string => (line.startsWith('\\') ? line.slice(1, 65) : line.slice(0, 64));

/** Walks the list of a backup; a line is taken apart only when its checksum is wanted. */
export const walkList = (known: KnownBackup, isWanted: (sha256: string) => boolean): ListWalk => {
  const digest = createHash('sha256');
  function* groups(): Generator<readonly ListedFile[], void> {
    for (const lines of linesOf(listOf(known), linesAtOnce)) {
      const wanted: ListedFile[] = [];
      for (const line of lines) {
        digest.update(line, 'latin1').update('\n');
        if (!isWanted(digitsOf(line))) continue;
        const parsed = parseChecksumLine(line);
        if (parsed !== undefined) wanted.push({ line, ...parsed });
      }
      yield wanted;
    }
  }
  return { groups: groups(), isWhole: () => digest.digest('hex') === known.description.checksums };
};

/** The lines of a list that fall into some slices. */
export const inSlices = (slices: ReadonlySet<number>) => {
  return (sha256: string): boolean => slices.has(sliceOf(sha256));
};

/** One place on the disk, whichever names it has. */
export const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

/** Undefined: there is nothing of this name. Faults as `errnoFault`. */
export const lookAt = (folder: string, path: ByteString): BigIntStats | undefined => {
  const file = byteStringOfLatin1(`${byteStringOfText(folder)}/${path}`);
  try {
    return lstatSync(nativePath(file), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (errnoCode(error) === 'ENOTDIR') return undefined;
    throw errnoFault(error, 'look at', file);
  }
};
