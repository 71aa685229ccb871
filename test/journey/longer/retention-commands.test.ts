import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { openLocalBackend } from '../../../src/backend/local.ts';
import { createTestRun } from '../../../src/contract/test-run.ts';
import { acquireLock } from '../../../src/store/restic/lock/lock.ts';
import { testOptions } from '../../../src/store/restic/repository-fixture.ts';
import { initRepository } from '../../../src/store/restic/init-repository.ts';
import { openRepository } from '../../../src/store/restic/open-repository.ts';
import { createRun } from '../../../src/system/run.ts';
import type { CommandResult } from '../../requirement/command.ts';
import { createPerson, lockCount, type Person } from '../program.ts';
import { resticOn, type ResticRunner } from '../restic-runner.ts';

const password = 'only a test';

const snapshotList = z.array(
  z.object({
    id: z.string(),
    original: z.string().optional(),
    tags: z.array(z.string()).optional(),
    paths: z.array(z.string()),
  }),
);
const forgetGroups = z.array(
  z.object({
    tags: z.null(),
    host: z.string(),
    paths: z.array(z.string()),
    keep: z.array(z.object({ short_id: z.string() })).nullable(),
    remove: z.array(z.object({ short_id: z.string() })).nullable(),
    reasons: z.array(z.object({ matches: z.array(z.string()) })).nullable(),
  }),
);

interface Place {
  readonly person: Person;
  readonly repository: string;
  readonly restic: ResticRunner;
  /** Runs the program on the repository and expects this exit code. */
  run(args: readonly string[], code?: number, key?: string): Promise<CommandResult>;
  backup(content: string): Promise<void>;
  /** As restic sees them, oldest first; notes of ours left out. */
  snapshots(): Promise<z.infer<typeof snapshotList>>;
}

const withPlace = async (work: (place: Place) => Promise<void>): Promise<void> => {
  const person = await createPerson();
  try {
    const repository = join(person.folder, 'repository');
    const mail = join(person.folder, 'mail');
    await mkdir(mail);
    const restic = await resticOn(repository, { password });
    // A key that is cheap to try: most of the time would go into it.
    await initRepository(openLocalBackend(repository), { ...testOptions, password }, createTestRun());
    const run: Place['run'] = async (args, code = 0, key = password) => {
      const environment = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: key };
      const result = await person.run(args, { environment });
      assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
      return result;
    };
    await work({
      person,
      repository,
      restic,
      run,
      backup: async (content) => {
        await writeFile(join(mail, 'a'), content);
        await run(['backup', mail]);
      },
      snapshots: async () => {
        const all = snapshotList.parse(JSON.parse(await restic(['snapshots', '--json'])));
        return all.filter(({ tags }) => tags?.includes('mailkeep:evidence') !== true);
      },
    });
  } finally {
    await person.leave();
  }
};

const packsOf = async (repository: string): Promise<string[]> => {
  const entries = await readdir(join(repository, 'data'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
};

describe('retention, with restic going on', { concurrency: 2 }, () => {
  test('S4: forget shows its plan, removes only when told so, and restic goes on with what is left', () =>
    withPlace(async ({ repository, restic, run, backup, snapshots }) => {
      for (const content of ['one', 'two', 'three']) await backup(content);
      const [first, second, third] = await snapshots();
      const refused = await run(['forget', '--keep-last', '1'], 2);
      assert.match(refused.stderr, /nobody can be asked[\s\S]*--yes/);
      await run(['forget', '--keep-last', '1', '--json'], 2);
      await run(['forget', '--yes'], 2);
      await run(['forget', '--unsafe-allow-remove-all', '--yes'], 2);
      await run(['forget', '--keep-last', '1', '--yes', '--no-lock'], 2);
      const dry = await run(['forget', '--keep-last', '1', '--dry-run']);
      assert.match(dry.stdout, new RegExp(`${third?.id.slice(0, 8)} .*last snapshot`));
      assert.match(dry.stdout, new RegExp(`${first?.id.slice(0, 8)} .*no rule keeps it`));
      assert.equal((await snapshots()).length, 3);

      const theirs = forgetGroups.parse(JSON.parse(await restic(['forget', '-l', '2', '--dry-run', '--json'])));
      const ours = forgetGroups.parse(JSON.parse((await run(['forget', '-l', '2', '--yes', '--json'])).stdout));
      assert.deepEqual(ours, theirs);
      assert.deepEqual(
        (await snapshots()).map(({ id }) => id),
        [second?.id, third?.id],
      );
      const packs = await packsOf(repository);
      const pruned = await run(['forget', second?.id.slice(0, 8) ?? '', '--prune', '--grace', '0', '--yes']);
      assert.match(pruned.stdout, /1 snapshot was removed[\s\S]*removed [1-9]\d* packs/);
      assert.ok((await packsOf(repository)).length < packs.length);
      assert.deepEqual(
        (await snapshots()).map(({ id }) => id),
        [third?.id],
      );
      assert.equal(lockCount(repository), 0);
      assert.match(await restic(['check', '--read-data']), /no errors were found/);
      await run(['check', '--read-data']);
    }));

  test('S4: forget, tag and key wait for nobody: under a lock of somebody else they end with 11', () =>
    withPlace(async ({ repository, run, backup, snapshots }) => {
      await backup('one');
      const backend = openLocalBackend(repository);
      const signal = AbortSignal.timeout(60_000);
      const own = createRun({ signal, emit: () => undefined });
      const opened = await openRepository(backend, { ...testOptions, password }, own);
      const { envelope } = opened.session;
      const { identity } = testOptions;
      const lock = await acquireLock({ backend, envelope, exclusive: false, records: undefined, identity, run: own });
      await run(['forget', '--keep-last', '1', '--yes'], 11);
      await run(['tag', '--add', 'x'], 11);
      await run(['key', 'remove', '00', '--yes'], 11);
      await run(['forget', '--keep-last', '1', '--dry-run']);
      await lock.release();
      await opened.close();
      assert.equal((await snapshots()).length, 1);
      assert.equal(lockCount(repository), 0);
    }));

  test('S4: tags that one program gives, the other changes, and the first id is kept all the way', () =>
    withPlace(async ({ restic, run, backup, snapshots }) => {
      await backup('one');
      const [before] = await snapshots();
      const said = await run(['tag', '--add', 'a,b', 'latest', '--json']);
      assert.match(said.stdout, /"message_type":"changed"[\s\S]*"changed_snapshots":1/);
      await restic(['tag', '--remove', 'a', '--add', 'c']);
      await run(['tag', '--set', 'only', '--tag', 'c']);
      const [after] = await snapshots();
      assert.deepEqual([after?.tags, after?.original], [['only'], before?.id]);
      await run(['tag', '--add', 'mailkeep:hold']);
      await backup('two');
      await backup('three');
      await run(['forget', '--keep-last', '1', '--yes']);
      assert.deepEqual(
        (await snapshots()).map(({ original }) => original),
        [before?.id, undefined],
      );
      await run(['forget', (await snapshots())[0]?.id ?? '', '--yes'], 2);
      await run(['tag'], 2);
      assert.match(await restic(['check']), /no errors were found/);
    }));

  test('S4: a password that one program sets opens the repository for the other', () =>
    withPlace(async ({ person, repository, restic, run, backup }) => {
      await backup('one');
      const second = join(person.folder, 'second');
      await run(['key', 'add', '--generate-password', second, '--host', 'desk']);
      const generated = (await readFile(second, 'utf8')).trim();
      const other = await resticOn(repository, { password: generated });
      assert.match(await other(['key', 'list']), /desk/);
      assert.match((await run(['key', 'list'], 0, generated)).stdout, /^\*\S{8} .*desk/m);
      await run(['key', 'add', '--generate-password', second], 2);

      const third = join(person.folder, 'third');
      writeFileSync(third, 'third word\n');
      await run(['key', 'passwd', '--new-password-file', third]);
      assert.notEqual((await restic.attempt(['snapshots'])).code, 0);
      await run(['snapshots'], 12);
      await (
        await resticOn(repository, { password: 'third word' })
      )(['snapshots']);
      await run(['key', 'passwd'], 2, 'third word');

      const listed = z
        .array(z.object({ id: z.string(), current: z.boolean() }))
        .parse(JSON.parse((await run(['key', 'list', '--json'], 0, generated)).stdout));
      const [current, rest] = [
        listed.find((key) => key.current)?.id ?? '',
        listed.find((key) => !key.current)?.id ?? '',
      ];
      await run(['key', 'remove', current.slice(0, 8), '--yes'], 2, generated);
      await run(['key', 'remove', rest.slice(0, 8)], 2, generated);
      await run(['key', 'remove', rest.slice(0, 8), '--yes'], 0, generated);
      await run(['snapshots'], 12, 'third word');
      assert.deepEqual(readdirSync(join(repository, 'keys')), [current]);
      assert.match(await other(['check']), /no errors were found/);
    }));

  test('B3: with --verified-only nothing goes before a newer one was read back, and a corrupted newer one stops it', () =>
    withPlace(async ({ repository, restic, run, backup, snapshots }) => {
      await backup('one');
      await backup('two');
      const forget = ['forget', '--keep-last', '1', '--verified-only', '--yes'];
      await run(forget);
      assert.equal((await snapshots()).length, 2);
      await run(['check', '--read-data', '--no-evidence']);
      await run(forget);
      assert.equal((await snapshots()).length, 2);

      await run(['check', '--read-data-subset', 'rotate/1']);
      await backup('three');
      const [, second, third] = await snapshots();
      const plan = await run(forget);
      assert.match(plan.stdout, new RegExp(`covered by ${second?.id.slice(0, 8)}`));
      assert.deepEqual(
        (await snapshots()).map(({ id }) => id),
        [second?.id, third?.id],
      );

      // A byte of what only the third one uses is turned: reading it back does not make it good.
      const before = new Set(await packsOf(repository));
      await backup('four, and more of it');
      const fresh = (await packsOf(repository)).filter((pack) => !before.has(pack));
      const bytes = await Promise.all(fresh.map((pack) => readFile(pack)));
      for (const [number, pack] of fresh.entries()) {
        const spoilt = Uint8Array.from(bytes[number] ?? []);
        spoilt[20] = (spoilt[20] ?? 0) ^ 1;
        await rm(pack);
        await writeFile(pack, spoilt);
      }
      await run(['check', '--read-data'], 1);
      const kept = await run(forget);
      assert.match(kept.stdout, new RegExp(`${third?.id.slice(0, 8)} .*among verified`));
      for (const [number, pack] of fresh.entries()) {
        await rm(pack);
        await writeFile(pack, bytes[number] ?? '');
      }
      await run(['check', '--read-data-subset', 'rotate/3']);
      assert.match(await restic(['check', '--read-data']), /no errors were found/);
      const restored = join(repository, '..', 'restored');
      await restic(['restore', 'latest', '--target', restored]);
      const names = await readdir(restored, { recursive: true });
      assert.ok(names.some((name) => name.endsWith('mail/a')) && !names.some((name) => name.includes('packs-read')));
    }));
});
