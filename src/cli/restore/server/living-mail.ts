import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

/** So many folders are looked into: mail of a server shows early. */
const foldersAtMost = 5000;

const foldersIn = async (path: string): Promise<readonly Dirent[]> => {
  try {
    return (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return [];
    throw errnoFault(error, 'list', path);
  }
};

const isMaildir = (folders: readonly Dirent[]): boolean =>
  ['cur', 'new'].every((part) => folders.some(({ name }) => name === part));

/** Whether there are Maildirs at a place now: messages there may have changed their flags since a backup. */
export const hasMaildirs = async (place: string): Promise<boolean> => {
  const waiting = [place];
  for (let looked = 0; looked < foldersAtMost; looked++) {
    const path = waiting.shift();
    if (path === undefined) return false;
    const folders = await foldersIn(path);
    if (isMaildir(folders)) return true;
    waiting.push(...folders.map(({ name }) => join(path, name)));
  }
  return false;
};
