import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { isFault } from '../../../model/fault.ts';
import { fieldOfLine, formatEntryLine, nameOfLine, parseEntryLine } from './entry-line.ts';
import { formatFolderLine, type ManifestFolder, parseFolderLine } from './folder-line.ts';
import { packLines, unpackLines } from './frame.ts';

const bytes = fc
  .uint8Array({ minLength: 1, maxLength: 30 })
  .map((array) => byteStringOfLatin1(Buffer.from(array).toString('latin1').replaceAll(/[/\0]/g, '_')));

/** Objects as they are read. */
const plain = { noNullPrototype: true } as const;

const entries: fc.Arbitrary<Entry> = fc.record(
  {
    name: bytes,
    type: fc.constantFrom('file', 'symlink', 'fifo', 'character-device'),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtime: fc.bigInt({ min: -(2n ** 60n), max: 2n ** 62n }),
    atime: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    ctime: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    uid: fc.nat(),
    gid: fc.nat(),
    user: fc.string({ unit: 'grapheme' }),
    group: fc.string(),
    inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    deviceId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    size: fc.maxSafeNat(),
    links: fc.nat(),
    linkTarget: bytes,
    device: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    extendedAttributes: fc.array(
      fc.record({ name: bytes, value: fc.option(fc.uint8Array({ minLength: 1 }), { nil: null }) }, plain),
      { minLength: 1, maxLength: 3 },
    ),
  },
  plain,
);

describe('lines of a manifest (B13)', () => {
  test('every entry is read back as it was, whatever bytes are in its name', () => {
    const sha256 = 'a'.repeat(64);
    fc.assert(
      fc.property(entries, fc.option(fc.nat(), { nil: undefined }), (entry, position) => {
        const stored = position === undefined ? { entry, sha256 } : { entry, sha256, position };
        const line = formatEntryLine(stored);
        assert.ok(!/[\n\r]/.test(line));
        assert.deepEqual(parseEntryLine(line), stored);
        assert.equal(nameOfLine(line), entry.name);
        assert.equal(fieldOfLine(line, 14), sha256);
        assert.equal(fieldOfLine(line, 5), String(entry.size));
        assert.deepEqual(unpackLines(packLines([line, line])), [line, line]);
      }),
    );
  });

  test('every folder is read back as it was', () => {
    fc.assert(
      fc.property(entries, fc.array(bytes, { maxLength: 4 }), fc.boolean(), (entry, path, flag) => {
        const metadata = { ...entry, type: 'directory', name: byteStringOfLatin1(path.join('/')) } as const;
        const folder: ManifestFolder = {
          path,
          metadata: flag ? metadata : undefined,
          counts: { files: 3, directories: 1, bytes: 12_345 },
          settled: flag,
          look: flag ? 'a digest' : undefined,
          unsorted: !flag,
          frames: [
            { offset: 0, length: 10 },
            { offset: 10, length: 7 },
          ],
        };
        assert.deepEqual(parseFolderLine(formatFolderLine(folder)), folder);
      }),
    );
  });

  test('what is no such line is told', () => {
    for (const line of ['', 'f', 'x\ty', 'f\tname\t644\t0\t0\t1\tnow\t\t0\t0\t0\t1\t\t\t']) {
      assert.throws(
        () => parseEntryLine(line),
        (error) => isFault(error, 'verification-failed'),
      );
    }
  });
});
