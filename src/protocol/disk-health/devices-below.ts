import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Mount } from '../../model/mount-table.ts';
import { mountAt } from '../../system/mounted-disk.ts';

/** Where the system tells of block devices; another place in tests. */
const usualRoot = '/sys';

const isThere = (path: string): Promise<boolean> =>
  realpath(path).then(
    () => true,
    () => false,
  );

/** The block device that is mounted, by its name below /sys/class/block; undefined: a network, memory, or nothing known. */
export const blockDeviceOf = async ({ source, device }: Mount, root = usualRoot): Promise<string | undefined> => {
  const byNumber = await realpath(`${root}/dev/block/${device}`).catch(() => undefined);
  if (byNumber !== undefined) return basename(byNumber);
  // btrfs has a number of its own.
  if (!source.startsWith('/dev/')) return undefined;
  const name = basename(await realpath(source).catch(() => source));
  return (await isThere(`${root}/class/block/${name}`)) ? name : undefined;
};

/** So deep nobody stacks devices. */
const deepest = 10;

/**
 * The whole disks below a block device: through partitions, LVM, dm-crypt and md (`slaves`), and the file of a loop device. Sorted, each
 * once.
 */
export const disksBelow = async (name: string, root = usualRoot, depth = 0): Promise<readonly string[]> => {
  const own = `${root}/class/block/${name}`;
  if (depth > deepest) return [];
  const backing = await readFile(`${own}/loop/backing_file`, 'utf8').catch(() => undefined);
  if (backing !== undefined) return disksOfFile(backing.trim(), root, depth);
  if (await isThere(`${own}/partition`)) {
    const whole = basename(dirname(await realpath(own)));
    return disksBelow(whole, root, depth + 1);
  }
  const slaves = await readdir(`${own}/slaves`).catch(() => []);
  if (slaves.length === 0) return (await isThere(own)) ? [name] : [];
  const below = await Promise.all(slaves.map((slave) => disksBelow(slave, root, depth + 1)));
  return [...new Set(below.flat())].sort();
};

const disksOfFile = async (file: string, root: string, depth: number): Promise<readonly string[]> => {
  const mount = await mountAt(file).catch(() => undefined);
  const device = mount === undefined ? undefined : await blockDeviceOf(mount, root);
  return device === undefined ? [] : disksBelow(device, root, depth + 1);
};
