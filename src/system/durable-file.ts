import { randomBytes } from 'node:crypto';
import { constants, copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode, errnoFault, knowsNoLinks } from './errno.ts';

/** Makes what was created or renamed in a folder durable. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

interface DurableFile {
  readonly text: string;
  readonly mode: number;
  /** Gives the finished file its name. */
  readonly place: (temporary: string, path: string) => Promise<void>;
}

const write = async (path: string, { text, mode, place }: DurableFile): Promise<void> => {
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
      await place(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
    await syncFolder(folder);
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};

/**
 * Puts a text under a name, 0600 unless another mode is given, in a folder 0700 that is made when needed. Whole or not at all, and on the disk before it
 * returns; what was there before is replaced. Faults as `errnoFault`.
 */
export const writeDurably = (path: string, text: string, mode = 0o600): Promise<void> =>
  write(path, { text, mode, place: rename });

/** As `writeDurably`, but what is there under the name stays: of two that write at once one has written. */
export const writeFirst = (path: string, text: string): Promise<void> =>
  write(path, {
    text,
    mode: 0o600,
    place: async (temporary) => {
      try {
        await link(temporary, path);
      } catch (error) {
        if (errnoCode(error) === 'EEXIST') return;
        if (!knowsNoLinks(error)) throw error;
        await copyFile(temporary, path, constants.COPYFILE_EXCL);
      }
    },
  });
