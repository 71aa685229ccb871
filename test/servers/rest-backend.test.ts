import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openInThread as openRcloneInThread, openRcloneBackend } from '../../src/backend/rclone/rclone-backend.ts';
import { rcloneSettings } from '../../src/backend/rclone/settings.ts';
import { openInThread, openRestBackend } from '../../src/backend/rest/rest-backend.ts';
import type { Backend, ObjectKind } from '../../src/contract/backend.ts';
import type { BackendUnderTest } from '../../src/contract/backend-fixture.ts';
import { backendSuite } from '../../src/contract/backend.suite.ts';
import { usualStorageSettings } from '../../src/contract/storage-settings.ts';
import { freePort, untilListening } from './loopback.ts';

const folders = { config: '', key: 'keys', lock: 'locks', snapshot: 'snapshots', index: 'index', pack: 'data' };
const placeOf = (base: string, kind: ObjectKind, name: string): string =>
  join(base, folders[kind], kind === 'pack' ? name.slice(0, 2) : '', kind === 'config' ? 'config' : name);

const work = await mkdtemp(join(tmpdir(), 'mailkeep-rest-'));
const children: ChildProcess[] = [];
let repositories = 0;

/** `rclone serve restic` of a folder. */
const serve = async (folder: string, args: readonly string[] = []): Promise<string> => {
  const port = await freePort();
  const whole = [
    'serve',
    'restic',
    '--addr',
    `127.0.0.1:${port}`,
    '--config',
    '/dev/null',
    '--cache-objects=false',
    ...args,
    folder,
  ];
  children.push(spawn('rclone', whole, { stdio: 'ignore' }));
  await untilListening(port);
  return `http://127.0.0.1:${port}`;
};
const served = await serve(work);
const kept = await serve(work, ['--append-only', '--user', 'alice', '--pass', 'pass:word']);

after(async () => {
  for (const child of children) {
    child.kill('SIGTERM');
    if (child.exitCode === null) await new Promise((resolve) => child.once('close', resolve));
  }
  await rm(work, { recursive: true, force: true });
});

const underTest = (base: string, backend: Backend): BackendUnderTest => ({
  backend,
  cleanup: () => rm(base, { recursive: true, force: true }),
  putStrange: async (kind, name) => {
    const place = placeOf(base, kind, name);
    await mkdir(join(place, '..'), { recursive: true });
    await writeFile(place, 'strange');
  },
  truncate: async ({ kind, name }, length) => {
    await chmod(placeOf(base, kind, name), 0o600);
    await truncate(placeOf(base, kind, name), length);
  },
});

const makeRest = (server: string) => async (): Promise<BackendUnderTest> => {
  const name = `repo-${++repositories}`;
  return underTest(join(work, name), await openRestBackend(`rest:${server}/${name}/`, usualStorageSettings));
};

backendSuite('a REST server', makeRest(served), {
  listed: 100,
  reopen: (backend) => openInThread(structuredClone(backend.entrance?.location)),
});
backendSuite('a REST server that is append-only', async () => {
  const made = await makeRest(kept.replace('//', '//alice:pass%3Aword@'))();
  assert.equal(made.backend.capabilities.immutable, true);
  assert.doesNotMatch(made.backend.description, /word/);
  return made;
});
backendSuite(
  'a remote of rclone',
  async () => {
    const base = join(work, `repo-${++repositories}`);
    const settings = {
      ...usualStorageSettings,
      options: {
        'rclone.program': 'rclone --config /dev/null',
        'rclone.args': 'serve restic --stdio --b2-hard-delete --cache-objects=false',
      },
    };
    return underTest(base, openRcloneBackend(rcloneSettings(`rclone::local:${base}`, settings)));
  },
  { reopen: (backend) => openRcloneInThread(structuredClone(backend.entrance?.location)) },
);
