import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { promisify } from 'node:util';
import { Fault } from '../model/fault.ts';
import { errnoFault } from './errno.ts';

/**
 * Has the whole file system on which a folder lies written to its disk: one call instead of one for each file. With the optional
 * package koffi by syncfs(2), else by the program `sync -f` of coreutils. Since Linux 5.8 it tells of writes that failed
 * before, too. Fault `io-failed`.
 */
export const syncFileSystem = async (folder: string): Promise<void> => {
  let descriptor: number;
  try {
    descriptor = openSync(folder, 'r');
  } catch (error) {
    throw errnoFault(error, 'open', folder);
  }
  try {
    const sync = await loadSync();
    if (sync === undefined) await syncByProgram(folder);
    else if ((await sync(descriptor)) !== 0) throw failed(folder);
  } finally {
    closeSync(descriptor);
  }
};

/** `f_type` of file systems whose syncfs(2) waits for the disk: ext2 to 4, XFS, Btrfs, F2FS, bcachefs, ZFS, tmpfs. */
const knownTypes: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0xca451a4e, 0x2fc12fc1, 0x01021994,
]);

/**
 * Whether `syncFileSystem` makes as sure of what lies in this folder as fsync(2) of each file: on a Linux that tells of failed
 * writes (5.8), and on a file system of this machine. A share of a network or FUSE may know no such thing.
 */
export const isSyncedAsOne = async (folder: string): Promise<boolean> => {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (process.platform !== 'linux' || major < 5 || (major === 5 && minor < 8)) return false;
  try {
    return knownTypes.has((await statfs(folder)).type);
  } catch {
    return false;
  }
};

const failed = (folder: string, cause?: unknown): Fault =>
  new Fault('io-failed', `what was written to ${folder} did not get to the disk`, {
    hint: 'Look at the system log and at the health of the disk.',
    context: { path: folder },
    ...(cause === undefined ? {} : { cause }),
  });

/** Undefined where koffi is not there, or this is no Linux with glibc. */
const loadSync = async (): Promise<((descriptor: number) => Promise<number>) | undefined> => {
  if (process.platform !== 'linux') return undefined;
  try {
    const { load } = await import('koffi');
    const sync = load('libc.so.6').func('int syncfs(int descriptor)');
    return (descriptor) =>
      new Promise((resolve, reject) => {
        // Outside of this thread: it may take as long as the disk is slow.
        sync.async(descriptor, (error: unknown, result: unknown) => {
          if (error instanceof Error) reject(error);
          else resolve(typeof result === 'number' ? result : -1);
        });
      });
  } catch {
    // An optional addon: that it is missing, or was built for another system, is no error.
    return undefined;
  }
};

const syncByProgram = async (folder: string): Promise<void> => {
  try {
    await promisify(execFile)('sync', ['-f', folder]);
  } catch (error) {
    throw failed(folder, error);
  }
};

/** Makes what was created, renamed or removed in a folder durable. */
export const syncFolder = async (folder: string): Promise<void> => {
  const { open } = await import('node:fs/promises');
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
};
