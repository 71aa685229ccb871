import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = (directory: string): string => `
  import { createFilesSource } from ${JSON.stringify(fileURLToPath(new URL('../../src/protocol/files/files-source.ts', import.meta.url)))};
  const source = createFilesSource({
    paths: [${JSON.stringify(directory)}],
    posix: undefined,
    maildir: { skipUnchangedFolders: true, rescan: false, seventh: 0 },
  });
  const run = { signal: new AbortController().signal, now: () => BigInt(Date.now()) * 1_000_000n, emit: () => {} };
  let children = 0;
  for await (const { listing } of source.capture(undefined, run)) {
    if (listing.kind !== 'listed') continue;
    for await (const page of listing.pages) children += page.length;
  }
  console.log(JSON.stringify({ children, peak: process.resourceUsage().maxRSS * 1024 }));
`;

const measure = (directory: string): { children: number; peak: number } => {
  const said: unknown = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', program(directory)], { encoding: 'utf8' }),
  );
  return Object.assign({ children: 0, peak: 0 }, said);
};

test('B8: a folder of 500,000 messages is captured in bounded memory', { timeout: 10 * 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'mailkeep-memory-'));
  try {
    for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(directory, name));
    const small = measure(directory).peak;
    const count = 500_000;
    let seed = '';
    for (let at = 0; at < count; at++) {
      const name = join(
        directory,
        'cur',
        `${String(1_700_000_000 + at)}.M${String(at)}P1.mail.example,S=2048,W=2100:2,S`,
      );
      if (at % 50_000 === 0) writeFileSync((seed = name), '');
      else linkSync(seed, name);
    }
    const { children, peak } = measure(directory);
    console.log(`${String(Math.round((peak - small) / 1e6))} MB above ${String(Math.round(small / 1e6))} MB`);
    assert.ok(children > count);
    // The names of one directory, a few times over, and some pages.
    assert.ok(peak - small < 400e6, `${String(peak - small)} bytes`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
