import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatChecksumLine, parseChecksumLine } from './checksum-line.ts';

const names = [
  'plain',
  'two  words',
  'back\\slash',
  'line\nfeed',
  'both\\\n',
  '\\n',
  ' ',
  '*',
  '-',
  '--check',
  'cr\rin',
];

describe('lines of checksums (B2)', () => {
  test('a line is as coreutils writes it, and coreutils believes it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailkeep-checksums-'));
    try {
      for (const name of names) writeFileSync(join(folder, name), name);
      const ours = names.map((name) => formatChecksumLine(hash('sha256', name, 'hex'), `./${name}`)).join('');
      writeFileSync(join(folder, 'list'), ours);
      execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'list'], { cwd: folder });
      const known = names.filter((name) => !name.includes('\r'));
      const theirs = execFileSync('sha256sum', ['--', ...known.map((name) => `./${name}`)], {
        cwd: folder,
        encoding: 'utf8',
      });
      assert.equal(known.map((name) => formatChecksumLine(hash('sha256', name, 'hex'), `./${name}`)).join(''), theirs);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a line is read back', () => {
    for (const path of names) {
      const sha256 = hash('sha256', path, 'hex');
      assert.deepEqual(parseChecksumLine(formatChecksumLine(sha256, path).slice(0, -1)), { sha256, path });
    }
    for (const line of ['', 'x', `${'0'.repeat(64)} x`, `\\${'0'.repeat(64)}  a\\b`]) {
      assert.equal(parseChecksumLine(line), undefined, line);
    }
  });
});
