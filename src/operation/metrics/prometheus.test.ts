import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobRecord, KnownRun, RunRecord } from '../../model/run-record.ts';
import { prometheusText, successOf } from './prometheus.ts';

const day = 86_400_000;
const now = 1_800_000_000_000;

const job = (name: string, outcome: JobRecord['outcome'] = { kind: 'good' }): JobRecord => ({
  name,
  kind: 'imap',
  host: 'mail.example.org',
  repository: 'main',
  started: now,
  ended: now,
  outcome,
  captured: {
    snapshot: 'a'.repeat(64),
    arrived: 3,
    arrivedBytes: 300,
    gone: 1,
    changedBodies: 0,
    messages: 42,
    ledger: { onSource: 42, inSnapshot: 42, explained: 0, unexplained: 0 },
    addedBytes: 5,
    storedBytes: 6,
  },
  lastGood: now - 1000,
});

const record = (ago: number, jobs: readonly JobRecord[], more: Partial<RunRecord> = {}): KnownRun => ({
  kind: 'finished',
  record: {
    version: 1,
    id: '0'.repeat(16),
    command: 'run',
    trigger: 'schedule',
    program: 'mailkeep 1',
    machine: 'alpha',
    started: now - ago,
    ended: now - ago + 90_000,
    exitCode: 0,
    jobs,
    repositories: [
      {
        name: 'main',
        appendOnly: false,
        storedBytes: 2_000_000_000,
        snapshots: 7,
        monthlyCost: { amount: 0.012, currency: 'USD' },
        verify: { outcome: { kind: 'failed', fault: { code: 'pack-damaged', message: 'x' } }, readBytes: 0, packs: 0 },
        copies: [{ to: 'offsite', outcome: { kind: 'good' }, snapshots: 1, bytes: 1 }],
      },
    ],
    faults: [],
    notices: [],
    ...more,
  },
});

const everything = { isKnownJob: () => true, isKnownRepository: () => true, now };
const lineOf = (text: string, begin: string): string | undefined =>
  text.split('\n').find((line) => line.startsWith(begin));

test('B5: of each account and repository the newest run that had it counts', () => {
  const runs = [record(1000, [job('alice')]), record(day, [job('alice', { kind: 'held', reasons: [] }), job('bob')])];
  const text = prometheusText({ ...everything, runs });
  assert.equal(lineOf(text, 'mailkeep_account_outcome{account="alice",outcome="good"}')?.at(-1), '1');
  assert.equal(lineOf(text, 'mailkeep_account_outcome{account="alice",outcome="held"}')?.at(-1), '0');
  assert.ok(lineOf(text, 'mailkeep_account_messages{account="bob"} 42'));
  assert.ok(lineOf(text, `mailkeep_run_started_timestamp_seconds{command="run"} ${(now - 1000) / 1000}`));
  assert.ok(lineOf(text, 'mailkeep_run_duration_seconds{command="run"} 90'));
  assert.ok(lineOf(text, 'mailkeep_repository_stored_bytes{repository="main"} 2000000000'));
  assert.ok(lineOf(text, 'mailkeep_repository_monthly_cost{repository="main",currency="USD"} 0.012'));
  assert.ok(lineOf(text, 'mailkeep_repository_step_failed{repository="main",step="verify"} 1'));
  assert.ok(lineOf(text, 'mailkeep_repository_step_failed{repository="main",step="copy",to="offsite"} 0'));
});

test('every metric has its help and type once, before its samples, and the text ends with a line break', () => {
  const text = prometheusText({ ...everything, runs: [record(0, [job('alice'), job('bob')])] });
  const names = text.split('\n').flatMap((line) => /^# TYPE (\S+) gauge$/.exec(line)?.[1] ?? []);
  assert.deepEqual(names, [...new Set(names)]);
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(?:# (?:HELP|TYPE) \S+ .+|[a-z_]+(?:\{.*\})? [\d.]+)$/);
  assert.ok(text.endsWith('\n'));
});

test('what is no longer configured is left out, and what repositories say comes before history', () => {
  const runs = [record(0, [job('alice'), job('old')])];
  const lastGood = new Map([
    ['alice', now],
    ['new', now - day],
  ]);
  const text = prometheusText({ ...everything, runs, lastGood, isKnownJob: (name) => name !== 'old' });
  assert.doesNotMatch(text, /"old"/);
  assert.ok(lineOf(text, `mailkeep_account_last_good_timestamp_seconds{account="alice"} ${now / 1000}`));
  assert.ok(lineOf(text, `mailkeep_account_last_good_timestamp_seconds{account="new"} ${(now - day) / 1000}`));
});

test('names with quotes, backslashes and line breaks cannot break out of a label', () => {
  const text = prometheusText({ ...everything, runs: [record(0, [job('a"b\\c\nd')])] });
  assert.match(text, /account="a\\"b\\\\c\\nd"/);
});

test('the share of good runs is of 90 days, counts what was cut off, and not what is under way', () => {
  const { record: finished } = record(day, []) as Extract<KnownRun, { kind: 'finished' }>;
  const good = { ...finished, repositories: [] };
  const runs: KnownRun[] = [
    { kind: 'under-way', start: finished },
    { kind: 'finished', record: good },
    record(2 * day, []),
    { kind: 'cut-off', start: finished },
    { kind: 'finished', record: { ...good, command: 'maintain' } },
    { kind: 'finished', record: { ...good, started: now - 91 * day } },
  ];
  assert.deepEqual(successOf(runs, now), { good: 1, all: 3 });
});
