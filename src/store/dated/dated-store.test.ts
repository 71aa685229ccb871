import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { recordCapture } from '../../contract/recorded-capture.ts';
import type { Component } from '../../contract/component.ts';
import type { Source } from '../../contract/source.ts';
import { description } from '../../contract/store-fixture.ts';
import type { StoredSnapshot, WriteResult } from '../../contract/store.ts';
import type { TestRun } from '../../contract/test-run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { memoryDirectory, memoryFile, memorySymlink } from '../../protocol/memory/source.ts';
import { createMemoryBackend } from '../../backend/memory.ts';
import { createRepositoryFixture } from '../restic/repository-fixture.ts';
import {
  checkWithCoreutils,
  daily,
  type DatedFixture,
  mailComponent,
  makeDatedFixture,
  memoryComponent,
  type Night,
  placeMessages,
} from './dated-fixture.ts';

const withFixture = (name: string, work: (fixture: DatedFixture) => Promise<void>): void => {
  test(name, async () => {
    const fixture = await makeDatedFixture();
    try {
      await work(fixture);
    } finally {
      fixture.close();
    }
  });
};

const { stringify } = JSON;
const faultsOf = ({ run }: DatedFixture): readonly string[] =>
  run.events.flatMap((event) => (event.kind === 'fault' ? [event.fault.message] : []));

/** Reads a file of a source by its path. */
const textOf = async (source: Source, path: string, run: TestRun): Promise<string> => {
  const child = (await recordCapture(source, undefined, run)).child(path);
  assert.ok(child?.kind === 'fresh', `${path} is ${child?.kind}`);
  const parts: Uint8Array[] = [];
  for await (const { bytes, pieces, verdicts } of source.read([child], 'in-order', run)) {
    for (const { start, length } of pieces) parts.push(bytes.slice(start, start + length));
    for (const { verdict } of verdicts) assert.equal(verdict.kind, 'complete', stringify(verdict));
  }
  return Buffer.concat(parts).toString();
};

/** Changes one byte in place, as a disk that goes bad does it. */
const flip = (path: string): void => {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, 0);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 0);
  closeSync(file);
};

const dump = 'INSERT INTO t VALUES (1);\n\n-- Dump completed on 2025-11-07  3:00:00\n';
const whole = (): readonly Component[] => [
  memoryComponent('mysql', 'dump', memoryDirectory({ 'usermgmt.sql': memoryFile(dump) })),
  memoryComponent(
    'config',
    'archive',
    memoryDirectory({
      config: memoryDirectory({
        postfix: memoryDirectory({ 'main.cf': memoryFile('myhostname = mail\n'), link: memorySymlink('main.cf') }),
        'a.key': memoryFile('secret\n', { metadata: { mode: 0o600 } }),
      }),
      '.env': memoryFile('PASSWORD=x\n', { metadata: { mode: 0o600 } }),
    }),
  ),
];

describe('a dated disk (B2)', () => {
  withFixture('a first day lies as it is laid out, and coreutils agrees', async ({ mail, night, root, run }) => {
    placeMessages(join(mail, 'alice'), { 'cur/1.host:2,S': 'first\n', 'new/2.host': 'second\n' });
    const { backup, captured } = await night('2025-11-07');
    assert.equal(backup.state, 'good');
    assert.equal(readFileSync(join(root, 'daily/2025-11-07/mail/vmail/alice/cur/1.host:2,S'), 'utf8'), 'first\n');
    assert.equal(readlinkSync(join(root, 'latest')), 'daily/2025-11-07');
    assert.match(checkWithCoreutils(backup.folder), /mail\/vmail\/alice\/new\/2\.host: OK/);
    assert.deepEqual(readdirSync(backup.folder).sort(), ['.mailkeep', 'backup.log', 'checksums.sha256', 'mail']);
    assert.equal(statSync(root).mode & 0o777, 0o700);
    assert.equal(statSync(join(backup.folder, 'backup.log')).mode & 0o777, 0o600);
    assert.equal(captured[0]?.counts.files, 2);
    assert.deepEqual(
      run.events.filter(({ kind }) => kind === 'fault'),
      [],
    );
  });

  withFixture('the next day links what is same, also a message whose flags changed', async ({ mail, night, root }) => {
    placeMessages(join(mail, 'alice'), { 'cur/1.host:2,': 'first\n', 'cur/2.host:2,S': 'second\n' });
    await night('2025-11-07');
    renameSync(join(mail, 'alice/cur/1.host:2,'), join(mail, 'alice/cur/1.host:2,S'));
    placeMessages(join(mail, 'alice'), { 'new/3.host': 'third\n' });
    const { backup, captured } = await night('2025-11-08');
    const inode = (path: string): number => lstatSync(join(root, 'daily', path)).ino;
    assert.equal(
      inode('2025-11-08/mail/vmail/alice/cur/1.host:2,S'),
      inode('2025-11-07/mail/vmail/alice/cur/1.host:2,'),
    );
    assert.equal(
      inode('2025-11-08/mail/vmail/alice/cur/2.host:2,S'),
      inode('2025-11-07/mail/vmail/alice/cur/2.host:2,S'),
    );
    assert.equal(captured[0]?.linked, 2);
    assert.equal(captured[0]?.writtenBytes, 6);
    checkWithCoreutils(backup.folder);
  });

  withFixture('a day opens as a source and as a base', async ({ mail, night, open, run }) => {
    placeMessages(join(mail, 'alice'), { 'cur/1.host:2,': 'first\n' });
    const { backup } = await night('2025-11-07');
    const source = await open().open(backup, run);
    const recorded = await recordCapture(source, undefined, run);
    assert.deepEqual(recorded.paths(), [
      'mail',
      'mail/vmail',
      'mail/vmail/alice',
      'mail/vmail/alice/cur',
      'mail/vmail/alice/cur/1.host:2,',
      'mail/vmail/alice/new',
      'mail/vmail/alice/tmp',
    ]);
    const again = await recordCapture(source, source, run);
    assert.equal(again.child('mail/vmail/alice/cur/1.host:2,')?.kind, 'same');
    await source.close();
  });

  withFixture('archives and dumps lie as they are laid out, and open as what they hold', async (fixture) => {
    const { night, open, run } = fixture;
    const { backup } = await night('2025-11-07', whole());
    assert.deepEqual(readdirSync(join(backup.folder, 'config')).sort(), ['.env', 'config.tar.gz']);
    const listed = execFileSync('tar', ['-tzf', join(backup.folder, 'config/config.tar.gz')], { encoding: 'utf8' });
    assert.deepEqual(listed.trim().split('\n').sort(), [
      'config/',
      'config/a.key',
      'config/postfix/',
      'config/postfix/link',
      'config/postfix/main.cf',
    ]);
    const sql = execFileSync('gzip', ['-dc', join(backup.folder, 'mysql/usermgmt.sql.gz')], { encoding: 'utf8' });
    assert.equal(sql, dump);
    checkWithCoreutils(backup.folder);
    const source = await open().open(backup, run);
    assert.equal(await textOf(source, 'mysql/usermgmt.sql', run), dump);
    assert.equal(await textOf(source, 'config/config/postfix/main.cf', run), 'myhostname = mail\n');
    assert.equal(await textOf(source, 'config/.env', run), 'PASSWORD=x\n');
    await source.close();
    assert.deepEqual(faultsOf(fixture), []);
  });

  withFixture('the same archive is made of the same files', async ({ night }) => {
    const [first, second] = [await night('2025-11-07', whole()), await night('2025-11-08', whole())];
    const read = ({ backup }: Night): Buffer => readFileSync(join(backup.folder, 'config/config.tar.gz'));
    assert.deepEqual(read(first), read(second));
  });

  withFixture('a component that failed leaves nothing, and its day never counts as good', async (fixture) => {
    const { mail, night, open, run, root } = fixture;
    placeMessages(mail, { 'cur/1.host:2,': 'first\n' });
    await night('2025-11-07');
    const store = open();
    const writer = await store.begin(daily('2025-11-08'), run);
    const ending = { kind: 'failed' } as const;
    const broken = memoryDirectory({ 'a.sql': memoryFile('half', { ending: ending.kind }) });
    await writer.capture(mailComponent(mail), run);
    const captured = await writer.capture(memoryComponent('mysql', 'dump', broken), run);
    assert.equal(captured.unreadable, 1);
    const failing: Component = {
      name: 'postgres',
      form: 'dump',
      open: async () => {
        throw new Fault('server-unavailable', 'it does not answer');
      },
    };
    await assert.rejects(writer.capture(failing, run), (error) => isFault(error, 'server-unavailable'));
    assert.equal(existsSync(join(writer.folder, 'postgres')), false);
    const fault = new Fault('server-unavailable', 'it does not answer');
    const backup = await writer.publish([{ name: 'postgres', form: 'dump', fault, attempts: 4 }], run);
    await store.close();
    assert.equal(backup.state, 'incomplete');
    assert.deepEqual(
      backup.missing.map(({ name }) => name),
      ['postgres', 'mysql'],
    );
    assert.equal(readlinkSync(join(root, 'latest')), 'daily/2025-11-07');
  });

  withFixture(
    'B2: a date that is run again incompletely does not take the place of its good backup',
    async (fixture) => {
      const { mail, night, open, run, root } = fixture;
      placeMessages(mail, { 'cur/1.host:2,': 'first\n' });
      const { backup: good } = await night('2025-11-07');
      const store = open();
      const writer = await store.begin(daily('2025-11-07'), run);
      await writer.capture(mailComponent(mail), run);
      const fault = new Fault('server-unavailable', 'it does not answer');
      const failed = [{ name: 'mysql', form: 'dump', fault, attempts: 4 }] as const;
      await assert.rejects(writer.publish(failed, run), (error) => isFault(error, 'target-occupied'));
      const left = await store.backups(run);
      await store.close();
      assert.deepEqual(
        left.map(({ state, started }) => [state, started]),
        [['good', good.started]],
      );
      assert.equal(readlinkSync(join(root, 'latest')), 'daily/2025-11-07');
      assert.deepEqual(readdirSync(join(root, 'daily')).sort(), ['.failed-2025-11-07', '2025-11-07']);
    },
  );

  withFixture(
    'a byte that flipped before the end is found: nothing is published, what was there stays',
    async (fixture) => {
      const { mail, night, open, run, root } = fixture;
      placeMessages(mail, { 'cur/1.host:2,': 'first\n' });
      const { backup: before } = await night('2025-11-07');
      placeMessages(mail, { 'cur/2.host:2,': 'second\n' });
      const store = open();
      const writer = await store.begin(daily('2025-11-07'), run);
      await writer.capture(mailComponent(mail), run);
      flip(join(writer.folder, 'mail/vmail/cur/2.host:2,'));
      await assert.rejects(writer.publish([], run), (error) => isFault(error, 'verification-failed'));
      await writer.abandon();
      assert.deepEqual(readdirSync(join(root, 'daily')).sort(), ['.failed-2025-11-07', '2025-11-07']);
      assert.equal((await store.backups(run))[0]?.started, before.started);
      await store.close();
      checkWithCoreutils(before.folder);
      await night('2025-11-07');
      assert.deepEqual(readdirSync(join(root, 'daily')).sort(), ['2025-11-07']);
    },
  );

  withFixture('a flipped byte is found and named, in every day that has the file', async (fixture) => {
    const { mail, night, open, run } = fixture;
    placeMessages(mail, { 'cur/1.host:2,': 'first\n', 'cur/2.host:2,': 'second\n' });
    await night('2025-11-07', [mailComponent(mail), ...whole()]);
    const { backup } = await night('2025-11-08', [mailComponent(mail), ...whole()]);
    const store = open();
    assert.deepEqual(await store.verify(backup, run), []);
    flip(join(backup.folder, 'mail/vmail/cur/2.host:2,'));
    const damages = await store.verify(backup, run);
    assert.deepEqual(
      damages.map(({ path }) => path),
      ['mail/vmail/cur/2.host:2,'],
    );
    assert.deepEqual(
      (await store.backups(run)).map(({ damaged, verified }) => ({ damaged, verified })),
      [
        { damaged: true, verified: undefined },
        { damaged: true, verified: undefined },
      ],
    );
    await store.close();
    // The next day has it from the source again, and stands by itself.
    const next = await night('2025-11-09', [mailComponent(mail), ...whole()]);
    assert.equal(readFileSync(join(next.backup.folder, 'mail/vmail/cur/2.host:2,'), 'utf8'), 'second\n');
    checkWithCoreutils(next.backup.folder);
  });

  withFixture('a changed file never alters an older day', async ({ mail, night }) => {
    const file = join(mail, 'subscriptions');
    placeMessages(mail, { subscriptions: 'old\n', sieve: 'keep;\n' });
    const { backup: first } = await night('2025-11-07');
    placeMessages(mail, { subscriptions: 'new\n' });
    chmodSync(join(mail, 'sieve'), 0o640);
    const { backup: second } = await night('2025-11-08');
    assert.equal(readFileSync(join(first.folder, 'mail/vmail/subscriptions'), 'utf8'), 'old\n');
    assert.equal(readFileSync(join(second.folder, 'mail/vmail/subscriptions'), 'utf8'), 'new\n');
    assert.equal(statSync(join(first.folder, 'mail/vmail/sieve')).mode & 0o777, 0o644);
    assert.equal(statSync(join(second.folder, 'mail/vmail/sieve')).mode & 0o777, 0o640);
    assert.equal(statSync(file).mtimeMs, statSync(join(second.folder, 'mail/vmail/subscriptions')).mtimeMs);
    checkWithCoreutils(first.folder);
    checkWithCoreutils(second.folder);
  });

  withFixture('a weekly backup is the daily one by hard links', async ({ mail, night, open, run, root }) => {
    placeMessages(mail, { 'cur/1.host:2,': 'first\n' });
    const { backup } = await night('2025-11-09', [mailComponent(mail), ...whole()]);
    const store = open();
    const weekly = await store.linkWeekly({ kind: 'weekly', year: 2025, week: 45 }, backup, run);
    await store.close();
    assert.equal(weekly.folder, join(root, 'weekly/2025-week-45'));
    const inode = (folder: string): number => statSync(join(folder, 'mail/vmail/cur/1.host:2,')).ino;
    assert.equal(inode(weekly.folder), inode(backup.folder));
    checkWithCoreutils(weekly.folder);
    assert.deepEqual(
      (await open().backups(run)).map(({ name, verified }) => [name.kind, verified === backup.verified]),
      [
        ['daily', true],
        ['weekly', true],
      ],
    );
    const again = open();
    await again.remove(backup, run);
    await again.close();
    checkWithCoreutils(weekly.folder);
    assert.deepEqual(readdirSync(join(root, 'daily')), []);
  });

  withFixture('names of any bytes, links and empty folders come back', async ({ mail, night, open, run }) => {
    const odd = Buffer.from([0x61, 0xff, 0x0a, 0x5c, 0x09, 0x0d, 0x7a]);
    writeFileSync(Buffer.concat([Buffer.from(`${mail}/`), odd]), 'odd\n');
    placeMessages(mail, { '--help': 'x', ' ': 'y', '*': 'z', 'a\\nb': 'w' });
    symlinkSync('nowhere', join(mail, 'link'));
    const { backup } = await night('2025-11-07');
    checkWithCoreutils(backup.folder);
    const source = await open().open(backup, run);
    const name = odd.toString('latin1');
    assert.equal(await textOf(source, `mail/vmail/${name}`, run), 'odd\n');
    const link = (await recordCapture(source, undefined, run)).child('mail/vmail/link');
    assert.equal(link?.kind === 'fresh' ? link.entry.linkTarget : undefined, 'nowhere');
    await source.close();
    const { captured } = await night('2025-11-08');
    assert.equal(captured[0]?.writtenBytes, 0);
    assert.equal(captured[0]?.linked, 5);
  });

  withFixture(
    'one run at a time is on the disk, and what a killed one left goes',
    async ({ mail, night, open, run, root }) => {
      placeMessages(mail, { 'cur/1.host:2,': 'first\n' });
      const store = open();
      const writer = await store.begin(daily('2025-11-07'), run);
      await assert.rejects(open().begin(daily('2025-11-07'), run), (error) => isFault(error, 'run-under-way'));
      await writer.capture(mailComponent(mail), run);
      mkdirSync(join(root, 'daily/.partial-2025-11-06.0123456789ab/.mailkeep'), { recursive: true });
      mkdirSync(join(root, 'daily/.replaced-2025-11-05.0123456789ab'), { recursive: true });
      await store.close();
      assert.deepEqual(await open().backups(run), []);
      await night('2025-11-07');
      assert.deepEqual(readdirSync(join(root, 'daily')).sort(), ['2025-11-05', '2025-11-07']);
    },
  );

  withFixture('an aborted run leaves no half day', async ({ mail, open, run, root }) => {
    placeMessages(mail, { 'cur/1.host:2,': 'first\n' });
    const store = open();
    const writer = await store.begin(daily('2025-11-07'), run);
    run.abort();
    await assert.rejects(writer.capture(mailComponent(mail), run), (error) => isFault(error, 'interrupted'));
    await store.close();
    assert.deepEqual(readdirSync(join(root, 'daily')), []);
  });

  withFixture('a file that is gone from the last day is read again', async ({ mail, night }) => {
    placeMessages(mail, { 'cur/1.host:2,': 'first\n', 'cur/2.host:2,': 'second\n' });
    const { backup: first } = await night('2025-11-07');
    rmSync(join(first.folder, 'mail/vmail/cur/1.host:2,'));
    const { backup } = await night('2025-11-08');
    assert.equal(backup.state, 'good');
    assert.equal(readFileSync(join(backup.folder, 'mail/vmail/cur/1.host:2,'), 'utf8'), 'first\n');
    checkWithCoreutils(backup.folder);
  });

  withFixture('copies are made where they were chosen', async ({ mail, night }) => {
    placeMessages(mail, { 'cur/1.host:2,': 'first\n' });
    await night('2025-11-07', undefined, { copies: true });
    const { backup, captured } = await night('2025-11-08', undefined, { copies: true });
    assert.equal(captured[0]?.linked, 0);
    assert.equal(statSync(join(backup.folder, 'mail/vmail/cur/1.host:2,')).nlink, 1);
    checkWithCoreutils(backup.folder);
  });

  withFixture('a repository fed from a day asks only for what changed since the day before', async (fixture) => {
    const { mail, night, open, run } = fixture;
    placeMessages(mail, { 'cur/1.host:2,': 'first\n', 'cur/2.host:2,': 'second\n' });
    const first = await night('2025-11-07', [mailComponent(mail), ...whole()]);
    placeMessages(mail, { 'new/3.host': 'third\n' });
    const second = await night('2025-11-08', [mailComponent(mail), ...whole()]);
    const backend = createMemoryBackend();
    const { openRepository } = await createRepositoryFixture(() => ({ ...backend, close: async () => {} }));
    const repository = await openRepository();
    const keep = async ({ backup }: Night, parent?: StoredSnapshot): Promise<WriteResult> =>
      repository.write(
        await open().open(backup, run),
        parent === undefined ? { description } : { description, parent },
        run,
      );
    const one = await keep(first);
    const parent = await repository.open(one.snapshot?.id ?? '', run);
    const two = await keep(second, parent);
    assert.equal(two.summary.filesNew, 1);
    assert.equal(two.summary.filesChanged, 0);
    assert.equal(two.unreadable, 0);
  });
});
