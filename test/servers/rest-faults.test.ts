import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRcloneBackend } from '../../src/backend/rclone/rclone-backend.ts';
import { rcloneSettings } from '../../src/backend/rclone/settings.ts';
import { openRestBackend } from '../../src/backend/rest/rest-backend.ts';
import { withRetry } from '../../src/backend/with-retry.ts';
import type { Backend, ObjectHandle } from '../../src/contract/backend.ts';
import { type TlsSettings, usualStorageSettings } from '../../src/contract/storage-settings.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { type FaultCode, isFault } from '../../src/model/fault.ts';
import { createPerson } from '../journey/program.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { freePort, layCable, untilListening } from './loopback.ts';

const work = await mkdtemp(join(tmpdir(), 'mailkeep-rest-faults-'));
const at = (name: string): string => join(work, name);
const children = new Set<ChildProcess>();

const stop = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  children.delete(child);
  child.kill(signal);
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once('close', resolve));
};

after(async () => {
  for (const child of children) await stop(child);
  await rm(work, { recursive: true, force: true });
});

/** `rclone serve restic` of a folder, on a port. */
const serve = async (port: number, args: readonly string[] = []): Promise<ChildProcess> => {
  const usual = ['serve', 'restic', '--addr', `127.0.0.1:${port}`, '--config', '/dev/null', '--cache-objects=false'];
  const child = spawn('rclone', [...usual, ...args, at('files')], { stdio: 'ignore' });
  children.add(child);
  await untilListening(port);
  return child;
};

const made = (length: number): { readonly handle: ObjectHandle; readonly bytes: Uint8Array } => {
  const bytes = new Uint8Array(randomBytes(length));
  return {
    bytes,
    handle: { kind: 'pack', name: createHash('sha256').update(bytes).digest('hex'), isNamedByHash: true },
  };
};

const fails = (code: FaultCode, promise: Promise<unknown>, said: RegExp): Promise<void> =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(isFault(error, code), String(error));
    assert.match(`${error.message} ${error.hint ?? ''}`, said);
    return true;
  });

/** As commands use it, with short pauses. */
const patient = (backend: Backend): Backend =>
  withRetry(backend, { random: () => 0.5, firstPause: 20, longestPause: 200, sleep: (pause) => sleep(pause) });

describe('S2: a REST server behind TLS', () => {
  const own = (name: string, extra: readonly string[]): Promise<string> =>
    succeed(
      'openssl',
      `req -x509 -newkey rsa:2048 -nodes -keyout ${at(`${name}.key`)} -out ${at(`${name}.crt`)} -subj /CN=${name}`
        .split(' ')
        .concat(extra),
    );

  test('its certificate is verified, and a certificate of our own shown where it is asked for', async () => {
    await own('nas', ['-addext', 'subjectAltName=IP:127.0.0.1']);
    await own('alice', []);
    await writeFile(
      at('alice.pem'),
      (await readFile(at('alice.crt'), 'utf8')) + (await readFile(at('alice.key'), 'utf8')),
    );
    const port = await freePort();
    const settings = ['--cert', at('nas.crt'), '--key', at('nas.key'), '--client-ca', at('alice.crt')];
    const child = await serve(port, settings);
    const open = (tls: TlsSettings, scheme = 'https'): Promise<Backend> =>
      openRestBackend(`rest:${scheme}://127.0.0.1:${port}/tls/`, { ...usualStorageSettings, tls });
    const run = createTestRun();
    const clientCertificate = at('alice.pem');
    const trusting = await open({ insecure: false, certificates: at('nas.crt'), clientCertificate });
    await trusting.create(run);
    const { handle, bytes } = made(300_000);
    await trusting.save(handle, [bytes], run);
    assert.deepEqual(await trusting.load(handle, undefined, run), bytes);
    assert.deepEqual(await (await open({ insecure: true, clientCertificate })).load(handle, undefined, run), bytes);

    const look = async (backend: Promise<Backend>): Promise<unknown> => (await backend).size(handle, run);
    await fails('certificate-untrusted', look(open({ insecure: false, clientCertificate })), /--cacert/);
    const strange = open({ insecure: false, certificates: at('alice.crt'), clientCertificate });
    await fails('certificate-untrusted', look(strange), /--cacert/);
    const unknown = open({ insecure: false, certificates: at('nas.crt') });
    await assert.rejects(look(unknown), (error) => isFault(error) && error.code === 'backend-unavailable');
    await assert.rejects(look(open({ insecure: false }, 'http')), (error) => isFault(error));
    await stop(child);
  });

  test('an authority that the system trusts vouches for it, as with restic, and no other does', async (t) => {
    await own('company', ['-addext', 'subjectAltName=IP:127.0.0.1']);
    const port = await freePort();
    const child = await serve(port, ['--cert', at('company.crt'), '--key', at('company.key')]);
    const person = await createPerson();
    t.after(() => person.leave());
    const repository = ['-r', `rest:https://127.0.0.1:${port}/company/`];
    const withSystem = (file: string): NodeJS.ProcessEnv => ({ SSL_CERT_FILE: file, RESTIC_PASSWORD: 'geheim' });
    const made = await person.run(['init', ...repository], { environment: withSystem(at('company.crt')) });
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const env = { ...person.environment, ...withSystem(at('company.crt')) };
    assert.equal(
      (await runCommand(await resticBinary('0.19'), [...repository, 'snapshots', '--no-cache'], { env })).code,
      0,
    );
    const strange = await person.run(['snapshots', ...repository], { environment: withSystem(at('alice.crt')) });
    assert.notEqual(strange.code, 0);
    assert.match(strange.stderr, /certificate.*--cacert/s);
    await stop(child);
  });
});

describe('S2: a server that is away', () => {
  test('one that is down at the start is waited for; a host that is not there is told at once', async () => {
    const port = await freePort();
    const backend = await openRestBackend(`rest:http://127.0.0.1:${port}/late/`, usualStorageSettings);
    const run = createTestRun();
    const creating = patient(backend).create(run);
    await sleep(200);
    const child = await serve(port);
    await creating;
    assert.match(JSON.stringify(run.events[0]), /trying again.*Is the address right/);
    await stop(child);
    const nowhere = await openRestBackend('rest:http://nosuchhost.invalid:8000/x/', usualStorageSettings);
    await assert.rejects(
      nowhere.create(run),
      (error) => isFault(error, 'backend-unavailable') && error.code !== 'internal',
    );
  });

  test('one that dies while an object is written, and comes back, has it whole in the end', async () => {
    const port = await freePort();
    const first = await serve(port);
    await using cable = await layCable(port);
    const location = `rest:http://127.0.0.1:${cable.port}/dies/`;
    const backend = patient(await openRestBackend(location, usualStorageSettings));
    const run = createTestRun();
    await backend.create(run);
    const { handle, bytes } = made(8_000_000);
    cable.cutAfter(3_000_000, 'up');
    const saving = backend.save(handle, [bytes], run);
    while (run.events.length === 0) await sleep(10);
    await stop(first, 'SIGKILL');
    await sleep(100);
    await serve(port);
    await saving;
    assert.deepEqual(await backend.load(handle, undefined, run), bytes);
    assert.deepEqual((await Array.fromAsync(backend.list('pack', run))).flat(), [
      { name: handle.name, size: bytes.length },
    ]);
    await backend.close();
  });
});

/** An rclone of ours that writes down its process, for a folder. */
const noted = async (folder: string, megabytesPerSecond: number): Promise<{ backend: Backend; pids: string }> => {
  const [program, pids] = [at(`${folder}.sh`), at(`${folder}.pids`)];
  await writeFile(program, `#!/bin/sh\necho $$ >> ${pids}\nexec rclone --config /dev/null "$@"\n`);
  await chmod(program, 0o700);
  const args = `serve restic --stdio --b2-hard-delete --cache-objects=false --bwlimit ${megabytesPerSecond}M`;
  const options = { 'rclone.program': program, 'rclone.args': args };
  const settings = rcloneSettings(`rclone::local:${at(folder)}`, { ...usualStorageSettings, options });
  return { backend: patient(openRcloneBackend(settings)), pids };
};

test('S2: an rclone of ours that is killed in the middle is started again, and what was written is whole', async () => {
  const { backend, pids } = await noted('killed', 4);
  const run = createTestRun();
  await backend.create(run);
  const { handle, bytes } = made(4_000_000);
  const saving = backend.save(handle, [bytes], run);
  await sleep(300);
  const [pid = ''] = (await readFile(pids, 'utf8')).trim().split('\n');
  process.kill(Number(pid), 'SIGKILL');
  await saving;
  assert.deepEqual(await backend.load(handle, undefined, run), bytes);
  const again = (await readFile(pids, 'utf8')).trim().split('\n');
  assert.equal(again.length, 2, 'it was started twice');
  assert.match(JSON.stringify(run.events), /trying again/);
  await backend.close();
});

test('S2: at whatever moment an rclone dies, it is no fault of Node that ends the process', async () => {
  const kill = async (number: number): Promise<void> => {
    const { backend, pids } = await noted(`moment-${number}`, 8);
    const run = createTestRun();
    await backend.create(run);
    const { handle, bytes } = made(4_000_000);
    const saving = backend.save(handle, [bytes], run);
    await sleep(100 + number * 25);
    process.kill(Number((await readFile(pids, 'utf8')).split('\n')[0]), 'SIGKILL');
    await saving;
    assert.deepEqual(await backend.load(handle, undefined, run), bytes);
    await backend.close();
  };
  for (let first = 0; first < 15; first += 3) await Promise.all([first, first + 1, first + 2].map(kill));
});
