import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openLocalBackend } from '../../src/backend/local.ts';
import type { BackendUnderTest } from '../../src/contract/backend-fixture.ts';
import { backendSuite } from '../../src/contract/backend.suite.ts';
import type { ObjectKind } from '../../src/contract/backend.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { createPerson } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { type MountedDrive, mountSamba, mountSshfs } from './mounted-drive.ts';

const person = await createPerson();
const drives: readonly (readonly [string, MountedDrive])[] = [
  ['a drive over SFTP without hard links', await mountSshfs()],
  ['a share of Samba', await mountSamba()],
];
after(async () => {
  for (const [, drive] of drives) await drive[Symbol.asyncDispose]();
  await person.leave();
});

const folders = { config: '', key: 'keys', lock: 'locks', snapshot: 'snapshots', index: 'index', pack: 'data' };
const placeOf = (base: string, kind: ObjectKind, name: string): string =>
  join(base, folders[kind], kind === 'pack' ? name.slice(0, 2) : '', kind === 'config' ? 'config' : name);

let repositories = 0;
const makeOn = ({ folder }: MountedDrive) => {
  /** Places that are empty again: making 256 folders takes longer than any test. */
  const free: string[] = [];
  return async (): Promise<BackendUnderTest> => {
    const base = free.pop() ?? join(folder, `suite-${++repositories}`);
    return {
      backend: openLocalBackend(base),
      cleanup: async () => {
        for (const entry of await readdir(base, { recursive: true, withFileTypes: true }).catch(() => [])) {
          if (!entry.isDirectory()) await rm(join(entry.parentPath, entry.name));
        }
        free.push(base);
      },
      putStrange: async (kind, name) => {
        // SMB takes names that differ only in case for one.
        if (/[A-F]/.test(name) && kind === 'pack') return;
        const place = placeOf(base, kind, name);
        await mkdir(join(place, '..'), { recursive: true });
        await writeFile(place, 'strange');
      },
      truncate: async ({ kind, name }, length) => {
        await chmod(placeOf(base, kind, name), 0o600).catch(() => undefined);
        await truncate(placeOf(base, kind, name), length);
      },
    };
  };
};

for (const [what, drive] of drives) backendSuite(what, makeOn(drive));

const restic = await resticBinary('0.19');
const environment = { RESTIC_PASSWORD: 'test password' };
const mail = join(person.folder, 'Maildir');
for (const name of ['cur', 'new', 'tmp']) await mkdir(join(mail, name), { recursive: true });
for (let number = 0; number < 20; number++) {
  await writeFile(join(mail, 'cur', `${number}.host:2,S`), `Subject: ${number}\n\n${String(number).repeat(3000)}\n`);
}

describe('S2: a repository on a mounted network drive', () => {
  for (const [what, { folder }] of drives) {
    test(`${what}: init with its probe, backup, check, prune and restore; restic reads it; nothing is left over`, async () => {
      const repository = join(folder, 'repository');
      const keep = async (...args: readonly string[]): Promise<void> => {
        const { code, stdout, stderr } = await person.run(['-r', repository, ...args], { environment });
        assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
      };
      await keep('init');
      await keep('backup', mail);
      await writeFile(join(mail, 'cur', `more-${what}:2,`), 'Subject: more\n\nmore\n');
      await keep('backup', mail);
      await keep('forget', '--keep-last', '1', '--prune', '--yes');
      await keep('check', '--read-data');
      await succeed(restic, ['-r', repository, '--no-cache', 'check', '--read-data'], {
        env: { ...person.environment, ...environment },
      });
      const target = join(person.folder, `restored ${what}`);
      await keep('restore', 'latest', '--target', target);
      await succeed('diff', ['-r', mail, join(target, mail)]);
      const left = (await readdir(repository, { recursive: true })).filter((name) => name.includes('-tmp-'));
      assert.deepEqual(left, []);
    });
  }

  test('a drive whose line is cut is told as that: not as an empty repository, and nothing is written', async () => {
    const [, drive] = drives[0] ?? [];
    assert.ok(drive !== undefined);
    const backend = openLocalBackend(join(drive.folder, 'repository'));
    const run = createTestRun();
    await drive.kill();
    const isAway = (error: unknown): boolean => isFault(error, 'backend-unavailable');
    await assert.rejects(backend.load({ kind: 'config', name: '' }, undefined, run), isAway);
    await assert.rejects(Array.fromAsync(backend.list('snapshot', run)), isAway);
    await assert.rejects(backend.save({ kind: 'pack', name: 'a'.repeat(64) }, [new Uint8Array(9)], run), isAway);
  });
});
