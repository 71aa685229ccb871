import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Component } from '../../../contract/component.ts';
import { daysLater } from '../../../contract/store-fixture.ts';
import { createTestRun, testTime } from '../../../contract/test-run.ts';
import { alarmReasons } from '../../../model/alarm-tag.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { brakedTag, confirmedTag, type Snapshot } from '../../../model/snapshot.ts';
import { memoryDirectory, memoryFile, type MemoryNode } from '../../../protocol/memory/source.ts';
import { createRepositoryFixture } from '../../../store/restic/repository-fixture.ts';
import { memoryComponent } from '../dated-store-fixture.ts';
import { serverNight, type ServerNight, type ServerNightParts } from '../server-night.ts';
import { usualAlarmLimits } from './alarm-limits.ts';

const day = 86_400_000;

const origin = { server: 'mailserver', host: 'mail.example.com', components: [] };

interface Nights {
  night(components: readonly Component[], confirmed?: boolean): Promise<ServerNight>;
  newest(): Promise<Snapshot>;
}

/** A server without a disk, and a repository of restic's format. */
const createNights = async (): Promise<Nights> => {
  const backend = createMemoryBackend();
  const fixture = await createRepositoryFixture(() => ({ ...backend, close: async () => {} }));
  let at = 0;
  const run = createTestRun({ start: testTime });
  const description = () => ({ ...daysLater(at), paths: [byteStringOfText('/mailserver')], excludes: [] });
  const repositoryFor = (confirmed: boolean): NonNullable<ServerNightParts['repository']> => ({
    withStore: async (work) => {
      const store = await fixture.open();
      const alarm = { limits: usualAlarmLimits, timeZone: 'UTC', confirmed };
      try {
        return await work({ store, name: 'mailserver', description: description(), origin, alarm });
      } finally {
        await store.close();
      }
    },
  });
  return {
    night: async (components, confirmed = false) => {
      at++;
      run.advance(day);
      const wish = { daily: true, weekly: false };
      const patience = { retries: [], sleep: run.sleep };
      const repository = repositoryFor(confirmed);
      return serverNight({ wish, patience, components: async () => components, disk: undefined, repository }, run);
    },
    newest: () =>
      repositoryFor(false).withStore(async ({ store }) => {
        const last = (await store.snapshots(run)).at(-1);
        assert.ok(last !== undefined);
        return last;
      }),
  };
};

const mailbox = (messages: Readonly<Record<string, MemoryNode>>): Component =>
  memoryComponent(
    'mail',
    memoryDirectory({ vmail: memoryDirectory({ alice: memoryDirectory({ cur: memoryDirectory(messages) }) }) }),
  );

const messages = (from: number, count: number, flags = ''): Readonly<Record<string, MemoryNode>> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `${from + at}.host:2,${flags}`,
      memoryFile(`Subject: ${from + at}\r\n\r\ntext\r\n`),
    ]),
  );

/** Bytes that look like nothing, always the same. */
const noise = (seed: number): MemoryNode =>
  memoryFile(
    Buffer.concat(Array.from({ length: 100 }, (_, at) => createHash('sha256').update(`${seed} ${at}`).digest())),
  );

test('a server without a disk: a night as any other is no alarm', async () => {
  const { night, newest } = await createNights();
  await night([mailbox(messages(1, 100))]);
  const second = await night([mailbox({ ...messages(1, 95, 'S'), ...messages(1000, 20) })]);
  assert.deepEqual([second.brake, second.faults], [[], []]);
  assert.deepEqual(
    (await newest()).tags.filter((tag) => tag.startsWith('mailkeep:')),
    [],
  );
});

test('a server without a disk: ransomware is told, stays open over quiet nights, and is over when a person confirms', async () => {
  const { night, newest } = await createNights();
  await night([mailbox(messages(1, 60))]);
  const harmed = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`${at + 1}.host:2,`, noise(at)]));
  const left = mailbox({ ...messages(1, 60), ...harmed });
  const reasons = [
    { kind: 'bodies-changed', messages: 40 },
    { kind: 'odd-content', files: 40, of: 40 },
  ] as const;
  const first = await night([left]);
  assert.deepEqual([first.brake, first.faults], [reasons, []]);
  assert.ok((await newest()).tags.includes(brakedTag));
  assert.deepEqual(alarmReasons((await newest()).tags), reasons);
  assert.deepEqual((await night([left])).brake, reasons);
  // It looks well again, and nobody has said why.
  assert.deepEqual((await night([mailbox(messages(1, 60))])).brake, reasons);
  const confirmed = await night([left], true);
  assert.deepEqual(confirmed.brake, []);
  const { tags } = await newest();
  assert.deepEqual([tags.includes(brakedTag), tags.includes(confirmedTag)], [false, true]);
  assert.deepEqual((await night([left])).brake, []);
});

test('a server without a disk: a mailbox that lost much, and a component that could not be captured', async () => {
  const { night } = await createNights();
  const bob = memoryComponent('keys', memoryDirectory({ key: memoryFile('key') }), [], 'archive');
  await night([mailbox(messages(1, 80)), bob]);
  const broken: Component = { ...bob, open: async () => assert.fail('no') };
  const second = await night([mailbox(messages(1, 5)), broken]);
  assert.deepEqual(second.brake, [
    { kind: 'account-gone', gone: 75, before: 80 },
    { kind: 'folder-gone', folder: 'mail/vmail/alice', gone: 75, before: 80 },
  ]);
});

const logs = (lines: readonly string[]): Component =>
  memoryComponent(
    'logs',
    memoryDirectory({ log: memoryDirectory({ 'mail.log': memoryFile(`${lines.join('\n')}\n`) }) }),
  );

test('a server without a disk: no new mail although the log has deliveries', async () => {
  const { night } = await createNights();
  await night([mailbox(messages(1, 5)), logs([])]);
  const time = new Date(Number(testTime / 1_000_000n) + 1.5 * day).toISOString();
  const line = `${time} mail dovecot: lmtp(alice@example.com)<1><2>: msgid=<3>: saved mail to INBOX`;
  const second = await night([mailbox(messages(1, 5)), logs(Array.from({ length: 12 }, () => line))]);
  assert.deepEqual(second.brake, [{ kind: 'no-new-mail', deliveries: 12 }]);
});

const dump = (tables: readonly string[], rows: number): Component =>
  memoryComponent(
    'mysql',
    memoryDirectory({
      'usermgmt.sql': memoryFile(
        `${tables.map((table) => `CREATE TABLE \`${table}\` (\n${'row\n'.repeat(rows)}`).join('')}\n-- Dump completed on 2025-11-07  3:00:00\n`,
      ),
    }),
    [],
    'dump',
  );

test('a server without a disk: a dump that shrank or lost a table is told, and what was confirmed is usual from then on', async () => {
  const { night } = await createNights();
  const kinds = async (...given: Parameters<typeof night>): Promise<readonly string[]> =>
    (await night(...given)).brake.map(({ kind }) => kind);
  for (const rows of [3000, 3010, 3020]) assert.deepEqual(await kinds([dump(['mailbox', 'alias'], rows)]), []);
  assert.deepEqual(await kinds([dump(['mailbox', 'alias'], 900)]), ['dump-shrank']);
  assert.deepEqual(await kinds([dump(['mailbox', 'alias'], 900)], true), []);
  assert.deepEqual(await kinds([dump(['mailbox', 'alias'], 900)]), []);
  assert.deepEqual(await kinds([dump(['mailbox'], 900)]), ['tables-lost']);
});
