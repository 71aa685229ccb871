import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoFault } from './errno.ts';

/** Makes what was created or renamed in a folder durable. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Puts a text under a name, 0600 unless another mode is given, in a folder 0700 that is made when needed. Whole or not at all, and on the disk before it
 * returns; what was there before is replaced. Faults as `errnoFault`.
 */
export const writeDurably = async (path: string, text: string, mode = 0o600): Promise<void> => {
  const folder = dirname(path);
  const temporary = join(folder, `.${randomBytes(8).toString('hex')}.partial`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(text);
        if (mode !== 0o600) await file.chmod(mode);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folder);
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};
