import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileContentReader } from './file-content.ts';

const scratch = (): string => mkdtempSync(join(tmpdir(), 'mailkeep-doubtful-'));

test('A3: a file that changes during every read is recorded with a stamp that the file does not have any more', () => {
  const folder = scratch();
  try {
    const file = join(folder, 'growing');
    writeFileSync(file, 'first');
    const descriptor = openSync(file, 'r+');
    let writes = 0;
    const read = new FileContentReader().read(
      file,
      { size: 5, mtime: 1n, ctime: 1n, inode: 1n },
      {
        begin: () => undefined,
        take: (bytes) => {
          // Behind the reader's back, after its bytes were taken.
          writeSync(descriptor, `${writes++}`.repeat(5), 0);
          utimesSync(file, writes, writes);
          return bytes.length;
        },
      },
    );
    closeSync(descriptor);
    assert.ok(read !== 'not-a-file' && read.changed);
    assert.equal(writes, 3);
    // The last write came after the last read: its mtime, 3 s, must not be what is kept.
    assert.equal(read.stamp.mtime, 2_000_000_000n);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
