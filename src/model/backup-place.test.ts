import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBackupPlace } from './backup-place.ts';

test('B11: a backup of a server is named by its date, its place, its folder or its snapshot', () => {
  const day = { kind: 'dated', name: { kind: 'daily', date: '2025-11-06' } };
  const week = { kind: 'dated', name: { kind: 'weekly', year: 2025, week: 45 } };
  const cases: readonly (readonly [string, unknown])[] = [
    ['latest', { kind: 'latest' }],
    ['2025-11-06', day],
    ['daily/2025-11-06', day],
    ['2025-week-45', week],
    ['weekly/2025-week-45', week],
    ['/mnt/backup-hdd/mailserver/latest', { kind: 'folder', path: '/mnt/backup-hdd/mailserver/latest' }],
    ['./latest', { kind: 'folder', path: './latest' }],
    ['../latest', { kind: 'folder', path: '../latest' }],
    ['~/backup/latest', { kind: 'folder', path: '~/backup/latest' }],
    ['.', { kind: 'folder', path: '.' }],
    ['repository', { kind: 'repository', reference: 'latest' }],
    ['repository:1a2b3c4d', { kind: 'repository', reference: '1a2b3c4d' }],
    ['repository:latest~2', { kind: 'repository', reference: 'latest~2' }],
  ];
  for (const [text, place] of cases) assert.deepEqual(parseBackupPlace(text), place, text);
  for (const text of ['', 'newest', '2025-13-01', 'daily/2025-11-31', 'monthly/2025-11', 'repository:']) {
    assert.throws(() => parseBackupPlace(text), { code: 'usage' }, text);
  }
});
