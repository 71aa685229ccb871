import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Backend, ObjectKind } from '../../src/contract/backend.ts';
import type { BackendUnderTest } from '../../src/contract/backend-fixture.ts';
import { backendSuite } from '../../src/contract/backend.suite.ts';
import { openInThread, openSftpBackend } from '../../src/backend/sftp/sftp-backend.ts';
import type { SftpSettings } from '../../src/backend/sftp/settings.ts';
import { byteStringOfText } from '../../src/model/byte-string.ts';
import { type SshServer, startSshServer } from './ssh-server.ts';

const folders = { config: '', key: 'keys', lock: 'locks', snapshot: 'snapshots', index: 'index', pack: 'data' };
const placeOf = (base: string, kind: ObjectKind, name: string): string =>
  join(base, folders[kind], kind === 'pack' ? name.slice(0, 2) : '', kind === 'config' ? 'config' : name);

let repositories = 0;
/** Folders of repositories that are empty again; making 256 of them takes longer than most tests. */
const free = new Map<SshServer, string[]>();

const emptied = async (server: SshServer, base: string): Promise<void> => {
  for (const entry of await readdir(base, { recursive: true, withFileTypes: true })) {
    if (!entry.isDirectory()) await rm(join(entry.parentPath, entry.name));
  }
  free.set(server, [...(free.get(server) ?? []), base]);
};

/** An empty place on the server for each test. */
const makeSftp =
  (server: SshServer, more: Partial<SftpSettings> = {}) =>
  async (): Promise<BackendUnderTest> => {
    const base = free.get(server)?.pop() ?? join(server.files, `repo-${++repositories}`);
    const backend = openSftpBackend({
      host: '127.0.0.1',
      port: server.port,
      user: undefined,
      path: byteStringOfText(base),
      command: undefined,
      args: await server.args(),
      connections: 5,
      home: server.folder,
      agentSocket: undefined,
      ...more,
    });
    return {
      backend,
      cleanup: () => emptied(server, base),
      putStrange: async (kind, name) => {
        const place = placeOf(base, kind, name);
        await mkdir(join(place, '..'), { recursive: true });
        await writeFile(place, 'strange');
      },
      truncate: async ({ kind, name }, length) => {
        await chmod(placeOf(base, kind, name), 0o600);
        await truncate(placeOf(base, kind, name), length);
      },
    };
  };

const reopen = async (backend: Backend): Promise<Backend> => {
  assert.equal(backend.entrance?.module, new URL('../../src/backend/sftp/sftp-backend.ts', import.meta.url).href);
  return openInThread(structuredClone(backend.entrance?.location));
};

const whole = await startSshServer();
const bare = await startSshServer({
  sftp: '-P fsync,hardlink,statvfs,limits,posix-rename',
  settings: ['MaxSessions 1'],
});
after(async () => {
  await whole[Symbol.asyncDispose]();
  await bare[Symbol.asyncDispose]();
});

backendSuite('SFTP', makeSftp(whole), { listed: 100, reopen });
backendSuite(
  'SFTP through the program ssh',
  async () => {
    const command = ['ssh', ...(await whole.args()), '-p', String(whole.port), '127.0.0.1', '-s', 'sftp'];
    return makeSftp(whole, { command })();
  },
  { largeBytes: 3_000_000 },
);
backendSuite('SFTP of a server that refuses every extension and a second session', makeSftp(bare), {
  largeBytes: 3_000_000,
});
