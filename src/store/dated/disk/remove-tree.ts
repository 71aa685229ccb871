import { chmodSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/** Names removed before other work of this thread has its turn. */
const atOnce = 500;

/** Removes names only: never a file's bytes or metadata, since other backups may have it, too. What is not there is fine. */
export const removeTree = async (folder: ByteString): Promise<void> => {
  let removed = 0;
  const remove = async (path: ByteString): Promise<void> => {
    for (const entry of list(path)) {
      const place = byteStringOfLatin1(`${path}/${entry.name.toString('latin1')}`);
      if (entry.isDirectory()) await remove(place);
      else unlinkSync(nativePath(place));
      if (++removed % atOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    rmdirSync(nativePath(path));
  };
  try {
    await remove(folder);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'remove', folder);
  }
};

/** Folders that their owner may not write, as they were captured, are opened first. */
const list = (path: ByteString) => {
  const options = { encoding: 'buffer', withFileTypes: true } as const;
  if (process.geteuid?.() !== 0) chmodSync(nativePath(path), 0o700);
  return readdirSync(nativePath(path), options);
};
