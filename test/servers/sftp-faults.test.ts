import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openSftpBackend } from '../../src/backend/sftp/sftp-backend.ts';
import { sftpSettings } from '../../src/backend/sftp/settings.ts';
import { withRetry } from '../../src/backend/with-retry.ts';
import type { Backend, ObjectHandle } from '../../src/contract/backend.ts';
import { usualStorageSettings } from '../../src/contract/storage-settings.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { type Fault, type FaultCode, isFault } from '../../src/model/fault.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { freePort, layCable } from './loopback.ts';
import { startSshServer } from './ssh-server.ts';

const server = await startSshServer();
after(() => server[Symbol.asyncDispose]());
const known = await server.knownHosts();
const config: ObjectHandle = { kind: 'config', name: '' };
let places = 0;
/** A test that fails leaves its backend open, which would keep the process alive. */
const reached: Backend[] = [];
after(async () => {
  for (const backend of reached) await backend.close();
});

interface Way {
  readonly port?: number;
  readonly folder?: string;
  readonly known?: string;
  readonly identity?: string;
  /** Lines of ssh's configuration. */
  readonly lines?: readonly string[];
  readonly agent?: string;
  readonly command?: string;
}

/** A backend by way of a configuration of ssh's own. */
const reach = async (way: Way = {}): Promise<Backend> => {
  const file = join(server.folder, `config-${++places}`);
  const lines = [
    ...(way.lines ?? []),
    `IdentityFile ${way.identity ?? server.identity}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${way.known ?? known}`,
    'GlobalKnownHostsFile /dev/null',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const folder = way.folder ?? join(server.files, `place-${places}`);
  const options: Record<string, string> =
    way.command === undefined ? { 'sftp.args': `-F ${file}` } : { 'sftp.command': way.command };
  const variables = { HOME: server.folder, ...(way.agent === undefined ? {} : { SSH_AUTH_SOCK: way.agent }) };
  const location = `sftp://127.0.0.1:${way.port ?? server.port}/${folder}`;
  const backend = openSftpBackend(sftpSettings(location, { ...usualStorageSettings, options, variables }));
  reached.push(backend);
  return backend;
};

const met = async (code: FaultCode, backend: Backend, call = backend.create(createTestRun())): Promise<Fault> => {
  try {
    await call;
  } catch (error) {
    assert.ok(isFault(error, code), `expected ${code}, met ${String(error)}`);
    return error;
  } finally {
    await backend.close();
  }
  return assert.fail(`no fault ${code}`);
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const named = (bytes: Uint8Array): ObjectHandle => ({
  kind: 'pack',
  name: createHash('sha256').update(bytes).digest('hex'),
});

describe('S6: SFTP servers that are not what they should be', () => {
  test('an unknown server is not spoken to; the fault shows its fingerprint and what accepts it', async () => {
    const empty = join(server.folder, 'empty');
    await writeFile(empty, '');
    const folder = join(server.files, 'unknown');
    const fault = await met('host-key-unknown', await reach({ known: empty, folder }));
    const shown = (await succeed('ssh-keygen', ['-lf', join(server.folder, 'host.pub')])).split(' ')[1] ?? 'none';
    assert.match(shown, /^SHA256:/);
    assert.ok(fault.message.includes(shown), fault.message);
    assert.ok(!(await isThere(folder)));
    const command = fault.hint?.slice(fault.hint.indexOf('echo ')) ?? '';
    await succeed('sh', ['-c', command]);
    const backend = await reach({ known: empty, folder });
    await backend.create(createTestRun());
    await backend.close();
  });

  test('a server with another key than before is not spoken to', async () => {
    const changed = join(server.folder, 'changed');
    const key = (await readFile(join(server.folder, 'id.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    await writeFile(changed, `# a comment\n[127.0.0.1]:${server.port} ${key}\n`);
    const fault = await met('host-key-changed', await reach({ known: changed }));
    assert.ok(fault.hint?.includes(`${changed}:2`), fault.hint);
    assert.equal(fault.retry, false);
  });

  test('a server whose key was revoked is not spoken to, even if it is known', async () => {
    const revoked = join(server.folder, 'revoked');
    await writeFile(revoked, `[127.0.0.1]:${server.port} ${server.hostKey}\n@revoked * ${server.hostKey}\n`);
    await met('host-key-changed', await reach({ known: revoked }));
  });

  test('known hosts whose names are hashed are known', async () => {
    const hashed = join(server.folder, 'hashed');
    await writeFile(hashed, `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
    await succeed('ssh-keygen', ['-q', '-H', '-f', hashed]);
    assert.doesNotMatch(await readFile(hashed, 'utf8'), /127/);
    const backend = await reach({ known: hashed });
    await backend.create(createTestRun());
    await backend.close();
  });

  test('a key that is not accepted, and a user who is not let in, are credentials-refused', async () => {
    const stranger = join(server.folder, 'stranger');
    await succeed('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger]);
    await met('credentials-refused', await reach({ identity: stranger }));
    const none = await met('credentials-refused', await reach({ identity: join(server.folder, 'nothing') }));
    assert.match(none.hint ?? '', /ssh-keygen/);
  });

  test('a key with a passphrase is told to be loaded into the agent, and works from there', async () => {
    const identity = join(server.folder, 'locked');
    const fault = await met('credentials-refused', await reach({ identity }));
    assert.ok(fault.hint?.includes(`ssh-add ${identity}`), fault.hint);
    const socket = join(server.folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      for (let tries = 0; tries < 100 && !(await isThere(socket)); tries++)
        await new Promise((go) => setTimeout(go, 50));
      const ask = join(server.folder, 'ask');
      await writeFile(ask, '#!/bin/sh\necho open sesame\n', { mode: 0o700 });
      const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: 'force' };
      await succeed('ssh-add', [identity], { env });
      const backend = await reach({ identity, agent: socket });
      await backend.create(createTestRun());
      await backend.close();
    } finally {
      agent.kill();
    }
  });

  test('what only ssh can do is told, with the option that lets ssh do it', async () => {
    for (const line of ['ProxyJump other', 'ProxyCommand nc %h %p']) {
      const fault = await met('unsupported', await reach({ lines: [line] }));
      assert.match(fault.hint ?? '', /-o sftp\.command=/);
    }
  });

  test('a server that is away is waited for, at first not for long; a host that is not there is not', async () => {
    const away = await met('backend-unavailable', await reach({ port: await freePort() }));
    assert.deepEqual([away.retry, away.context['unmet']], [true, true]);
    const cable = await layCable(server.port);
    const backend = await reach({ port: cable.port, known: await server.knownHosts(cable.port) });
    await backend.create(createTestRun());
    await cable[Symbol.asyncDispose]();
    const lost = await met(
      'backend-unavailable',
      backend,
      backend.size(config, createTestRun()).then(() => {}),
    );
    assert.equal(lost.retry, true);
  });

  test('at a wrong path nothing is found and nothing is made', async () => {
    const folder = join(server.files, 'nowhere');
    const empty = await reach({ folder });
    await met(
      'object-missing',
      empty,
      empty.load(config, undefined, createTestRun()).then(() => {}),
    );
    const bytes = randomBytes(10);
    const backend = await reach({ folder });
    await met('backend-unavailable', backend, backend.save(named(bytes), [bytes], createTestRun()));
    assert.ok(!(await isThere(folder)));
  });

  test('a program that cannot be started, and one that is no SFTP client, are told with what they said', async () => {
    const missing = await met('backend-unavailable', await reach({ command: '/nonexistent/ssh nas' }));
    assert.match(missing.message, /ENOENT/);
    const failing = await met(
      'backend-unavailable',
      await reach({ command: 'sh -c "echo no such thing >&2; exit 7"' }),
    );
    assert.match(failing.message, /exit code 7.*no such thing/);
    const talking = await met(
      'backend-misbehaved',
      await reach({ command: 'sh -c "echo Welcome to this shell; sleep 5"' }),
    );
    assert.match(talking.message, /Welcome/);
    const unknown = `ssh -F /dev/null -o BatchMode=yes -o UserKnownHostsFile=/dev/null -p ${server.port} 127.0.0.1 -s sftp`;
    await met('host-key-unknown', await reach({ command: unknown }));
  });
});

describe('S6: SFTP over a bad line', () => {
  for (const direction of ['up', 'down'] as const) {
    test(`a connection that is cut on the way ${direction} is made anew, and what was written is whole`, async () => {
      await using cable = await layCable(server.port);
      const run = createTestRun();
      const plain = await reach({ port: cable.port, known: await server.knownHosts(cable.port) });
      const backend = withRetry(plain, { random: () => 0.5, sleep: (milliseconds) => run.sleep(milliseconds) });
      await backend.create(run);
      const bytes = new Uint8Array(randomBytes(3_000_000));
      for (const after of [1_000, 400_000, 2_900_000]) {
        const handle = named(Buffer.concat([bytes, Buffer.from(String(after))]));
        if (direction === 'up') cable.cutAfter(after, 'up');
        await backend.save(handle, [bytes], run);
        if (direction === 'down') cable.cutAfter(after, 'down');
        const found = await backend.load(handle, undefined, run);
        assert.ok(Buffer.compare(found, bytes) === 0);
      }
      assert.ok(cable.connections >= 4, `${cable.connections} connections`);
      await backend.close();
    });
  }

  test('what a write that was cut off left is swept once it is a day old, and nothing else', async () => {
    const folder = join(server.files, 'swept');
    const backend = await reach({ folder });
    const run = createTestRun();
    await backend.create(run);
    const name = 'ab'.repeat(32);
    const data = join(folder, 'data', 'ab');
    for (const left of [`${name}-tmp-old`, `${name}-tmp-new`, 'notes']) await writeFile(join(data, left), 'x');
    const old = Number(run.now() / 1_000_000_000n) - 90_000;
    await utimes(join(data, `${name}-tmp-old`), old, old);
    await utimes(join(data, 'notes'), old, old);
    for await (const page of backend.list('pack', run)) assert.deepEqual(page, []);
    assert.equal((await readdir(data)).length, 3);
    // In another folder than what was left.
    const bytes = Buffer.from('what is saved');
    assert.doesNotMatch(named(bytes).name, /^ab/);
    await backend.save(named(bytes), [bytes], run);
    assert.deepEqual((await readdir(data)).toSorted(), [`${name}-tmp-new`, 'notes']);
    await backend.close();
  });

  test('folders are 0700 and objects 0600', async () => {
    const folder = join(server.files, 'modes');
    const backend = await reach({ folder });
    const run = createTestRun();
    await backend.create(run);
    const bytes = randomBytes(10);
    await backend.save(named(bytes), [bytes], run);
    const modeOf = async (...path: string[]) => ((await stat(join(folder, ...path))).mode & 0o777).toString(8);
    const { name } = named(bytes);
    assert.deepEqual([await modeOf(), await modeOf('data', name.slice(0, 2))], ['700', '700']);
    assert.equal(await modeOf('data', name.slice(0, 2), name), '600');
    await backend.close();
  });
});

describe('S6: SFTP servers without room or permission', () => {
  test('a server that permits no writing is permission-denied, and still can be read', async () => {
    await using other = await startSshServer({ sftp: '-R' });
    const folder = join(other.files, 'r');
    await mkdir(folder);
    await writeFile(join(folder, 'config'), 'abc');
    const backend = await reach({
      port: other.port,
      folder,
      identity: other.identity,
      known: await other.knownHosts(),
    });
    assert.equal((await backend.load(config, undefined, createTestRun())).length, 3);
    await met('permission-denied', backend);
  });

  test('a full disk is disk-full and a read-only one is read-only; nothing is left behind', async (context) => {
    const folder = join(server.files, 'small');
    await mkdir(folder);
    const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', folder]);
    if (mounted.code !== 0) return context.skip('nothing can be mounted here');
    try {
      const run = createTestRun();
      const backend = await reach({ folder });
      await backend.create(run);
      const bytes = randomBytes(4_000_000);
      await met('disk-full', backend, backend.save(named(bytes), [bytes], run));
      assert.deepEqual(await readdir(join(folder, 'data', named(bytes).name.slice(0, 2))), []);
      await succeed('mount', ['-o', 'remount,ro', folder]);
      const again = await reach({ folder });
      await met('read-only', again, again.save(named(bytes), [bytes], run));
    } finally {
      await succeed('umount', ['-l', folder]);
    }
  });
});
