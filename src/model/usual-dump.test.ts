import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shrunkDump, tableOfLine } from './usual-dump.ts';

const dump = 'mysql/usermgmt.sql';

test('a dump that is much smaller than is usual is odd, one night of it and one odd night before alike', () => {
  const earlier = [100_000, 101_000, 99_000, 10, 100_500];
  assert.deepEqual(shrunkDump({ dump, bytes: 40_000, earlier }, 0.5), {
    kind: 'dump-shrank',
    dump,
    bytes: 40_000,
    usual: 100_000,
  });
  assert.equal(shrunkDump({ dump, bytes: 60_000, earlier }, 0.5), undefined);
});

test('of two dumps, or of tiny ones, nothing is known', () => {
  assert.equal(shrunkDump({ dump, bytes: 1, earlier: [100_000, 100_000] }, 0.5), undefined);
  assert.equal(shrunkDump({ dump, bytes: 1, earlier: [900, 900, 900] }, 0.5), undefined);
});

test('tables are known in dumps of MariaDB, PostgreSQL and SQLite', () => {
  assert.equal(tableOfLine('CREATE TABLE `mailbox` ('), 'mailbox');
  assert.equal(tableOfLine('CREATE TABLE IF NOT EXISTS `a``b` ('), 'ab');
  assert.equal(tableOfLine('CREATE TABLE public.users ('), 'public.users');
  assert.equal(tableOfLine('CREATE TABLE public."Odd name" ('), 'public.Odd name');
  assert.equal(tableOfLine('CREATE TABLE users(id INTEGER);'), 'users');
  assert.equal(tableOfLine('-- CREATE TABLE x ('), undefined);
});
