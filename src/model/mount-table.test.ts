import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskOf, mountOf, parseMounts } from './mount-table.ts';

const table = parseMounts(
  [
    '22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro',
    String.raw`98 22 8:17 / /mnt/backup\040hdd rw,relatime shared:51 - ext4 /dev/sdb1 rw`,
    '99 22 8:33 / /mnt/backup rw,nosuid - xfs /dev/sdc1 rw',
    '100 22 0:44 /@data /mnt/ro ro,relatime - btrfs /dev/sdd rw',
    '101 99 8:49 / /mnt/backup rw - ext4 /dev/sde1 ro',
    'nonsense',
  ].join('\n'),
);

test('B8: a path lies on what is mounted nearest above it, and not on what has a name like it', () => {
  assert.equal(mountOf('/mnt/backup hdd/mailserver', table)?.source, '/dev/sdb1');
  assert.equal(mountOf('/mnt/backups/mailserver', table)?.mountPoint, '/');
  assert.equal(mountOf('/', table)?.source, '/dev/sda2');
});

test('B8: of two file systems on one folder the later counts', () => {
  assert.equal(mountOf('/mnt/backup/mailserver', table)?.source, '/dev/sde1');
});

test('B8: read-only is told by the mount and by its file system', () => {
  assert.equal(mountOf('/mnt/ro/x', table)?.isReadOnly, true);
  assert.equal(mountOf('/mnt/backup', table)?.isReadOnly, true);
  assert.equal(mountOf('/mnt/backup hdd', table)?.isReadOnly, false);
});

test('B8: a folder that a service has mounted over itself is of the disk below it', () => {
  const service = parseMounts(
    [
      '1 0 8:2 / / ro - ext4 /dev/sda2 rw',
      '2 1 8:17 / /mnt/backup-hdd ro - ext4 /dev/sdb1 rw',
      '3 2 8:17 /mailserver /mnt/backup-hdd/mailserver rw - ext4 /dev/sdb1 rw',
      '4 1 8:2 /srv/x /elsewhere rw - ext4 /dev/sda2 rw',
    ].join('\n'),
  );
  const disk = diskOf('/mnt/backup-hdd/mailserver/daily', service);
  assert.deepEqual([disk?.mountPoint, disk?.isReadOnly], ['/mnt/backup-hdd', false]);
  assert.equal(diskOf('/elsewhere/y', service)?.mountPoint, '/elsewhere');
  assert.equal(diskOf('/home', service)?.mountPoint, '/');
});
