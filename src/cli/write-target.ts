import { randomUUID } from 'node:crypto';
import { lstat, open, rename, unlink } from 'node:fs/promises';
import type { ArchiveSink } from '../protocol/archive/archive-entry.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';
import type { Output } from './output.ts';

/**
 * Gives `work` a place to write to: a file that appears under its name when it is whole, 0600, or standard output.
 * Faults of the file system as they are told for others: `disk-full`, `permission-denied` and so on.
 */
export const withTarget = async (
  target: string | undefined,
  output: Output,
  work: (sink: ArchiveSink) => Promise<void>,
): Promise<void> => {
  if (target === undefined) {
    await work((bytes) => output.write(bytes));
    return;
  }
  const inPlace = await isSpecial(target);
  const path = inPlace ? target : `${target}.${randomUUID().slice(0, 8)}.partial`;
  const file = await open(path, inPlace ? 'w' : 'wx', 0o600).catch((error: unknown) => fail(error, 'write', target));
  let kept = inPlace;
  try {
    await work(async (bytes) => {
      await file.writeFile(bytes).catch((error: unknown) => fail(error, 'write', target));
    });
    if (!inPlace) {
      await file.sync().catch((error: unknown) => fail(error, 'write', target));
      await rename(path, target).catch((error: unknown) => fail(error, 'write', target));
      kept = true;
    }
  } finally {
    await file.close();
    // What made it fail is told; that the half-written file stays, if it does, is nothing beside it.
    if (!kept) await unlink(path).catch(() => undefined);
  }
};

const fail = (error: unknown, action: string, path: string): never => {
  throw errnoFault(error, action, path);
};

/** A pipe or a device is written to as it is; it cannot be replaced. */
const isSpecial = async (path: string): Promise<boolean> => {
  try {
    const stat = await lstat(path);
    return !stat.isFile();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw errnoFault(error, 'write', path);
  }
};
