import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createPerson, ended, type Person } from '../program.ts';

const folders = 20;
const filesEach = 150;
const all = folders * filesEach;

/** Requirement S1: what could not be read is never taken for deleted, not even when all of it goes away at once. */
describe('a source that goes away in the middle of its backup', { concurrency: 1 }, () => {
  let person: Person;

  before(async () => {
    person = await createPerson();
  });
  after(() => person.leave());

  const isSnapshot = (value: unknown): value is { readonly tags?: readonly string[] } =>
    typeof value === 'object' && value !== null;

  class Case {
    readonly root: string;
    readonly repository: string;
    readonly access: readonly string[];
    readonly maildir: boolean;

    constructor(name: string, maildir: boolean) {
      const folder = join(person.folder, name);
      this.maildir = maildir;
      this.root = join(folder, 'mail');
      this.repository = join(folder, 'repository');
      this.access = ['-r', this.repository, '-p', join(folder, 'password')];
      mkdirSync(folder);
      for (let number = 0; number < folders; number++) this.#fillFolder(number);
    }

    /** Written anew, so that everything is to be read. */
    #fillFolder(number: number): void {
      const folder = join(this.root, `.F${String(number).padStart(2, '0')}`);
      for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
      const messages = this.maildir ? join(folder, 'cur') : folder;
      for (let file = 0; file < filesEach; file++) {
        writeFileSync(join(messages, `17${String(file).padStart(8, '0')}.M1P1.host:2,S`), randomBytes(16_000));
      }
    }

    renew(): void {
      for (let number = 0; number < folders; number++) this.#fillFolder(number);
    }

    async init(): Promise<void> {
      const password = this.access[3] ?? '';
      const { code, stderr } = await person.run(['init', '--generate-password', password, '-r', this.repository]);
      assert.equal(code, 0, stderr);
    }

    backup(): readonly string[] {
      // Small packs, so that the middle of a backup is long, and can be seen; and every message is looked at: otherwise it is
      // the day that decides which seventh of the folders, whose messages changed in place, is read at all.
      return ['backup', this.root, '--rescan', '--pack-size', '4M', ...this.access];
    }

    packs(): number {
      return readdirSync(join(this.repository, 'data'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        /[0-9a-f]{64}$/.test(name),
      ).length;
    }

    /** Moves the root away when the first pack of the running backup is there. */
    async interrupted(): Promise<{ readonly code: number; readonly stderr: string }> {
      const before = this.packs();
      const child = person.start(this.backup());
      const end = ended(child);
      while (this.packs() === before) {
        assert.equal(child.exitCode, null, 'the program ended before the source could go away');
        await sleep(2);
      }
      renameSync(this.root, `${this.root}-away`);
      return end;
    }

    async newest(): Promise<{ readonly tags: readonly string[]; readonly files: number }> {
      const { stdout } = await person.run(['snapshots', '--json', ...this.access]);
      const listed: unknown = JSON.parse(stdout);
      assert.ok(Array.isArray(listed));
      const newest: unknown = listed.at(-1);
      assert.ok(isSnapshot(newest));
      const { stdout: lines } = await person.run(['ls', 'latest', '--json', ...this.access]);
      return { tags: newest.tags ?? [], files: lines.match(/"type": ?"file"/g)?.length ?? 0 };
    }

    restore(): void {
      rmSync(this.root, { recursive: true, force: true });
      renameSync(`${this.root}-away`, this.root);
    }
  }

  for (const maildir of [false, true]) {
    const kind = maildir ? 'a Maildir' : 'a folder';

    test(`S1: ${kind} without an earlier backup: exit 1, marked incomplete, and whole the next time`, async () => {
      const { code, stderr, newest, next } = await lose(new Case(`first-${String(maildir)}`, maildir), false);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /vanished while it was read/);
      assert.deepEqual(newest.tags, ['mailkeep:incomplete']);
      assert.ok(newest.files < all, 'it went away before all was read');
      assert.deepEqual(next, { tags: [], files: all });
    });

    test(`S1: ${kind} with an earlier backup keeps all its files from there`, async () => {
      const { code, stderr, newest, next } = await lose(new Case(`second-${String(maildir)}`, maildir), true);
      assert.equal(code, 1, stderr);
      assert.deepEqual(newest, { tags: ['mailkeep:incomplete'], files: all });
      assert.deepEqual(next, { tags: [], files: all });
    });
  }

  test('S1: a disk that is not mounted is told each night, and nothing of it is lost, until a person says otherwise', async () => {
    const source = new Case('unmounted', true);
    await source.init();
    assert.equal((await person.run(source.backup())).code, 0);
    renameSync(source.root, `${source.root}-away`);
    mkdirSync(source.root);
    for (const night of ['first', 'second']) {
      const { code, stderr } = await person.run(source.backup());
      assert.equal(code, 1, night);
      assert.match(stderr, /has no files, and had some at the last backup/, night);
      assert.deepEqual(await source.newest(), { tags: ['mailkeep:incomplete'], files: all }, night);
    }
    const kept = await person.run(['forget', '--verified-only', '--keep-last', '1', '--dry-run', ...source.access]);
    assert.doesNotMatch(kept.stdout, /covered by/);
    assert.equal((await person.run([...source.backup(), '--allow-empty'])).code, 0);
    assert.deepEqual(await source.newest(), { tags: [], files: 0 });
    assert.equal((await person.run(source.backup())).code, 0);
  });

  const lose = async (source: Case, withBase: boolean) => {
    await source.init();
    if (withBase) {
      assert.equal((await person.run(source.backup())).code, 0);
      source.renew();
    }
    const { code, stderr } = await source.interrupted();
    const newest = await source.newest();
    source.restore();
    const { code: nextCode, stderr: nextErrors } = await person.run(source.backup());
    assert.equal(nextCode, 0, nextErrors);
    return { code, stderr, newest, next: await source.newest() };
  };
});
