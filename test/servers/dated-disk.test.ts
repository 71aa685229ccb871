import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomFor } from '../../bench/mailbox/random.ts';
import { isFault } from '../../src/model/fault.ts';
import {
  checkWithCoreutils,
  daily,
  type DatedFixture,
  mailComponent,
  makeDatedFixture,
  placeMessages,
} from '../../src/store/dated/dated-fixture.ts';
import { type FileSystem, mountLoop, whyNoLoop } from './loop-disk.ts';
import { mountSshfs } from './mounted-drive.ts';

let why: string | undefined;
before(async () => {
  why = await whyNoLoop();
  assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);
});

const messages = (from: number, count: number, text = 'text'): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`cur/${from + at}.M1P1.host,S=9:2,`, `${text} ${from + at}\n`]),
  );

/** A disk of this kind, and a server whose mail goes there. */
const onDisk =
  (fileSystem: FileSystem, megabytes: number, work: (fixture: DatedFixture, t: TestContext) => Promise<void>) =>
  async (t: TestContext): Promise<void> => {
    if (why !== undefined) return t.skip(why);
    await using disk = await mountLoop(fileSystem, megabytes);
    const fixture = await makeDatedFixture(join(disk.folder, 'mailserver'));
    try {
      await work(fixture, t);
    } finally {
      fixture.close();
    }
  };

for (const fileSystem of ['ext4', 'xfs', 'btrfs'] as const) {
  test(
    `B2, B13: two days on ${fileSystem}: links, owners, modes and times, and coreutils agrees`,
    onDisk(fileSystem, 512, async ({ mail, night, root }) => {
      placeMessages(mail, { ...messages(1, 40), sieve: 'keep;\n'.repeat(2000) });
      chmodSync(join(mail, 'cur'), 0o750);
      await night('2025-11-07');
      renameSync(join(mail, 'cur/1.M1P1.host,S=9:2,'), join(mail, 'cur/1.M1P1.host,S=9:2,S'));
      chmodSync(join(mail, 'sieve'), 0o600);
      placeMessages(mail, messages(41, 2));
      const { backup, captured } = await night('2025-11-08');
      const [mailNow] = captured;
      assert.equal(mailNow?.linked, 40);
      const at = (day: string, path: string): string => join(root, 'daily', day, 'mail/vmail', path);
      assert.equal(
        lstatSync(at('2025-11-08', 'cur/1.M1P1.host,S=9:2,S')).ino,
        lstatSync(at('2025-11-07', 'cur/1.M1P1.host,S=9:2,')).ino,
      );
      assert.notEqual(lstatSync(at('2025-11-08', 'sieve')).ino, lstatSync(at('2025-11-07', 'sieve')).ino);
      for (const path of ['cur', 'cur/7.M1P1.host,S=9:2,', 'sieve']) {
        const look = (file: string) => {
          const { mode, uid, gid, mtimeNs } = lstatSync(file, { bigint: true });
          return { mode, uid, gid, mtimeNs };
        };
        assert.deepEqual(look(at('2025-11-08', path)), look(join(mail, path)), path);
      }
      checkWithCoreutils(backup.folder);
      checkWithCoreutils(join(root, 'daily/2025-11-07'));
    }),
  );
}

describe('B2, B6: a disk that is full', () => {
  test(
    'in the middle leaves the old days as they are, and with room it goes on',
    onDisk('ext4', 24, async ({ mail, night, open, run, root }) => {
      placeMessages(mail, messages(1, 50));
      const { backup } = await night('2025-11-07');
      for (let at = 0; at < 20; at++) writeFileSync(join(mail, `cur/large-${at}`), Buffer.alloc(1_500_000, at));
      const store = open();
      const writer = await store.begin(daily('2025-11-08'), run);
      await assert.rejects(writer.capture(mailComponent(mail), run), (error) => isFault(error, 'disk-full'));
      await writer.abandon();
      await store.close();
      assert.deepEqual(readdirSync(join(root, 'daily')), ['2025-11-07']);
      checkWithCoreutils(backup.folder);
      const { bavail, bsize } = statfsSync(root);
      assert.ok(bavail * bsize > 10_000_000, 'what was written is gone');
      for (let at = 2; at < 20; at++) renameSync(join(mail, `cur/large-${at}`), join(mail, '..', `large-${at}`));
      const next = await night('2025-11-08');
      assert.equal(next.backup.state, 'good');
      checkWithCoreutils(next.backup.folder);
    }),
  );
});

describe('B2: a disk that cannot be written', () => {
  test('read-only: the fault says so, and what is there can be opened and read', async (t) => {
    if (why !== undefined) return t.skip(why);
    await using disk = await mountLoop('ext4', 32);
    const { mail, night, open, run, close } = await makeDatedFixture(join(disk.folder, 'mailserver'));
    try {
      placeMessages(mail, messages(1, 3));
      await night('2025-11-07');
      await disk.remount('ro');
      await assert.rejects(open().begin(daily('2025-11-08'), run), (error) => isFault(error, 'read-only'));
      const [backup] = await open().backups(run);
      assert.ok(backup !== undefined);
      const source = await open().open(backup, run);
      await source.close();
    } finally {
      close();
    }
  });

  test('without hard links: refused with a hint, and used where copies were chosen', async (t) => {
    if (why !== undefined) return t.skip(why);
    await using drive = await mountSshfs();
    const { mail, night, open, run, close } = await makeDatedFixture(join(drive.folder, 'mailserver'));
    try {
      placeMessages(mail, messages(1, 3));
      await assert.rejects(open().begin(daily('2025-11-07'), run), (error) => {
        return isFault(error, 'unsupported') && /copies: true/.test(error.hint ?? '');
      });
      await night('2025-11-07', undefined, { copies: true });
      const { backup } = await night('2025-11-08', undefined, { copies: true });
      assert.equal(backup.state, 'good');
      checkWithCoreutils(backup.folder);
    } finally {
      close();
    }
  });
});

const program = fileURLToPath(new URL('./dated-night.ts', import.meta.url));

describe('B2: kill -9', () => {
  test(
    'at any moment leaves no half day, no older day touched, and nothing that the next does not tidy',
    onDisk('ext4', 256, async ({ mail, root, open, run }, t) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      t.diagnostic(`seed ${seed}`);
      const random = randomFor('killed nights', seed);
      placeMessages(mail, messages(1, 400, 'x'.repeat(20_000)));
      const night = async (date: string, killAfter?: number): Promise<number | null> => {
        const child = spawn(process.execPath, [program, mail, root, date], { stdio: 'ignore' });
        const ended = once(child, 'close');
        if (killAfter !== undefined) {
          await Promise.race([wait(killAfter), ended]);
          child.kill('SIGKILL');
        }
        await ended;
        return child.exitCode;
      };
      const began = performance.now();
      assert.equal(await night('2025-11-01'), 0);
      const duration = performance.now() - began;
      let killed = 0;
      for (let day = 2; day <= 9; day++) {
        placeMessages(mail, messages(day * 1000, 40, 'y'.repeat(20_000)));
        const code = await night(`2025-11-0${day}`, duration * (0.3 + 0.8 * random.unit()));
        if (code !== 0) killed++;
        for (const name of readdirSync(join(root, 'daily'))) {
          if (!name.startsWith('.')) checkWithCoreutils(join(root, 'daily', name));
        }
        if (existsSync(join(root, 'latest'))) checkWithCoreutils(join(root, 'latest'));
      }
      t.diagnostic(`killed ${killed} of 8`);
      assert.equal(await night('2025-11-10'), 0);
      assert.deepEqual(
        readdirSync(join(root, 'daily')).filter((name) => name.startsWith('.')),
        [],
      );
      const backups = await open().backups(run);
      assert.deepEqual(
        backups.map(({ state }) => state),
        backups.map(() => 'good'),
      );
      checkWithCoreutils(join(root, 'daily/2025-11-10'));
      assert.equal(statSync(join(root, 'latest/backup.log')).mode & 0o777, 0o600);
      assert.match(readFileSync(join(root, 'latest/backup.log'), 'utf8'), /\[INFO\] \[backup\] complete/);
    }),
  );
});
