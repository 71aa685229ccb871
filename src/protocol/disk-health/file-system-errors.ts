import { readdir, readFile } from 'node:fs/promises';
import type { Mount } from '../../model/mount-table.ts';
import { blockDeviceOf } from './devices-below.ts';

/** How many errors a file system has counted; undefined: it counts none, or none that can be read. */
export const fileSystemErrors = async (
  mount: Mount,
  uuid: string | undefined,
  root = '/sys',
): Promise<number | undefined> => {
  const device = await blockDeviceOf(mount, root);
  // Kernel documentation, ABI/testing/sysfs-fs-ext4: since the last time that e2fsck has cleared it.
  const ext4 = device === undefined ? undefined : await numberIn(`${root}/fs/ext4/${device}/errors_count`);
  if (ext4 !== undefined) return ext4;
  return uuid === undefined ? undefined : btrfsErrors(`${root}/fs/btrfs/${uuid}/devinfo`);
};

const numberIn = async (path: string): Promise<number | undefined> => {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
};

/** Of all devices together: write, read, flush, corruption, generation (since Linux 5.14). */
const btrfsErrors = async (folder: string): Promise<number | undefined> => {
  let errors: number | undefined;
  for (const device of await readdir(folder).catch(() => [])) {
    const text = await readFile(`${folder}/${device}/error_stats`, 'utf8').catch(() => '');
    for (const [, count] of text.matchAll(/^\w+_errs (\d+)$/gm)) errors = (errors ?? 0) + Number(count);
  }
  return errors;
};
