import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeMachine, parseRelease } from './machine.ts';

test('os-release is read with and without quotes', () => {
  const known = parseRelease(
    'NAME="Rocky Linux"\nID=rocky\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="A \\"B\\" \\$C"\n',
  );
  assert.deepEqual(
    [...known],
    [
      ['NAME', 'Rocky Linux'],
      ['ID', 'rocky'],
      ['ID_LIKE', 'rhel centos fedora'],
      ['PRETTY_NAME', 'A "B" $C'],
    ],
  );
});

test('a machine tells its kernel and the programs that it has; one that fails is none', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-machine-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const place = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  place('dovecot', 'echo "2.3.19.1 (9b53102964)"');
  place('rspamd', 'echo "Rspamd daemon version 3.4"; exit 1');
  place('docker', 'test "$1" = --version && echo "Docker version 20.10.24+dfsg1, build 297e128"');
  place('docker-compose', 'echo "docker-compose version 1.29.2, build unknown"');
  const { kernel, programs } = await describeMachine({ path: folder, signal: AbortSignal.timeout(60_000) });
  assert.equal(kernel, release());
  assert.equal(programs['dovecot'], '2.3.19.1');
  assert.equal(programs['rspamd'], undefined);
  assert.equal(programs['docker'], '20.10.24+dfsg1');
  assert.equal(programs['docker-compose'], '1.29.2');
});
