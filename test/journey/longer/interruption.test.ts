import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { generateMailbox } from '../../../bench/generate-mailbox.ts';
import { succeed as execute } from '../../requirement/command.ts';
import { resticBinary } from '../../requirement/restic.ts';
import { createPerson, describeTree, ended, lockCount, type Person, repositoryContent } from '../program.ts';

/** Requirement S5: interrupted at any instant, it loses no finished snapshot and never needs manual repair. */
describe('interruption', { concurrency: 1 }, () => {
  let person: Person;
  let repository = '';
  let passwordFile = '';
  let mail = '';

  before(async () => {
    person = await createPerson();
    repository = join(person.folder, 'repository');
    passwordFile = join(person.folder, 'password');
    mail = join(person.folder, 'mail');
    await generateMailbox({
      directory: mail,
      kind: 'standard',
      messages: 1500,
      folders: 6,
      seed: 7,
      bytes: 60_000_000,
    });
    await succeed(['init', '--generate-password', passwordFile, '-r', repository]);
  });
  after(() => person.leave());

  const access = (): string[] => ['-r', repository, '-p', passwordFile];

  const succeed = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await person.run(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  const restic = async (...args: readonly string[]): Promise<string> =>
    execute(await resticBinary('0.19'), [...args, '--no-cache', '-r', repository, '--password-file', passwordFile], {
      env: person.environment,
    });

  /** Waits for a condition while the program runs; fails when it ended before. */
  const until = async (child: ChildProcess, condition: () => Promise<boolean>): Promise<void> => {
    while (!(await condition())) {
      assert.equal(child.exitCode, null, 'the program ended before it could be interrupted');
      await sleep(5);
    }
  };

  const packs = async (): Promise<number> => {
    const entries = await readdir(join(repository, 'data'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name)).length;
  };

  const snapshots = async (): Promise<number> => (await readdir(join(repository, 'snapshots'))).length;

  /** Small packs, so that the middle of a backup is long. */
  const backup = (): string[] => ['backup', mail, '--pack-size', '4M', ...access()];

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} in the middle of a backup: 130, no lock, no snapshot, nothing harmed`, async () => {
      const [packsBefore, snapshotsBefore] = [await packs(), await snapshots()];
      const child = person.start(backup());
      const end = ended(child);
      await until(child, async () => (await packs()) > packsBefore);
      child.kill(signal);
      const { code, stdout, stderr } = await end;
      assert.equal(code, 130, stdout + stderr);
      assert.match(stderr, /mailkeep: interrupted/);
      assert.equal(lockCount(repository), 0);
      assert.equal(await snapshots(), snapshotsBefore);
      assert.match(await restic('check', '--read-data'), /no errors were found/);
    });
  }

  test('SIGHUP, with which restic asks whether we live, does not end a backup', async () => {
    const child = person.start([...backup(), '--tag', 'hangup']);
    const end = ended(child);
    await until(child, async () => lockCount(repository) > 0);
    child.kill('SIGHUP');
    const { code, stdout, stderr } = await end;
    assert.equal(code, 0, stdout + stderr);
    assert.equal(lockCount(repository), 0);
  });

  test('S5: killed in the middle: nothing that was there is harmed, and the next run removes the lock', async () => {
    const before = repositoryContent(repository);
    const child = person.start([...backup(), '--force', '--compression', 'off', '--no-mail-aware']);
    const end = ended(child);
    await until(child, async () => lockCount(repository) > 0);
    // Into the middle of the reading.
    await sleep(400);
    child.kill('SIGKILL');
    await end;
    assert.equal(lockCount(repository), 1, 'nobody could remove the lock');
    const after = new Set(repositoryContent(repository));
    for (const line of before) assert.ok(after.has(line), `${line} is as it was`);
    const { code, stderr } = await person.run(backup());
    assert.equal(code, 0, stderr);
    assert.match(stderr, /removed the lock of our process \d+, which was killed/);
    assert.equal(lockCount(repository), 0);
    assert.match(await restic('check', '--read-data'), /no errors were found/);
    await succeed(['check', '--read-data', ...access()]);
  });

  test('a backup after all this holds everything', async () => {
    await succeed(backup());
    const target = join(person.folder, 'whole');
    await succeed(['restore', `latest:${mail}`, '-t', target, '--verify', ...access()]);
    assert.deepEqual(describeTree(target).slice(1), describeTree(mail, (path) => /(?:^|\/)tmp\/./.test(path)).slice(1));
  });

  test('SIGINT in the middle of a restore: 130, no file that is half of one, and run again it completes', async () => {
    const target = join(person.folder, 'back');
    const args = ['restore', `latest:${mail}`, '-t', target, ...access()];
    const child = person.start(args);
    const end = ended(child);
    await until(child, async () => existsSync(target) && (await readdir(target)).length > 0);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await end;
    assert.equal(code, 130, stdout + stderr);
    assert.equal(lockCount(repository), 0);
    await succeed([...args, '--verify', '--yes']);
    assert.deepEqual(describeTree(target).slice(1), describeTree(mail, (path) => /(?:^|\/)tmp\/./.test(path)).slice(1));
  });

  test('a second Ctrl-C ends at once', async () => {
    const child = person.start(['backup', '--stdin', ...access()]);
    const end = ended(child);
    await until(child, async () => lockCount(repository) > 0);
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { code } = await end;
    assert.equal(code, 130);
    await succeed(['unlock', ...access()]);
    assert.equal(lockCount(repository), 0);
  });
});
