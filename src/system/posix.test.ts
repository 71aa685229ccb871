import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../model/byte-string.ts';
import { PosixError } from './posix-call.ts';
import { loadPosix } from './posix.ts';
import { stampFilesOneByOne, stampLength } from './stamp-files.ts';

const posix = await loadPosix();
const skip = posix === undefined ? 'the addon does not load here' : false;
const directory = mkdtempSync(join(tmpdir(), 'mailkeep-posix-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const place = (name: string): { text: string; bytes: ByteString } => {
  const text = join(directory, name);
  return { text, bytes: byteStringOfText(text) };
};
const file = (name: string): { text: string; bytes: ByteString } => {
  const made = place(name);
  writeFileSync(made.text, 'content');
  return made;
};
const code = (expected: string) => (thrown: unknown) => thrown instanceof PosixError && thrown.code === expected;
const has = (command: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`]);
    return true;
  } catch {
    return false;
  }
};
const user = (name: string): ByteString => byteStringOfLatin1(`user.${name}`);

describe('the system beyond Node', { skip }, () => {
  assert.ok(posix !== undefined || skip !== false);
  const system = posix;
  if (system === undefined) return;

  test('attributes are written, listed, read and removed', () => {
    const { bytes } = file('attributes é');
    assert.deepEqual(system.listAttributes(bytes), []);
    const value = new Uint8Array(3000).map((_, at) => at);
    system.writeAttribute(bytes, user('long'), value);
    system.writeAttribute(bytes, user('empty'), new Uint8Array(0));
    assert.deepEqual(system.listAttributes(bytes).toSorted(), ['user.empty', 'user.long']);
    assert.deepEqual(system.readAttribute(bytes, user('long')), value);
    assert.deepEqual(system.readAttribute(bytes, user('empty')), new Uint8Array(0));
    assert.equal(system.readAttribute(bytes, user('none')), undefined);
    system.removeAttribute(bytes, user('long'));
    system.removeAttribute(bytes, user('long'));
    assert.deepEqual(system.listAttributes(bytes), ['user.empty']);
  });

  test('setfattr and getfattr see the same attributes', { skip: !has('setfattr') }, () => {
    const { text, bytes } = file('referee');
    execFileSync('setfattr', ['-n', 'user.theirs', '-v', '0x00ff41', text]);
    assert.deepEqual(system.readAttribute(bytes, user('theirs')), Uint8Array.of(0, 0xff, 0x41));
    system.writeAttribute(bytes, user('ours'), Buffer.from('42'));
    const dump = execFileSync('getfattr', ['-d', '-e', 'hex', '--absolute-names', text], { encoding: 'utf8' });
    assert.match(dump, /user\.ours=0x3432\n/);
  });

  test('a symbolic link is not followed', () => {
    const { bytes: target } = file('target');
    const link = place('link');
    symlinkSync(place('target').text, link.text);
    system.writeAttribute(target, user('of.target'), Buffer.from('1'));
    assert.deepEqual(system.listAttributes(link.bytes), []);
    const before = lstatSync(place('target').text, { bigint: true }).mtimeNs;
    system.setTimes(link.bytes, { atime: 1n, mtime: 1_600_000_000_000_000_001n });
    assert.equal(lstatSync(link.text, { bigint: true }).mtimeNs, 1_600_000_000_000_000_001n);
    assert.equal(lstatSync(place('target').text, { bigint: true }).mtimeNs, before);
  });

  test('times are exact to the nanosecond, also before 1970; touch agrees', { skip: !has('touch') }, () => {
    const { text, bytes } = file('times');
    for (const mtime of [1_700_000_000_123_456_789n, 0n, -1n, -1_000_000_001n, 1n]) {
      system.setTimes(bytes, { atime: mtime + 1n, mtime });
      const stats = lstatSync(text, { bigint: true });
      assert.deepEqual([stats.mtimeNs, stats.atimeNs], [mtime, mtime + 1n]);
    }
    execFileSync('touch', ['-m', '-d', '2023-11-14T22:13:20.123456789Z', text]);
    assert.equal(lstatSync(text, { bigint: true }).mtimeNs, 1_700_000_000_123_456_789n);
    const descriptor = openSync(text, 'r+');
    system.setTimesOfOpenFile(descriptor, { atime: 5n, mtime: 1_700_000_000_000_000_007n });
    closeSync(descriptor);
    assert.equal(lstatSync(text, { bigint: true }).mtimeNs, 1_700_000_000_000_000_007n);
  });

  test('fifos are made, and devices by root', () => {
    const fifo = place('fifo');
    system.makeFifo(fifo.bytes, 0o640);
    assert.ok(lstatSync(fifo.text).isFIFO());
    const device = place('null');
    const make = (): void => system.makeNode(device.bytes, 0o020600, 0x103n);
    if (process.geteuid?.() !== 0) {
      assert.throws(make, code('EPERM'));
      return;
    }
    make();
    assert.equal(lstatSync(device.text).rdev, 0x103);
  });

  test('a rename does not replace what is there', () => {
    const from = file('from');
    const to = file('to');
    assert.throws(() => system.renameWithoutReplacing(from.bytes, to.bytes), code('EEXIST'));
    assert.equal(readFileSync(from.text, 'utf8'), 'content');
    rmSync(to.text);
    system.renameWithoutReplacing(from.bytes, to.bytes);
    assert.equal(readFileSync(to.text, 'utf8'), 'content');
  });

  test('the file system says what it is', () => {
    assert.ok(system.fileSystemType(byteStringOfText('/proc')) === 0x9fa0n);
  });

  test('what fails has a code like the errors of node:fs; a path with a zero byte goes nowhere', () => {
    assert.throws(() => system.listAttributes(place('none').bytes), code('ENOENT'));
    assert.throws(() => system.makeFifo(place('none/fifo').bytes, 0o600), code('ENOENT'));
    assert.throws(() => system.makeFifo(place('a\0b').bytes, 0o600), code('EINVAL'));
  });

  test('the stamps of files are those that lstat tells, by name and never through a link', () => {
    const names = ['one', 'second \xff', 'third'].map((name) => byteStringOfLatin1(name));
    const folder = byteStringOfText(place('stamps').text);
    mkdirSync(folder);
    const inside = (name: string): Buffer => Buffer.from(`${folder}/${name}`, 'latin1');
    for (const [at, name] of names.entries()) writeFileSync(inside(name), 'x'.repeat(at));
    utimesSync(inside('one'), -1.5, -1.5);
    const [theirs, ours] = [new BigInt64Array(12), new BigInt64Array(12)];
    assert.equal(system.stampFiles(folder, names, ours), true);
    assert.equal(stampFilesOneByOne(folder, names, theirs), true);
    assert.deepEqual(ours, theirs);
    assert.deepEqual(ours[1 + 2 * stampLength], 2n);
    symlinkSync('one', inside('link'));
    mkdirSync(inside('folder'));
    for (const name of ['none', 'link', 'folder'].map((text) => byteStringOfLatin1(text))) {
      for (const stamp of [system.stampFiles, stampFilesOneByOne])
        assert.equal(stamp(folder, [name], ours), false, name);
    }
  });

  test('names are bytes', () => {
    const odd = byteStringOfLatin1(`${directory}/\xff\xfe`);
    system.makeFifo(odd, 0o600);
    assert.ok(lstatSync(Buffer.from(odd, 'latin1')).isFIFO());
  });

  test('it works in a worker thread', async () => {
    const { text } = file('worker');
    const program = `
      const { loadPosix } = await import(${JSON.stringify(new URL('posix.ts', import.meta.url).href)});
      const posix = await loadPosix();
      posix.writeAttribute(${JSON.stringify(text)}, 'user.thread', new Uint8Array([7]));
    `;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
    await new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
    assert.deepEqual(system.readAttribute(byteStringOfText(text), user('thread')), Uint8Array.of(7));
  });
});
