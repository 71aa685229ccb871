import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byteStringOfText } from './byte-string.ts';
import { Fault } from './fault.ts';
import type { Snapshot } from './snapshot.ts';
import {
  findSnapshot,
  groupSnapshots,
  newestOfEach,
  noFilter,
  parseReference,
  selectSnapshots,
} from './snapshot-selection.ts';

const made = (id: string, day: number, more: Partial<Snapshot> = {}): Snapshot => ({
  id: id.padEnd(64, '0'),
  originalId: id.padEnd(64, '0'),
  time: { nanoseconds: BigInt(day), offsetMinutes: 0 },
  paths: [byteStringOfText('/mail')],
  hostname: 'alpha',
  username: '',
  uid: 0,
  gid: 0,
  excludes: [],
  tags: [],
  ...more,
});

const first = made('aa11', 1, { tags: ['nightly'] });
const second = made('aa12', 2, { hostname: 'beta', tags: ['nightly', 'full'] });
const third = made('bb13', 3, { paths: [byteStringOfText('/mail'), byteStringOfText('/etc')] });
const all = [first, second, third];

const faultOf = (action: () => unknown): Fault => {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  return assert.fail('nothing was thrown');
};

describe('which snapshot is meant', () => {
  test('latest is the newest, latest~1 the one before', () => {
    assert.equal(findSnapshot(all, 'latest'), third);
    assert.equal(findSnapshot(all, 'latest~1'), second);
    assert.equal(faultOf(() => findSnapshot(all, 'latest~3')).code, 'snapshot-missing');
  });

  test('latest counts only what the filter lets through', () => {
    assert.equal(findSnapshot(all, 'latest', { ...noFilter, hosts: ['alpha', 'gamma'], tags: [['nightly']] }), first);
    assert.equal(
      faultOf(() => findSnapshot(all, 'latest', { ...noFilter, hosts: ['gamma'] })).code,
      'snapshot-missing',
    );
    assert.match(faultOf(() => findSnapshot([], 'latest')).message, /no snapshot yet/);
  });

  test('the beginning of an id is enough while only one snapshot has it', () => {
    assert.equal(findSnapshot(all, 'BB'), third);
    const fault = faultOf(() => findSnapshot(all, 'aa1'));
    assert.equal(fault.code, 'snapshot-ambiguous');
    assert.match(fault.hint ?? '', /aa110000, aa120000/);
    assert.equal(faultOf(() => findSnapshot(all, 'zz')).code, 'snapshot-missing');
    assert.equal(faultOf(() => findSnapshot(all, '')).code, 'snapshot-missing');
  });

  test('a folder may stand behind a colon', () => {
    assert.deepEqual(parseReference('latest:/a:b'), { id: 'latest', subfolder: '/a:b' });
    assert.deepEqual(parseReference('aa11'), { id: 'aa11', subfolder: '' });
  });
});

describe('which snapshots are meant', () => {
  test('without ids, all that match: one of the hosts, one of the lists of tags, all of the paths', () => {
    assert.deepEqual(selectSnapshots(all, [], noFilter), all);
    assert.deepEqual(selectSnapshots(all, [], { ...noFilter, tags: [['nightly', 'full'], ['']] }), [second, third]);
    assert.deepEqual(selectSnapshots(all, [], { ...noFilter, paths: [byteStringOfText('/etc')] }), [third]);
  });

  test('named twice is there once, and the order is that of time', () => {
    assert.deepEqual(selectSnapshots(all, ['latest', 'aa11', 'bb'], noFilter), [first, third]);
  });

  test('a filter beside plain ids, or a folder, is a mistake', () => {
    assert.equal(faultOf(() => selectSnapshots(all, ['aa11'], { ...noFilter, hosts: ['alpha'] })).code, 'usage');
    assert.equal(faultOf(() => selectSnapshots(all, ['aa11:/x'], noFilter)).code, 'usage');
  });

  test('groups have what their snapshots share, and the newest of each is found', () => {
    const groups = groupSnapshots(all, new Set(['host', 'tags']));
    assert.deepEqual(
      groups.map(({ key }) => [key.hostname, key.tags, key.paths]),
      [
        ['alpha', ['nightly'], undefined],
        ['beta', ['full', 'nightly'], undefined],
        ['alpha', [], undefined],
      ],
    );
    assert.deepEqual(
      newestOfEach([...all, made('cc14', 4)], 1).map(({ id }) => id.slice(0, 4)),
      ['aa12', 'bb13', 'cc14'],
    );
  });
});
