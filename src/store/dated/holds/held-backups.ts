import { readdir } from 'node:fs/promises';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import { createFolderSearch, type FolderTree, parseFolderPattern } from '../../../model/folder-match.ts';
import { type HoldLog, type HoldSubject, standingHolds } from '../../../model/hold.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/** A backup as a hold sees it. */
export interface HeldSubject {
  /** `daily/2025-11-07`, also when it lies aside. */
  readonly place: string;
  readonly started: number;
  /** Absolute. */
  readonly folder: string;
}

const treeOf = (run: Run): FolderTree<ByteString> => ({
  key: () => undefined,
  folders: async (folder) => {
    throwIfInterrupted(run);
    try {
      const entries = await readdir(nativePath(folder), { withFileTypes: true, encoding: 'latin1' });
      return new Map(
        entries.flatMap((entry) => {
          if (!entry.isDirectory()) return [];
          const name = byteStringOfLatin1(entry.name);
          return [[name, byteStringOfLatin1(`${folder}/${name}`)] as const];
        }),
      );
    } catch (error) {
      throw errnoFault(error, 'look into', folder);
    }
  },
});

const contains = (pattern: string, { folder }: HeldSubject, run: Run): Promise<boolean> =>
  createFolderSearch(parseFolderPattern(pattern), treeOf(run))(byteStringOfText(folder));

const isOn = async (subject: HoldSubject, backup: HeldSubject, run: Run): Promise<boolean> => {
  switch (subject.kind) {
    // Of a repository.
    case 'snapshots':
    case 'account':
      return false;
    case 'days':
      return subject.days.some(({ place, started }) => place === backup.place && started === backup.started);
    case 'folder':
      return contains(subject.path, backup, run);
    case 'address':
      return contains(subject.address, backup, run);
    // A disk is that of one server.
    case 'server':
    case 'everything':
      return true;
  }
};

/** The ids of the holds that stand on a backup. What cannot be looked into is held, and told. */
export const holdsOn = async (backup: HeldSubject, log: HoldLog, run: Run): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const { id, subjects } of standingHolds(log)) {
    try {
      for (const subject of subjects) {
        if (!(await isOn(subject, backup, run))) continue;
        found.push(id);
        break;
      }
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      const message = `${backup.place} cannot be looked into, and is held: ${asFault(error).message}`;
      run.emit({ kind: 'notice', message });
      found.push(id);
    }
  }
  return found;
};
