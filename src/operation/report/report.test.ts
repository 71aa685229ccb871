import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesIn } from '../../cli/catalogue/messages.ts';
import { drawReport } from './drawing.ts';
import { reportHtml } from './html.ts';
import { badNight, brakedNight, goodNight, goodRepository, nightBefore } from './run-record-fixture.ts';
import { createReport } from './report.ts';
import { reportSubject } from './subject.ts';
import { reportText } from './text.ts';

const english = { words: messagesIn('en'), timeZone: 'UTC' };
const japanese = { words: messagesIn('ja'), timeZone: 'Asia/Tokyo' };
const good = createReport({ runs: [goodNight], earlier: [nightBefore] });
const bad = createReport({ runs: [badNight], earlier: [goodNight] });

test('a good night is one line that says so, and then what came, what left, growth, cost and ages', () => {
  assert.equal(
    reportText(drawReport(good, english)),
    `All good: 12 messages came, 3 left; 79,812 are kept
nas, 2026-11-26 03:00, took 3:07 min

JOBS
  fastmail: good
    12 messages came, 1.400 MiB; 3 messages left
    79,812 messages kept (+9), 4.400 GiB
    complete: all 79,812 of the source are in the snapshot
    last good snapshot: 2026-11-26 03:01 (2 minutes ago)

REPOSITORIES
  main: 3.400 GiB stored (+1.049 MiB)
    46 snapshots; 0.022 USD a month
    verified: 121.1 MiB read back
    copied to offsite: 1 snapshot, 1.049 MiB
    forget: 1 removed, 46 kept
    prune: 2.000 MiB freed

mailkeep 0.1.0, run 00000000cafe0026. mailkeep report 00000000 shows this again.
`,
  );
});

test('objects that could not be held back from deletion need a person as well', () => {
  const fault = { code: 'permission-denied', message: 'the bucket says no' } as const;
  const repository = { ...goodRepository, hold: { outcome: { kind: 'failed', fault }, extended: 0, held: 0 } } as const;
  const night = createReport({ runs: [{ ...goodNight, repositories: [repository] }], earlier: [] });
  assert.match(
    reportText(drawReport(night, english)),
    / 1\. main: hold: the bucket says no\n {4}\$ mailkeep maintain main\n[^]* {4}hold: see above\n/,
  );
});

test('a bad night begins with what needs a person, what failed first, with the command to type', () => {
  const [, , title, ...lines] = reportText(drawReport(bad, english)).split('\n').slice(0, 25);
  assert.equal(title, '');
  assert.deepEqual(lines, [
    'WHAT NEEDS YOU',
    ' 1. old was not captured: imap.example.net does not accept the password of bob',
    '    Make an application password in the settings of the account, and put it into its file.',
    '    $ mailkeep doctor old',
    '    $ mailkeep run old',
    ' 2. main: verification: pack 1aabf372 is damaged',
    '    $ mailkeep check -r main --read-data',
    ' 3. main: copy to offsite: offsite.example.org is silent',
    '    $ mailkeep copy --from-repo main -r offsite',
    ' 4. work/alice@example.com looks damaged, so the brake holds: everything is kept, nothing older leaves',
    '    4,211 messages of 9,800 in the account are gone',
    '    3,900 messages of 3,900 in Archive/<b>2019</b>␛[31m are gone',
    '    Look at the account. If all this is right, confirm it once:',
    '    $ mailkeep status work/alice@example.com',
    '    $ mailkeep run work/alice@example.com --confirm',
    ' 5. work/alice@example.com: a difference of 1 message is unexplained',
    '    $ mailkeep status work/alice@example.com',
    '',
    'JOBS',
    '  fastmail: good',
    '    12 messages came, 1.400 MiB; 3 messages left',
    '    79,812 messages kept (as before), 4.400 GiB',
  ]);
  assert.match(reportText(drawReport(bad, english)), /^FAILED: 1 of 3 jobs; 5 things need you\n/);
  assert.match(reportText(drawReport(bad, english)), /last good snapshot: 2026-11-23 03:00 \(3 days ago\)/);
});

test('Japanese reports are Japanese, in the time zone that was asked for', () => {
  const text = reportText(drawReport(good, japanese));
  assert.match(text, /^異常なし: 新着 12 通、消失 3 通、保存数 79,812 通\nnas、2026-11-26 12:00、/);
  assert.match(reportHtml(drawReport(bad, japanese)), /<html lang="ja">/);
});

test('nothing that comes from outside is markup in the HTML, which needs nothing from elsewhere', () => {
  const html = reportHtml(drawReport(bad, english));
  assert.ok(html.includes('Archive/&lt;b&gt;2019&lt;/b&gt;'));
  assert.ok(html.includes('&lt;script&gt;'));
  assert.doesNotMatch(html, /<script|<b>|<img|<link|url\(|\u001b/);
});

test('B5: subjects of failures and warnings are never translated; others are', () => {
  for (const drawing of [english, japanese]) {
    assert.equal(reportSubject(bad, drawing), '[ALERT] Mail Backup Failed - 2026-11-26');
    const braked = createReport({ runs: [brakedNight], earlier: [] });
    assert.equal(reportSubject(braked, drawing), '[WARNING] Mail Backup Needs Attention - 2026-11-26');
  }
  assert.equal(reportSubject(good, english), 'Mail backup good: 12 came, 3 left - 2026-11-26');
  assert.match(reportSubject(good, japanese), /^メールバックアップ正常/);
  const server = { ...badNight, jobs: badNight.jobs.map((job) => ({ ...job, kind: 'server' as const })) };
  const report = createReport({ runs: [server], earlier: [] });
  assert.equal(reportSubject(report, japanese), '[ALERT] Mailserver Backup Failed - 2026-11-26');
});

test('a change is another verdict, or something else that needs a person', () => {
  assert.equal(good.isChange, false);
  assert.equal(bad.isChange, true);
  assert.equal(createReport({ runs: [goodNight], earlier: [badNight] }).isChange, true);
  assert.equal(createReport({ runs: [badNight], earlier: [badNight, goodNight] }).isChange, false);
  assert.equal(createReport({ runs: [goodNight], earlier: [] }).isChange, true);
  const withoutJobs = { ...badNight, jobs: [] };
  const recovered = createReport({ runs: [goodNight], earlier: [goodNight], before: withoutJobs });
  assert.equal(recovered.isChange, true);
});

test('several runs are one report: what came is added up, and what a brake tells every night is told once', () => {
  const week = createReport({ runs: [nightBefore, brakedNight, brakedNight], earlier: [] });
  assert.equal(week.runs, 3);
  assert.equal(week.arrived, 36);
  assert.equal(week.jobs.find(({ name }) => name.startsWith('work'))?.gone, 4211);
  assert.match(drawReport(week, english).when, /\(3 runs, none failed\)$/);
});

test('a run that captured nothing is told as maintenance', () => {
  const maintained = createReport({ runs: [{ ...goodNight, command: 'maintain', jobs: [] }], earlier: [] });
  assert.equal(drawReport(maintained, english).headline, 'All good: the repositories are looked after');
});

test('a report survives JSON', () => {
  const read: unknown = JSON.parse(JSON.stringify(bad));
  assert.equal(JSON.stringify(read), JSON.stringify(bad));
});
