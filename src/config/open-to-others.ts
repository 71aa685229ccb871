import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const otherMay = { read: 0o004, write: 0o002, enter: 0o001 };

/**
 * Whether someone who is neither the owner nor of the group can read (or write) a file: its mode says so, and so does that
 * of every folder on the way to it. A group is chosen by hand, and trusted.
 */
export const openToOthers = async (path: string, access: 'read' | 'write'): Promise<boolean> => {
  if (((await stat(path)).mode & otherMay[access]) === 0) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & otherMay.enter) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
};
