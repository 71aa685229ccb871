import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Mount } from '../../model/mount-table.ts';
import { blockDeviceOf, disksBelow } from './devices-below.ts';
import { fileSystemErrors } from './file-system-errors.ts';

const mount = (device: string, source: string): Mount => ({
  mountPoint: '/mnt/backup',
  root: '/',
  source,
  device,
  type: 'ext4',
  isReadOnly: false,
});

test('B14: the whole disks below a mount are found through partitions, dm-crypt, LVM and md', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'mailkeep-sys-'));
  t.after(() => rm(root, { recursive: true }));
  for (const folder of ['class/block', 'dev/block', 'fs/ext4/dm-1', 'fs/btrfs/1234/devinfo/1']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  const device = async (name: string, slaves: readonly string[], above?: string): Promise<void> => {
    const own = join(root, 'devices', ...(above === undefined ? [name] : [above, name]));
    await mkdir(join(own, 'slaves'), { recursive: true });
    if (above !== undefined) await writeFile(join(own, 'partition'), '1\n');
    for (const slave of slaves) await mkdir(join(own, 'slaves', slave));
    await symlink(own, join(root, 'class/block', name));
  };
  await device('sda', []);
  await device('sda1', [], 'sda');
  await device('sdb', []);
  await device('md0', ['sda1', 'sdb']);
  await device('dm-0', ['md0']);
  await device('dm-1', ['dm-0']);
  await device('nvme0n1', []);
  await device('nvme0n1p2', [], 'nvme0n1');
  await symlink(join(root, 'devices/dm-1'), join(root, 'dev/block/254:1'));
  assert.equal(await blockDeviceOf(mount('254:1', '/dev/mapper/backup'), root), 'dm-1');
  assert.equal(await blockDeviceOf(mount('0:55', 'nas:/backup'), root), undefined);
  assert.deepEqual(await disksBelow('dm-1', root), ['sda', 'sdb']);
  assert.deepEqual(await disksBelow('nvme0n1p2', root), ['nvme0n1']);
  assert.deepEqual(await disksBelow('nothing', root), []);

  await writeFile(join(root, 'fs/ext4/dm-1/errors_count'), '3\n');
  assert.equal(await fileSystemErrors(mount('254:1', '/dev/mapper/backup'), undefined, root), 3);
  const stats = 'write_errs 0\nread_errs 2\nflush_errs 0\ncorruption_errs 5\ngeneration_errs 0\n';
  await writeFile(join(root, 'fs/btrfs/1234/devinfo/1/error_stats'), stats);
  assert.equal(await fileSystemErrors(mount('0:44', '/dev/sdz'), '1234', root), 7);
  assert.equal(await fileSystemErrors(mount('0:44', '/dev/sdz'), 'other', root), undefined);
});
