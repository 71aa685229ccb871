import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Sight } from './blob-writer.ts';
import { FileContentReader, type FileStamp, wholeFileLimit } from './file-content.ts';

const folder = mkdtempSync(join(tmpdir(), 'mailkeep-file-content-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newFile = (content: Uint8Array | string): string => {
  const file = join(folder, `file ${++files}`);
  writeFileSync(file, content);
  return file;
};

const stampOf = (file: string): FileStamp => {
  const { size, mtimeNs, ctimeNs, ino } = lstatSync(file, { bigint: true });
  return { size: Number(size), mtime: mtimeNs, ctime: ctimeNs, inode: ino };
};

/** Takes all but a remainder of a window, as the chunker does, and does something at each turn. */
const sinkOf = (remainder: number, onTake: (turn: number) => void = () => {}) => {
  let parts: Buffer[] = [];
  let turns = 0;
  const sights: Sight[] = [];
  return {
    begin: () => {
      parts = [];
    },
    take: (bytes: Uint8Array, sight: Sight): number => {
      sights.push(sight);
      const used = sight.last ? bytes.length : bytes.length - remainder;
      parts.push(Buffer.from(bytes.subarray(0, used)));
      onTake(++turns);
      return used;
    },
    content: () => Buffer.concat(parts),
    sights,
  };
};

const bytesOf = (length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4099) bytes.writeUInt32LE(at >>> 0, at);
  return bytes;
};

describe('reading a local file', () => {
  const reader = new FileContentReader();

  test('files of all sizes around the borders come whole, once', () => {
    const mebibyte = 1_048_576;
    for (const size of [
      0,
      1,
      mebibyte - 1,
      mebibyte,
      mebibyte + 1,
      wholeFileLimit - 1,
      wholeFileLimit,
      wholeFileLimit + 1,
      40_000_000,
    ]) {
      const content = bytesOf(size);
      const file = newFile(content);
      const sink = sinkOf(8_000_000);
      const read = reader.read(file, stampOf(file), sink);
      assert.deepEqual(read, { stamp: stampOf(file), changed: false }, String(size));
      assert.ok(content.equals(sink.content()), String(size));
      assert.equal(sink.sights[0]?.whole, size <= wholeFileLimit, 'mail is cut as mail only when it is all in sight');
      assert.deepEqual(sink.sights.map(({ last }) => last).indexOf(true), sink.sights.length - 1);
      rmSync(file);
    }
  });

  for (const [how, before, then] of [
    ['grew a little', 1000, 1700],
    ['grew from nothing', 0, 5000],
    ['grew beyond the buffer', 1000, 3_000_000],
    ['grew beyond what is read whole', 1000, 20_000_000],
    ['shrank', 5000, 17],
    ['shrank from a large file', 20_000_000, 300],
    ['shrank to nothing', 5000, 0],
  ] as const) {
    test(`a file that ${how} since it was listed is read as it is now, and has not changed while it was read`, () => {
      const file = newFile(bytesOf(before));
      const listed = stampOf(file);
      writeFileSync(file, bytesOf(then));
      const sink = sinkOf(9_000_000);
      assert.deepEqual(reader.read(file, listed, sink), { stamp: stampOf(file), changed: false });
      assert.ok(bytesOf(then).equals(sink.content()));
      rmSync(file);
    });
  }

  test('a file that grows whenever it is read is kept as it was read, and said to have changed', () => {
    const file = newFile('begin ');
    const sink = sinkOf(0, () => appendFileSync(file, 'more '));
    const read = reader.read(file, stampOf(file), sink);
    assert.ok(read !== 'not-a-file');
    assert.equal(read.changed, true);
    assert.equal(read.stamp.size, sink.content().length);
    assert.match(sink.content().toString(), /^begin (?:more )+$/);
  });

  test('a large file that is cut short while it is read is kept as it was read', () => {
    const file = newFile(bytesOf(40_000_000));
    const sink = sinkOf(8_000_000, (turn) => {
      if (turn < 4) truncateSync(file, 18_000_000);
    });
    const read = reader.read(file, stampOf(file), sink);
    assert.ok(read !== 'not-a-file');
    assert.equal(read.stamp.size, sink.content().length);
    assert.equal(sink.content().length, 18_000_000);
    rmSync(file);
  });

  test('a file that was only renamed has not changed', () => {
    const file = newFile('a message');
    const listed = stampOf(file);
    renameSync(file, `${file}:2,S`);
    const read = reader.read(`${file}:2,S`, listed, sinkOf(0));
    assert.ok(read !== 'not-a-file');
    assert.equal(read.changed, false);
  });

  test('another file of the same size and time under the name is read again, not taken for the one that was listed', () => {
    const file = newFile('one');
    const listed = stampOf(file);
    const other = newFile('two');
    const seconds = Number(listed.mtime / 1_000_000_000n);
    utimesSync(other, seconds, seconds);
    renameSync(other, file);
    const sink = sinkOf(0);
    const read = reader.read(file, { ...listed, mtime: BigInt(seconds) * 1_000_000_000n }, sink);
    assert.ok(read !== 'not-a-file');
    assert.equal(read.stamp.inode, stampOf(file).inode);
    assert.equal(sink.content().toString(), 'two');
  });

  test('what took the place of a file is no file, and nobody waits for it', () => {
    const listed = stampOf(newFile('a file'));
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    assert.equal(reader.read(fifo, listed, sinkOf(0)), 'not-a-file');
    assert.equal(reader.read(fifo, { ...listed, size: 0 }, sinkOf(0)), 'not-a-file');
    assert.equal(reader.read(fifo, { ...listed, size: 20_000_000 }, sinkOf(0)), 'not-a-file');
    const directory = join(folder, 'directory');
    mkdirSync(directory);
    assert.equal(reader.read(directory, listed, sinkOf(0)), 'not-a-file');
    assert.equal(reader.read('/dev/null', listed, sinkOf(0)), 'not-a-file');
    const link = join(folder, 'link');
    symlinkSync('/etc/passwd', link);
    assert.throws(() => reader.read(link, listed, sinkOf(0)), { code: 'ELOOP' });
    assert.throws(() => reader.read(join(folder, 'nowhere'), listed, sinkOf(0)), { code: 'ENOENT' });
  });

  test('a failure of the sink is thrown as it is', () => {
    const failure = new Error('for the test');
    const sink = sinkOf(0, () => {
      throw failure;
    });
    const file = newFile('content');
    assert.throws(
      () => reader.read(file, stampOf(file), sink),
      (thrown) => thrown === failure,
    );
  });
});
