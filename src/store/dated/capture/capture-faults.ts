import { Fault } from '../../../model/fault.ts';

/** A file that was touched later than this before the capture may not be finished, in nanoseconds. */
export const settlingTime = 2_000_000_000n;

/** How often a message is looked for again that moves on each time before it is opened. */
export const relocations = 5;

export const vanished = (): Fault =>
  new Fault('entry-vanished', 'it was there when its folder was listed and gone when it was to be read');

export const changedWhileRead = (): Fault =>
  new Fault('entry-changed', 'it changed while it was read; what was read is kept', {
    hint: 'The next backup reads it again.',
    retry: true,
  });

/** File systems that do not tell capital letters from small ones. */
export const nameTaken = (): Fault =>
  new Fault('unsupported', 'the disk takes its name for that of another file of the same folder', {
    hint: 'Use a disk with a file system of Linux: ext4, xfs, btrfs.',
  });

export const foreignBase = (): Fault => new Fault('internal', 'the source refers to a base of another store');

/** The base's file is gone from the disk, and the source cannot say where the bytes are now. */
export const lostOfBase = (path: string): Fault =>
  new Fault('io-failed', `a file of the last backup is gone from the disk, and must be read again: ${path}`, {
    hint: 'Somebody changed a published backup: verify it.',
    retry: true,
    context: { path },
  });
