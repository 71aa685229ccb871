import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import type { Fault } from '../../model/fault.ts';
import type { EntryFilter } from './capture-context.ts';
import { allOf, cacheTag, notLargerThan, withoutFolder, withoutTagged } from './entry-filters.ts';
import { createMetadataReader } from './local-metadata.ts';

describe('filters that look at files', () => {
  let folder = '';
  const reader = createMetadataReader({ posix: undefined, onFault: () => assert.fail() });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailkeep-filters-'));
    for (const name of ['cache/deep', 'other', 'own']) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'cache/CACHEDIR.TAG'), `${cacheTag.header}\nmore`);
    writeFileSync(join(folder, 'cache/file'), '12345');
    writeFileSync(join(folder, 'other/CACHEDIR.TAG'), cacheTag.header.slice(0, -1));
    writeFileSync(join(folder, 'other/file'), '123456');
    symlinkSync(join(folder, 'own'), join(folder, 'link'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const passes = (filter: EntryFilter | undefined, path: string): boolean => {
    const file = byteStringOfText(join(folder, path));
    const stats = reader.stats(file);
    assert.ok(stats !== undefined, path);
    return filter?.(file, reader.describe(file, stats)) ?? true;
  };

  test('what lies beside a tag is left out, the tag and its folder are not', () => {
    const filter = withoutTagged(cacheTag, () => assert.fail());
    assert.ok(passes(filter, 'cache'));
    assert.ok(passes(filter, 'cache/CACHEDIR.TAG'));
    assert.ok(!passes(filter, 'cache/file'));
    assert.ok(!passes(filter, 'cache/deep'));
  });

  test('a tag whose header is another, or too short, tags nothing', () => {
    assert.ok(
      passes(
        withoutTagged(cacheTag, () => assert.fail()),
        'other/file',
      ),
    );
    const longer = { ...cacheTag, header: byteStringOfLatin1(`${cacheTag.header}\nmore and more`) };
    assert.ok(
      passes(
        withoutTagged(longer, () => assert.fail()),
        'cache/file',
      ),
    );
    const any = { ...cacheTag, header: byteStringOfLatin1('') };
    assert.ok(
      !passes(
        withoutTagged(any, () => assert.fail()),
        'other/file',
      ),
    );
  });

  test('a tag that is a folder is told, and excludes nothing', () => {
    const told: [Fault, ByteString][] = [];
    mkdirSync(join(folder, 'odd/.tag'), { recursive: true });
    writeFileSync(join(folder, 'odd/file'), '');
    chmodSync(join(folder, 'odd/.tag'), 0o700);
    const tag = { name: byteStringOfLatin1('.tag'), header: byteStringOfLatin1('x') };
    const filter = withoutTagged(tag, (fault, file) => told.push([fault, file]));
    assert.ok(passes(filter, 'odd/file'));
    assert.ok(passes(filter, 'odd/file'));
    assert.deepEqual(
      told.map(([, file]) => file),
      [join(folder, 'odd/.tag')],
    );
  });

  test('files larger than a limit are left out, folders never', () => {
    assert.ok(passes(notLargerThan(5), 'cache/file'));
    assert.ok(!passes(notLargerThan(5), 'other/file'));
    assert.ok(passes(notLargerThan(0), 'cache'));
  });

  test('a folder of our own is left out under whatever name it is met', () => {
    const met: ByteString[] = [];
    const filter = withoutFolder(byteStringOfText(join(folder, 'link/../own')), (file) => met.push(file));
    assert.ok(!passes(filter, 'own'));
    assert.ok(passes(filter, 'other'));
    assert.deepEqual(met, [join(folder, 'own')]);
    assert.equal(withoutFolder(byteStringOfText(join(folder, 'nothing'))), undefined);
  });

  test('several filters let through what all let through', () => {
    assert.equal(allOf([]), undefined);
    const both = allOf([notLargerThan(5), withoutTagged(cacheTag, () => assert.fail())]);
    assert.ok(!passes(both, 'cache/file'));
    assert.ok(!passes(both, 'other/file'));
    assert.ok(!passes(both, 'other/CACHEDIR.TAG'), 'the tag of 42 bytes is too large');
  });
});
