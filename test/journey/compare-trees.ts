import assert from 'node:assert/strict';
import { succeed } from '../requirement/command.ts';

/** Lines of rsync that say nothing: the folder itself is no entry, and sockets are never kept. */
const nothing = /^\S+ +(?:\.\/|odd\/s)$/;
/** restic counts nanoseconds in 64 bits, which end in the year 2262. */
export const beyondRestic = /odd\/times\/t\d{11,}$/;

/** Before 0.16 it did not keep targets of symlinks that are no UTF-8 either. */
export const beyondOldRestic = /odd\/times\/t\d{11,}$|^cL\S+ odd\/names\/~\S+ -> /;

/**
 * Compares two folders with rsync, which knows neither of the two programs: names, bytes, types, modes, owners, times to
 * the nanosecond, hard links, devices, extended attributes, ACLs.
 */
export const assertSameTrees = async (expected: string, actual: string, overlooked = nothing): Promise<void> => {
  const options = ['--dry-run', '-aHAX', '--checksum', '--itemize-changes', '--delete', '--modify-window=-1'];
  const differences = await succeed('rsync', [...options, `${expected}/`, `${actual}/`]);
  const told = differences.split('\n').filter((line) => line !== '' && !nothing.test(line) && !overlooked.test(line));
  assert.deepEqual(told, []);
};
