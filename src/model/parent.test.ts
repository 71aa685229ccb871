import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringOfText } from './byte-string.ts';
import { chooseParent } from './parent.ts';
import type { Snapshot } from './snapshot.ts';

const snapshot = (id: string, time: bigint, more: Partial<Snapshot> = {}): Snapshot => ({
  id,
  originalId: id,
  time: { nanoseconds: time, offsetMinutes: 0 },
  paths: [byteStringOfText('/mail')],
  hostname: 'here',
  username: '',
  uid: 0,
  gid: 0,
  excludes: [],
  tags: [],
  ...more,
});

const description = { hostname: 'here', paths: [byteStringOfText('/mail')], tags: ['nightly'] };

test('the parent is the newest of the same host that has all the paths', () => {
  const etc = [byteStringOfText('/etc'), byteStringOfText('/mail')];
  const all = [
    snapshot('old', 1n),
    snapshot('newest', 3n, { paths: etc }),
    snapshot('elsewhere', 4n, { hostname: 'there' }),
    snapshot('other', 5n, { paths: [byteStringOfText('/etc')] }),
  ];
  assert.equal(chooseParent(all, description)?.id, 'newest');
  assert.equal(chooseParent(all.slice(2), description), undefined);
});

test('what it has in common can be chosen', () => {
  const all = [
    snapshot('tagged', 1n, { tags: ['nightly', 'x'] }),
    snapshot('plain', 2n),
    snapshot('elsewhere', 3n, { hostname: 'there', paths: [] }),
  ];
  assert.equal(chooseParent(all, description, new Set(['host', 'tags'] as const))?.id, 'tagged');
  assert.equal(chooseParent(all, description, new Set())?.id, 'elsewhere');
});
