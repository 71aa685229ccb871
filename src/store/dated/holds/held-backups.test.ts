import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFault } from '../../../model/fault.ts';
import type { HoldEntry, HoldSubject } from '../../../model/hold.ts';
import { formatHoldLine } from '../../../model/hold-line.ts';
import type { HoldTrust } from '../../../model/hold-trust.ts';
import { retainDated } from '../../../operation/server/retain-dated.ts';
import { type DatedFixture, makeDatedFixture } from '../dated-fixture.ts';

const holdTrust: HoldTrust = {
  anybody: false,
  sign: async (line) => line,
  origins: async (lines) => lines.map(() => ({ kind: 'own' })),
};

const id = 'a'.repeat(16);
const common = { hold: id, time: '2026-11-26T00:00:00Z', host: 'h', user: 'u', reason: 'r' };
const entry = (subject: HoldSubject): HoldEntry => ({ ...common, kind: 'hold', id, subject });
const release: HoldEntry = { ...common, kind: 'release', id: 'b'.repeat(16) };

const add = async (fixture: DatedFixture, line: HoldEntry): Promise<void> => {
  const store = fixture.open({ holdTrust });
  await store.addHolds([{ text: formatHoldLine(line).trimEnd(), entry: line }], fixture.run);
  await store.close();
};

const deliver = ({ mail }: DatedFixture, user: string): void => {
  const folder = join(mail, 'example.com', user, 'cur');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(folder, '../new'), { recursive: true });
  writeFileSync(join(folder, `${readdirSync(folder).length}:2,S`), `mail for ${user}\n`);
};

const withFixture = (name: string, work: (fixture: DatedFixture) => Promise<void>): void => {
  test(name, async (t) => {
    const fixture = await makeDatedFixture();
    t.after(() => fixture.close());
    deliver(fixture, 'bob');
    await fixture.night('2026-11-01');
    deliver(fixture, 'alice');
    await fixture.night('2026-11-02');
    await fixture.night('2026-11-03');
    await work(fixture);
  });
};

const days = ({ root }: DatedFixture): readonly string[] => readdirSync(join(root, 'daily')).sort();

/** One day is enough for the policy. */
const retain = async (fixture: DatedFixture): Promise<readonly string[]> => {
  const store = fixture.open({ holdTrust });
  const policy = { keepDaily: 1, keepWeekly: 1, verifiedWithin: 86_400_000_000 };
  const { warnings } = await retainDated(store, policy, fixture.run);
  await store.close();
  assert.deepEqual(warnings, []);
  return days(fixture);
};

withFixture('S8: days that contain a held mailbox leave by no policy until the release', async (fixture) => {
  await add(fixture, entry({ kind: 'address', address: 'alice@example.com', paths: [] }));
  assert.deepEqual(await retain(fixture), ['2026-11-02', '2026-11-03']);
  const store = fixture.open({ holdTrust });
  const [first] = await store.backups(fixture.run);
  assert.ok(first !== undefined);
  await assert.rejects(store.remove(first, fixture.run), (error) => isFault(error, 'snapshot-held'));
  await store.close();
  await add(fixture, release);
  assert.deepEqual(await retain(fixture), ['2026-11-03']);
});

withFixture(
  'S8: a held day that is made again stays aside until the release, and a killed run gives it its name back',
  async (fixture) => {
    const store = fixture.open();
    const started = (await store.backups(fixture.run)).at(-1)?.started ?? 0;
    await store.close();
    await add(fixture, entry({ kind: 'days', days: [{ place: 'daily/2026-11-03', started }] }));
    await fixture.night('2026-11-03', undefined, { holdTrust });
    const aside = days(fixture).find((name) => name.startsWith('.held-2026-11-03.'));
    assert.ok(aside !== undefined);
    const message = 'mail/vmail/example.com/alice/cur/0:2,S';
    assert.equal(readFileSync(join(fixture.root, 'daily', aside, message), 'utf8'), 'mail for alice\n');
    await fixture.night('2026-11-04', undefined, { holdTrust });
    assert.ok(days(fixture).includes(aside));
    const held = fixture.open({ holdTrust });
    assert.deepEqual(
      [...(await held.heldAside(fixture.run))],
      [[`daily/${aside}`, [id]]],
      'it is listed where it lies',
    );
    await held.close();
    await add(fixture, release);
    await fixture.night('2026-11-05', undefined, { holdTrust });
    assert.ok(!days(fixture).includes(aside));
  },
);

withFixture('S8: a damaged note holds everything, and a release that nobody signed ends nothing', async (fixture) => {
  await add(fixture, entry({ kind: 'folder', path: 'example.com/alice' }));
  const store = fixture.open();
  assert.equal((await store.holds(fixture.run)).holds.length, 1);
  await store.addHolds([{ text: formatHoldLine(release).trimEnd(), entry: release }], fixture.run);
  const [, second] = await store.backups(fixture.run);
  assert.ok(second !== undefined);
  assert.deepEqual(await store.holdsOn(second, fixture.run), [id]);
  const folder = join(fixture.root, '.mailkeep/holds');
  for (const name of readdirSync(folder)) appendFileSync(join(folder, name), '{"damaged\n');
  const [first] = await store.backups(fixture.run);
  assert.ok(first !== undefined);
  assert.equal((await store.holdsOn(first, fixture.run)).length, 1);
  await store.close();
});
