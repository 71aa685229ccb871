import { readdir, stat, unlink } from 'node:fs/promises';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import type { ByteString } from '../model/byte-string.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';
import { nativePath, pathOf } from '../system/native-path.ts';
import { below, isTemporaryName, kindFolder, packFolders } from './local-layout.ts';

const day = 86_400_000_000_000n;

const ifThere = async <T>(step: Promise<T>): Promise<T | undefined> => {
  try {
    return await step;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const sweepFolder = async (folder: ByteString, run: Run): Promise<number> => {
  let removed = 0;
  for (const name of (await ifThere(readdir(nativePath(folder)))) ?? []) {
    if (!isTemporaryName(name)) continue;
    throwIfInterrupted(run);
    const path = nativePath(below(folder, name));
    const found = await ifThere(stat(path, { bigint: true }));
    if (found === undefined || !found.isFile() || run.now() - found.mtimeNs < day) continue;
    await ifThere(unlink(path));
    removed++;
  }
  return removed;
};

/**
 * Removes what writes that died (ours and restic's) left behind in a local repository: their files that nobody has
 * written to for a day. Returns how many. Objects are never touched.
 */
export const sweepTemporaryFiles = async (path: ByteString | string, run: Run): Promise<number> => {
  const base = pathOf(path);
  const folders = [
    base,
    ...Object.values(kindFolder).map((folder) => below(base, folder)),
    ...packFolders.map((folder) => below(base, kindFolder.pack, folder)),
  ];
  let removed = 0;
  for (const folder of folders) {
    throwIfInterrupted(run);
    try {
      removed += await sweepFolder(folder, run);
    } catch (error) {
      throw errnoFault(error, 'tidy', folder);
    }
  }
  return removed;
};
