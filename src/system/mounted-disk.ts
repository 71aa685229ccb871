import { readdir, readFile, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DiskSpace } from '../model/disk-space.ts';
import { diskOf, type Mount, parseMounts } from '../model/mount-table.ts';
import { errnoCode, errnoFault } from './errno.ts';
import { runProgram } from './run-program.ts';

/** The place of a path that may not be there yet: of the nearest folder above it that is, without links. */
const placeOf = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT' || path === dirname(path)) throw errnoFault(error, 'look at', path);
    return placeOf(dirname(path));
  }
};

/** The disk that a path lies on; undefined where the system has no table of mounts. Looking may mount it (autofs). */
export const mountAt = async (path: string): Promise<Mount | undefined> => {
  const place = await placeOf(path);
  // An automounter mounts when something in the folder is looked for.
  await stat(join(place, '.')).catch(() => undefined);
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return diskOf(place, parseMounts(table));
};

const firstLine = (text: string): string => text.split('\n', 1)[0]?.trim() ?? '';

/** `8:17` of a block device by its name; btrfs says nothing of its own. */
const deviceNumber = async ({ source, device }: Mount): Promise<string> => {
  if (!source.startsWith('/dev/')) return device;
  const name = basename(await realpath(source).catch(() => source));
  const known = await readFile(`/sys/class/block/${name}/dev`, 'utf8').catch(() => device);
  return known.trim();
};

/** As udev has noted it; a service without devices sees that, too. */
const fromUdev = async (number: string): Promise<string | undefined> => {
  const text = await readFile(`/run/udev/data/b${number}`, 'utf8').catch(() => '');
  return /^E:ID_FS_UUID=(.+)$/m.exec(text)?.[1];
};

const uuids = '/dev/disk/by-uuid';

const fromLinks = async ({ source }: Mount): Promise<string | undefined> => {
  const own = await stat(source).catch(() => undefined);
  if (own === undefined || own.rdev === 0) return undefined;
  for (const uuid of await readdir(uuids).catch(() => [])) {
    const other = await stat(join(uuids, uuid)).catch(() => undefined);
    if (other?.rdev === own.rdev) return uuid;
  }
  return undefined;
};

/** Reads the device itself, which needs the right to. */
const fromDevice = async ({ source }: Mount, signal: AbortSignal): Promise<string | undefined> => {
  if (!source.startsWith('/dev/')) return undefined;
  const parameters = ['-p', '-o', 'value', '-s', 'UUID', source];
  for (const program of ['/usr/sbin/blkid', '/sbin/blkid']) {
    const said = await runProgram({ program, parameters, environment: {}, signal });
    if (said !== undefined) return said.code === 0 ? firstLine(said.stdout) : undefined;
  }
  return undefined;
};

/** The UUID of a mounted file system; undefined where it has none, or nothing here knows it. */
export const uuidOf = async (mount: Mount, signal: AbortSignal): Promise<string | undefined> => {
  const found = (await fromUdev(await deviceNumber(mount))) ?? (await fromLinks(mount));
  return found ?? (await fromDevice(mount, signal));
};

/** The room on the file system of a folder. */
export const spaceAt = async (folder: string): Promise<DiskSpace> => {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(folder);
    return { total: blocks * bsize, used: (blocks - bfree) * bsize, free: bavail * bsize };
  } catch (error) {
    throw errnoFault(error, 'look at the room of', folder);
  }
};
