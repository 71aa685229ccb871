import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../contract/run.ts';
import type { DiskSetting } from '../../config/disk-setting.ts';
import { Fault } from '../../model/fault.ts';
import type { Mount } from '../../model/mount-table.ts';
import { errnoFault } from '../../system/errno.ts';
import { mountAt, uuidOf } from '../../system/mounted-disk.ts';

/** By this a disk is known where the configuration names none. */
const usualMarker = '.mailkeep-disk';

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const missing = (path: string, because: string, hint: string): Fault =>
  new Fault('disk-missing', `the disk for ${path} is not mounted: ${because}`, { hint, context: { path } });

/** Whoever reads it in the night must not mark an empty mount point, onto whose file system all backups would then go. */
const markerHint = (path: string, mount: Mount | undefined): string => {
  const mark = `mkdir -p ${path} && touch ${join(path, usualMarker)}`;
  return mount === undefined || mount.mountPoint === '/'
    ? `Nothing is mounted there: mount the disk. Only where backups are to lie on the disk of the system itself, say so once: ${mark}`
    : `${mount.source} is mounted on ${mount.mountPoint}: if that is not the disk, mount it. If it is, and new, say so once: ${mark}`;
};

/** Without a disk that is named: whatever has the marker, so that an empty mount point is never written into. */
const requireMarker = async (path: string, mount: Mount | undefined): Promise<void> => {
  const root = mount === undefined || mount.mountPoint === '/' ? [] : [join(mount.mountPoint, usualMarker)];
  const places = [join(path, usualMarker), ...root];
  for (const place of places) if (await isThere(place)) return;
  throw missing(
    path,
    `there is no file ${usualMarker} in it, by which the right disk is known`,
    markerHint(path, mount),
  );
};

type Candidate = DiskSetting['mounts'][number];

const fits = async ({ uuid, marker }: Candidate, mount: Mount, known: string | undefined): Promise<boolean> => {
  if (uuid !== undefined && uuid.toLowerCase() !== known?.toLowerCase()) return false;
  return marker === undefined || (await isThere(join(mount.mountPoint, marker)));
};

const named = ({ uuid, marker }: Candidate): string =>
  [...(uuid === undefined ? [] : [`UUID ${uuid}`]), ...(marker === undefined ? [] : [`the file ${marker}`])].join(
    ' and ',
  );

const requireNamed = async ({ path, mounts }: DiskSetting, mount: Mount | undefined, run: Run): Promise<void> => {
  if (mount === undefined) throw missing(path, 'nothing is mounted there', 'Mount it.');
  const known = mounts.some(({ uuid }) => uuid !== undefined) ? await uuidOf(mount, run.signal) : undefined;
  for (const candidate of mounts) if (await fits(candidate, mount, known)) return;
  const there = `${mount.source} on ${mount.mountPoint}${known === undefined ? '' : ` (UUID ${known})`}`;
  throw missing(
    path,
    `${there} lies there, and not what has ${mounts.map(named).join(', or ')}`,
    'Mount the disk, or look at `mounts` in the configuration: `lsblk -f` shows the UUIDs.',
  );
};

/** Writes a little and takes it away again. */
const tryToWrite = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const probe = join(path, `.mailkeep-probe-${randomBytes(8).toString('hex')}`);
    try {
      await (await open(probe, 'wx', 0o600)).close();
    } finally {
      await rm(probe, { force: true });
    }
  } catch (error) {
    throw errnoFault(error, 'write to the disk', path, { EACCES: 'read-only', EPERM: 'read-only' });
  }
};

/** The expected disk is mounted. Writes nothing. Fault `disk-missing`. */
export const requireDisk = async (disk: DiskSetting, run: Run): Promise<Mount | undefined> => {
  const mount = await mountAt(disk.path);
  await (disk.mounts.length === 0 ? requireMarker(disk.path, mount) : requireNamed(disk, mount, run));
  return mount;
};

/**
 * Requirement B8: the expected disk is mounted and writable, or nothing is written. Returns where it is mounted.
 *
 * Faults: `disk-missing`, `read-only`, `disk-full`.
 */
export const findDisk = async (disk: DiskSetting, run: Run): Promise<string> => {
  const { path } = disk;
  const mount = await requireDisk(disk, run);
  if (mount?.isReadOnly === true) {
    throw new Fault('read-only', `the disk for ${path} is mounted read-only`, {
      hint: 'A file system that met an error is mounted so: look at the system log, check it, and mount it for writing.',
      context: { path },
    });
  }
  await tryToWrite(path);
  return mount?.mountPoint ?? path;
};
