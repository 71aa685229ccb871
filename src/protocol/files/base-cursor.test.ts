import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Base, BaseEntry } from '../../contract/source.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { byteStringOfLatin1, type ByteString } from '../../model/byte-string.ts';
import { createMessageWindow } from '../maildir/message-window.ts';
import { createBaseCursor } from '../../contract/base-cursor.ts';

const baseEntry = (name: ByteString): BaseEntry => ({
  entry: {
    name,
    type: 'file',
    mode: 0o644,
    mtime: 0n,
    atime: 0n,
    ctime: 0n,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: 0,
    links: 1,
  },
  held: true,
  reference: name,
});

const baseWith = (names: readonly ByteString[], pageSize: number): Base => ({
  scannedAt: 0n,
  directory: async () => undefined,
  children: async function* () {
    for (let at = 0; at < names.length; at += pageSize) yield names.slice(at, at + pageSize).map(baseEntry);
  },
  contents: async function* () {},
});

/** Few letters, so that names are often prefixes of one another, with and without flags. */
const nameSets = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[ab1]{1,4}$/), fc.constantFrom('', ':2,', ':2,S', ':2,a', '0')), {
    maxLength: 60,
    selector: ([identity, flags]) => identity + flags,
  })
  .map((pairs) => pairs.map(([identity, flags]) => byteStringOfLatin1(identity + flags)).sort());

describe('beside a sorted listing', () => {
  const run = createTestRun();

  test('the cursor finds exactly what the base has under each name', async () => {
    const property = fc.asyncProperty(
      nameSets,
      nameSets,
      fc.integer({ min: 1, max: 9 }),
      async (ours, theirs, size) => {
        const cursor = createBaseCursor(baseWith(theirs, size), [], run);
        for (const name of ours) {
          assert.equal((await cursor.find(name))?.entry.name, theirs.includes(name) ? name : undefined);
        }
        await cursor.close();
      },
    );
    await fc.assert(property);
  });

  test('the window finds every message of the same identity, whatever its flags', async () => {
    const property = fc.asyncProperty(
      nameSets,
      nameSets,
      fc.integer({ min: 1, max: 9 }),
      async (ours, theirs, size) => {
        const window = createMessageWindow(baseWith(theirs, size), [], run, 3);
        for (const name of ours) {
          const found = (await window.find(name)).map(({ entry }) => entry.name);
          assert.deepEqual(
            found,
            theirs.filter((other) => identityOf(other) === identityOf(name)),
          );
        }
        await window.close();
      },
    );
    await fc.assert(property);
  });

  test('without a base nothing is found', async () => {
    assert.equal(await createBaseCursor(undefined, [], run).find(byteStringOfLatin1('a')), undefined);
    assert.deepEqual(await createMessageWindow(undefined, [], run).find(byteStringOfLatin1('a')), []);
  });
});
