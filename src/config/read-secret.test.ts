import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { SecretSource } from '../contract/secret-source.ts';
import { isFault } from '../model/fault.ts';
import { readSecret } from './read-secret.ts';

const run = { signal: new AbortController().signal };

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const fails = async (source: SecretSource, sentence: RegExp): Promise<void> => {
  await assert.rejects(readSecret(source, run, {}), (thrown: unknown) => {
    assert.ok(isFault(thrown, 'configuration'), String(thrown));
    assert.match(thrown.message, sentence);
    assert.doesNotMatch(inspect(thrown, { depth: 9 }), /hunter2/, 'the secret is in no part of the fault');
    return true;
  });
};

describe('A6: secrets', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-secret-'));
    await chmod(folder, 0o755);
  });
  after(() => rm(folder, { recursive: true }));

  test('a file that others may read is refused, and read when they may not', async () => {
    const path = join(folder, 'password');
    await writeFile(path, '\ufeffhunter2\r\n', { mode: 0o644 });
    await fails({ kind: 'file', value: path }, /others may read it/);
    await chmod(path, 0o600);
    assert.equal((await readSecret({ kind: 'file', value: path }, run)).reveal(), 'hunter2');
    await assert.rejects(readSecret({ kind: 'file', value: join(folder, 'none') }, run), (thrown) => {
      assert.ok(isFault(thrown, 'configuration'));
      assert.match(thrown.message, /it is not there/);
      assert.match(thrown.hint ?? '', /chmod 600/);
      return true;
    });
    await writeFile(path, '\n');
    await fails({ kind: 'file', value: path }, /is empty/);
  });

  test('a command needs no shell, and what it prints is in no error', async () => {
    const quoted: SecretSource = { kind: 'command', value: `printf '%s\\n' "hunter2 and more"` };
    assert.equal((await readSecret(quoted, run)).reveal(), 'hunter2 and more');
    await fails(
      { kind: 'command', value: `sh -c 'echo hunter2; echo hunter2 >&2; exit 3'` },
      /sh, .* failed \(exit code 3\)/,
    );
    await fails({ kind: 'command', value: 'no-such-program-here hunter2' }, /is not there/);
    await fails({ kind: 'command', value: 'true' }, /is empty/);
  });

  test('a command ends when the run is interrupted', async () => {
    const stop = new AbortController();
    const waiting = readSecret({ kind: 'command', value: 'sleep 60' }, { signal: stop.signal });
    setImmediate(() => stop.abort());
    await assert.rejects(waiting, (thrown: unknown) => isFault(thrown, 'interrupted'));
  });

  test('a command that does not heed SIGTERM is killed all the same', async () => {
    const stop = new AbortController();
    const file = join(folder, 'pid');
    const value = `sh -c 'trap "" TERM; echo $$ >${file}.new; mv ${file}.new ${file}; while :; do sleep 1; done'`;
    const waiting = readSecret({ kind: 'command', value }, { signal: stop.signal });
    const refused = assert.rejects(waiting, (thrown: unknown) => isFault(thrown, 'interrupted'));
    while (!existsSync(file)) await setTimeout(10);
    stop.abort();
    await refused;
    const pid = Number(await readFile(file, 'utf8'));
    while (isAlive(pid)) await setTimeout(10);
  });

  test('a variable, and one that is not set', async () => {
    const source: SecretSource = { kind: 'environment', value: 'MAIL_PASSWORD' };
    assert.equal((await readSecret(source, run, { MAIL_PASSWORD: 'hunter2' })).reveal(), 'hunter2');
    await fails(source, /MAIL_PASSWORD.* is not set/);
  });
});
