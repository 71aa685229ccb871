import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { byteStringOfText } from '../../model/byte-string.ts';
import { type CountAhead, type CountOptions, startCount } from './count-ahead.ts';

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'mailkeep-count-'));
});
after(() => rmSync(root, { recursive: true, force: true }));

const place = (path: string, bytes: number): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), 'x'.repeat(bytes));
};

const count = (folder: string, options: Partial<CountOptions> = {}): CountAhead =>
  startCount({
    given: [byteStringOfText(join(root, folder))],
    filter: undefined,
    oneFileSystem: false,
    withoutCaches: true,
    ...options,
  });

const counted = async (ahead: CountAhead) => {
  for (let turn = 0; turn < 1000 && ahead.expected() === undefined; turn++) await setImmediate();
  return ahead.expected();
};

test('a Maildir comes to its messages by the sizes in their names, and to its other files', async () => {
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(root, 'mail', name), { recursive: true });
  place('mail/cur/1.a.host,S=10:2,S', 10);
  place('mail/new/2.a.host,S=20,W=21', 20);
  place('mail/tmp/3.a.host', 50);
  place('mail/dovecot-uidlist', 5);
  place('mail/dovecot.index.cache', 500);
  assert.deepEqual(await counted(count('mail')), { files: 3, bytes: 35 });
  assert.deepEqual(await counted(count('mail', { withoutCaches: false })), { files: 5, bytes: 585 });
});

test('what a filter leaves out is not counted, and a link counts as a file', async () => {
  place('plain/kept', 7);
  place('plain/left/below', 1000);
  place('plain/deep/left', 1000);
  symlinkSync('kept', join(root, 'plain', 'link'));
  const ahead = count('plain', { filter: (file) => !file.endsWith('/left') });
  assert.deepEqual(await counted(ahead), { files: 2, bytes: 7 });
});

test('in a compressed Maildir names do not tell the sizes of files, and nobody knows the bytes', async () => {
  place('packed/cur/1.a.host,S=1000:2,', 300);
  assert.deepEqual(await counted(count('packed')), { files: 1, bytes: undefined });
});

test('a count that was left far behind ends without an answer', async () => {
  place('behind/one', 1);
  const ahead = count('behind');
  ahead.captured(10_000);
  await ahead.stop();
  assert.equal(ahead.expected(), undefined);
});
