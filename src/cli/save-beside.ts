import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoFault } from '../system/errno.ts';
import { byteStringOfText } from '../model/byte-string.ts';

/** Writes a new file that is durable when the promise resolves, for its owner only. A name that is taken is refused. */
export const saveBeside = async (path: string, bytes: Uint8Array): Promise<void> => {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(bytes);
    await file.sync();
    await using folder = await open(dirname(path), 'r');
    await folder.sync();
  } catch (error) {
    throw errnoFault(error, 'write', byteStringOfText(path));
  }
};
