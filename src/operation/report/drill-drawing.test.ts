import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesIn } from '../../cli/catalogue/messages.ts';
import { createCheckTally } from '../../model/drill/check-tally.ts';
import type { DrillRecord } from '../../model/drill/drill-record.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { parseRecord } from '../../catalog/record-format.ts';
import { drawReport } from './drawing.ts';
import { reportHtml } from './html.ts';
import { createReport } from './report.ts';
import { reportSubject } from './subject.ts';
import { reportText } from './text.ts';

const messages = createCheckTally('messages');
messages.look(500);
messages.find({ kind: 'message-missing', subject: 'mail/vmail/<b>/cur/1' });
const sieve = createCheckTally('sieve');
sieve.skip('no-program', 'sievec');
const hour = 3_600_000;

const drill: DrillRecord = {
  server: 'mailserver',
  backup: '/mnt/backup-hdd/mailserver/daily/2026-11-26',
  backupTime: Date.UTC(2026, 10, 26, 3),
  isComplete: true,
  share: 0.05,
  messages: 500,
  wholeMessages: 10_000,
  accounts: 12,
  checks: [messages.result(), sieve.result()],
  times: [{ name: 'mail', measured: 60_000, whole: 25 * hour, bytes: 5, wholeBytes: 100 }],
  recovery: 25 * hour,
  dataAge: 2 * hour,
  programs: [
    { name: 'Dovecot 2.3.19' },
    { name: 'MariaDB 10.11.6', image: 'mariadb:10.11' },
    { name: 'Dovecot 2.3.19' },
  ],
  tables: { 'usermgmt.mailbox': 12 },
  trend: [{ time: Date.UTC(2026, 7, 1, 5), verdict: 'passed', recovery: hour, dataAge: hour, messages: 9000 }],
};

const record = (more: Partial<RunRecord>): RunRecord => ({
  version: 1,
  id: 'd1',
  command: 'drill',
  trigger: 'schedule',
  program: 'mailkeep 0.1.0',
  machine: 'nas',
  started: Date.UTC(2026, 10, 26, 5),
  ended: Date.UTC(2026, 10, 26, 6),
  exitCode: 1,
  jobs: [],
  repositories: [],
  faults: [],
  notices: [],
  ...more,
});

const failed = createReport({ runs: [record({ drill })], earlier: [] });
const english = { words: messagesIn('en'), timeZone: 'UTC' };

test('a drill that failed says so in one line, then what is wrong, then times, the backup, and earlier drills', () => {
  const text = reportText(drawReport(failed, english));
  assert.match(text, /^Drill FAILED: mailserver would not come back whole: 1 thing is wrong; 1 check was not made\n/);
  assert.match(text, / 1\. a message is missing: mail\/vmail\/<b>\/cur\/1\n/);
  assert.match(text, /all of it: 25:00:00 h \(RTO\)\n {4}longer than the goal of 24:00:00 h\n/);
  assert.match(text, /mail: 25:00:00 h \(60 s for the sample\)|mail: 25:00:00 h \(1:00 min for the sample\)/);
  assert.match(text, /daily\/2026-11-26 of 2026-11-26 03:00, 2:00:00 h old \(RPO\)/);
  assert.match(text, /sample: 500 of 10,000 messages \(5\.0 %\)/);
  assert.match(text, /2026-08-01 05:00: passed, RTO 1:00:00 h/);
});

test('its page has nothing of the outside as markup, and its mail says so in the subject', () => {
  assert.ok(!reportHtml(drawReport(failed, english)).includes('<b>/cur'));
  assert.equal(reportSubject(failed, english), '[ALERT] Mailserver Recovery Drill Failed - 2026-11-26');
  const japanese = reportText(drawReport(failed, { words: messagesIn('ja'), timeZone: 'UTC' }));
  assert.match(japanese, /^訓練不合格: mailserver/);
});

test('one that could not be done is told as that', () => {
  const fault = { code: 'disk-missing', message: 'the disk is not there' } as const;
  const text = reportText(drawReport(createReport({ runs: [record({ faults: [fault] })], earlier: [] }), english));
  assert.match(text, /^The recovery drill could not be done\n/);
  assert.match(text, /the disk is not there/);
});

test('a record of a drill is the same after history has kept it', () => {
  const kept = record({ drill });
  assert.deepEqual(parseRecord(JSON.stringify(kept)), kept);
});
