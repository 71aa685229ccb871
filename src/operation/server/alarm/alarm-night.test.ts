import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Component, DatedStore } from '../../../contract/component.ts';
import type { BrakeReason } from '../../../model/damage-brake.ts';
import { memoryDirectory, memoryFile } from '../../../protocol/memory/source.ts';
import {
  type DatedFixture,
  mailComponent,
  makeDatedFixture,
  memoryComponent,
  placeMessages,
} from '../../../store/dated/dated-fixture.ts';
import { usualAlarmLimits } from './alarm-limits.ts';
import { alarmNight, type AlarmNight } from './alarm-night.ts';
import { mailboxOf } from './mail-changes.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';

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

/** Bytes that look like nothing, always the same. */
const noise = (seed: number): Buffer =>
  Buffer.concat(Array.from({ length: 100 }, (_, at) => createHash('sha256').update(`${seed} ${at}`).digest()));

const messages = (from: number, count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`cur/${from + at}.host:2,`, `Subject: ${from + at}\r\n\r\ntext\r\n`]),
  );

interface Nights {
  night(components?: readonly Component[], confirmed?: boolean): Promise<AlarmNight>;
  readonly store: <Result>(work: (store: DatedStore) => Promise<Result>) => Promise<Result>;
}

const nightsOf = (fixture: DatedFixture): Nights => {
  let day = 6;
  const store: Nights['store'] = async (work) => {
    const opened = fixture.open();
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  };
  return {
    store,
    night: async (components = [mailComponent(fixture.mail)], confirmed = false) => {
      const { backup } = await fixture.night(`2025-11-${String(++day).padStart(2, '0')}`, components);
      return store((opened) =>
        alarmNight({ store: opened, limits: usualAlarmLimits, timeZone: 'UTC', confirmed }, backup, fixture.run),
      );
    },
  };
};

const kindsOf = ({ reasons }: { readonly reasons: readonly BrakeReason[] }): readonly string[] =>
  reasons.map(({ kind }) => kind);

withFixture('a night as any other is no alarm: mail comes, moves, gets flags, and some is deleted', async (fixture) => {
  const { mail } = fixture;
  const { night } = nightsOf(fixture);
  placeMessages(join(mail, 'alice'), messages(1, 200));
  assert.deepEqual(kindsOf(await night()), []);
  mkdirSync(join(mail, 'alice/.Archive/cur'), { recursive: true });
  for (let number = 1; number <= 150; number++) {
    const name = `${number}.host:2,`;
    renameSync(join(mail, 'alice/cur', name), join(mail, 'alice/.Archive/cur', `${name}S`));
  }
  for (let number = 160; number < 170; number++) rmSync(join(mail, 'alice/cur', `${number}.host:2,`));
  placeMessages(join(mail, 'alice'), messages(1000, 20));
  assert.deepEqual(await night(), { reasons: [], confirmed: [] });
});

withFixture(
  'ransomware is told, holds until a person confirms, and is judged against the last trusted day',
  async (fixture) => {
    const { mail } = fixture;
    const { night, store } = nightsOf(fixture);
    placeMessages(join(mail, 'alice'), messages(1, 60));
    await night();
    for (const [at, name] of readdirSync(join(mail, 'alice/cur')).slice(0, 40).entries()) {
      writeFileSync(join(mail, 'alice/cur', `${name}.new`), noise(at));
      renameSync(join(mail, 'alice/cur', `${name}.new`), join(mail, 'alice/cur', name));
    }
    const first = await night();
    assert.deepEqual(first.reasons, [
      { kind: 'bodies-changed', messages: 40 },
      { kind: 'odd-content', files: 40, of: 40 },
    ]);
    // A quiet night changes nothing about it.
    assert.deepEqual(kindsOf(await night()), ['bodies-changed', 'odd-content']);
    const confirmed = await night(undefined, true);
    assert.deepEqual([kindsOf(confirmed), confirmed.confirmed.length], [[], 2]);
    assert.equal((await store((opened) => opened.alarms(fixture.run))).open, undefined);
    assert.deepEqual(kindsOf(await night()), []);
  },
);

withFixture('where every day is damaged, a night is compared with the newest of them all the same', async (fixture) => {
  const { night, store } = nightsOf(fixture);
  placeMessages(fixture.mail, messages(1, 60));
  await night();
  for (let at = 1; at <= 12; at++) {
    const path = join(fixture.mail, `cur/${at}.host:2,`);
    rmSync(path);
    writeFileSync(path, noise(at));
  }
  const { backup } = await fixture.night('2025-11-20', [mailComponent(fixture.mail)]);
  const wish = { limits: usualAlarmLimits, timeZone: 'UTC', confirmed: false };
  const damagedStore = (opened: DatedStore) => ({
    backups: async (run: typeof fixture.run) =>
      (await opened.backups(run)).map((one) => (one.name.kind === 'daily' ? { ...one, damaged: true as const } : one)),
    open: opened.open.bind(opened),
    differences: opened.differences.bind(opened),
    alarms: opened.alarms.bind(opened),
    noteAlarms: opened.noteAlarms.bind(opened),
  });
  const judged = await store((opened) => alarmNight({ store: damagedStore(opened), ...wish }, backup, fixture.run));
  assert.deepEqual(kindsOf(judged), ['bodies-changed', 'odd-content']);
});

withFixture('a mailbox that lost much is named', async (fixture) => {
  const { mail } = fixture;
  const { night } = nightsOf(fixture);
  placeMessages(join(mail, 'example.com/alice'), messages(1, 80));
  placeMessages(join(mail, 'example.com/bob'), messages(500, 400));
  await night();
  rmSync(join(mail, 'example.com/alice'), { recursive: true });
  assert.deepEqual((await night()).reasons, [
    { kind: 'folder-gone', folder: 'mail/vmail/example.com/alice', gone: 80, before: 80 },
  ]);
});

const logs = (lines: readonly string[]): Component =>
  memoryComponent(
    'logs',
    'tree',
    memoryDirectory({ log: memoryDirectory({ 'mail.log': memoryFile(`${lines.join('\n')}\n`) }) }),
  );

withFixture('no new mail although the log has deliveries', async (fixture) => {
  const { mail, run } = fixture;
  const { night } = nightsOf(fixture);
  placeMessages(join(mail, 'alice'), messages(1, 5));
  const all = (lines: readonly string[]): readonly Component[] => [mailComponent(mail), logs(lines)];
  await night(all([]));
  const time = new Date(Number(run.now() / 1_000_000n) + 3_600_000).toISOString();
  const line = `${time} mail dovecot: lmtp(alice@example.com)<1><2>: msgid=<3>: saved mail to INBOX`;
  const many = Array.from({ length: 12 }, () => line);
  assert.deepEqual((await night(all(many))).reasons, [{ kind: 'no-new-mail', deliveries: 12 }]);
});

const dump = (tables: readonly string[], rows: number): Component =>
  memoryComponent(
    'mysql',
    'dump',
    memoryDirectory({
      'usermgmt.sql': memoryFile(
        `${tables.map((table) => `CREATE TABLE \`${table}\` (\n${'row\n'.repeat(rows)}`).join('')}\n-- Dump completed on 2025-11-07  3:00:00\n`,
      ),
    }),
  );

withFixture(
  'a dump that shrank or lost a table is told, and what was confirmed is usual from then on',
  async (fixture) => {
    const { night } = nightsOf(fixture);
    for (const rows of [3000, 3010, 3020])
      assert.deepEqual(kindsOf(await night([dump(['mailbox', 'alias'], rows)])), []);
    assert.deepEqual(kindsOf(await night([dump(['mailbox', 'alias'], 900)])), ['dump-shrank']);
    assert.deepEqual(kindsOf(await night([dump(['mailbox', 'alias'], 900)], true)), []);
    assert.deepEqual(kindsOf(await night([dump(['mailbox', 'alias'], 900)])), []);
    assert.deepEqual((await night([dump(['mailbox'], 900)])).reasons, [
      { kind: 'tables-lost', dump: 'mysql/usermgmt.sql', tables: ['alias'] },
    ]);
  },
);

test('the mailbox of a folder is what is above its Maildir', () => {
  const mailbox = (...path: readonly string[]): string =>
    mailboxOf(
      'mail',
      path.map((name) => byteStringOfText(name)),
    );
  assert.equal(mailbox('vmail', 'example.com', 'alice', 'cur'), 'mail/vmail/example.com/alice');
  assert.equal(mailbox('vmail', 'example.com', 'alice', '.Sent', 'new'), 'mail/vmail/example.com/alice');
  assert.equal(mailbox('vmail', 'example.com', 'alice', 'Maildir', '.Sent', 'cur'), 'mail/vmail/example.com/alice');
});
