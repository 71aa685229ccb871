import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotPlausible } from './plausible-place.ts';

test('B11: nothing is restored over the system, over what the kernel makes, or over the backup itself', () => {
  const backup = '/mnt/backup-hdd/mailserver/daily/2025-11-07';
  for (const place of [
    '/var/vmail',
    '/etc/postfix',
    '/opt/mailserver/.env',
    '/home/mail',
    '/mnt/data',
    '/development',
  ]) {
    assert.equal(whyNotPlausible(place, backup), undefined, place);
  }
  for (const place of [
    '/',
    '/usr',
    '/proc/1',
    '/dev',
    'var/vmail',
    '/var/../etc',
    '',
    '/mnt',
    backup,
    `${backup}/mail`,
  ]) {
    assert.notEqual(whyNotPlausible(place, backup), undefined, place);
  }
});
