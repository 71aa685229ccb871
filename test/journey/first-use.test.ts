import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { createPerson, describeTree, lockCount, type Person } from './program.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('the first command of the README', { concurrency: 1 }, () => {
  let person: Person;
  let repository = '';
  let passwordFile = '';
  let snapshot = '';
  /** A copy of the examples: tests must not depend on who else touches them. */
  let mail = '';

  before(async () => {
    person = await createPerson();
    repository = join(person.home, '.local/share/mailkeep/repository');
    passwordFile = join(person.home, '.config/mailkeep/repository-password');
    await cp(examples, join(person.folder, 'examples'), { recursive: true, preserveTimestamps: true });
    mail = join(person.folder, 'examples/Maildir');
  });
  after(() => person.leave());

  test('it makes a repository and a password, keeps the mail, and says how to get it back', async () => {
    const { code, stdout, stderr } = await person.run(['backup', 'examples/Maildir']);
    assert.equal(code, 0, stderr);
    snapshot = /^snapshot ([0-9a-f]{8}) saved$/m.exec(stdout)?.[1] ?? '';
    assert.notEqual(snapshot, '', stdout);
    assert.match(stdout, new RegExp(`mailkeep restore ${snapshot} --target`));
    assert.equal(stderr.split(repository).length, 2, 'the place of the repository is told once');
    assert.equal(stderr.split(passwordFile).length, 2, 'the place of the password is told once');
    assert.equal(stderr.match(/KEEP A COPY/g)?.length, 1);
  });

  test('nobody else can read the password or the repository', () => {
    assert.equal(modeOf(passwordFile), '600');
    assert.equal(modeOf(join(person.home, '.config/mailkeep')), '700');
    assert.equal(modeOf(repository), '700');
    assert.equal(modeOf(join(repository, 'config')), '400');
    assert.equal(lockCount(repository), 0);
  });

  test('the second time it finds nothing new, and does not tell of the password again', async () => {
    const { code, stdout, stderr } = await person.run(['backup', 'examples/Maildir', '--json']);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /KEEP A COPY/);
    const summary: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    assert.ok(typeof summary === 'object' && summary !== null && 'files_new' in summary && 'data_added' in summary);
    assert.deepEqual([summary.files_new, summary.data_added], [0, 0]);
  });

  test('what it kept comes back as it was: bytes, modes, owners, times to the nanosecond', async () => {
    const target = join(person.folder, 'back');
    const args = ['restore', `${snapshot}:/examples/Maildir`, '--target', target, '--verify'];
    const { code, stdout, stderr } = await person.run(args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /verified: what was restored equals the snapshot/);
    // What lies in `tmp` is not kept: a mail server clears it by itself. A snapshot's root has no metadata of its own.
    const before = describeTree(mail, (path) => /(?:^|\/)tmp\/./.test(path)).slice(1);
    assert.deepEqual(describeTree(target).slice(1), before);
    assert.ok(before.length > 30, `${before.length} entries were compared`);
  });

  test('restic reads what it made', async () => {
    const restic = await resticBinary('0.19');
    const env = { ...person.environment, RESTIC_REPOSITORY: repository, RESTIC_PASSWORD_FILE: passwordFile };
    assert.match(await succeed(restic, ['check', '--read-data', '--no-cache'], { env }), /no errors were found/);
    assert.match(await succeed(restic, ['ls', snapshot, '--no-cache'], { env }), /\/examples\/Maildir\/cur\//);
  });

  test('a dry run on first use makes nothing', async () => {
    const other = await createPerson();
    try {
      const { code, stderr } = await other.run(['backup', mail, '--dry-run']);
      assert.equal(code, 10, stderr);
      assert.deepEqual(await readdir(other.home), []);
    } finally {
      await other.leave();
    }
  });

  test('with --json the first use is told all the same, and stdout holds JSON only', async () => {
    const other = await createPerson();
    try {
      const { code, stdout, stderr } = await other.run(['backup', mail, '--json', '--quiet']);
      assert.equal(code, 0, stderr);
      assert.equal(stderr.match(/KEEP A COPY/g)?.length, 1);
      for (const line of stdout.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
    } finally {
      await other.leave();
    }
  });
});
