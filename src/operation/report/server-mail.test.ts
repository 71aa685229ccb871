import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesIn } from '../../cli/catalogue/messages.ts';
import type { JobRecord, RunRecord } from '../../model/run-record.ts';
import { announcementOf, capacityAnnouncements } from './announcement.ts';
import { createReport } from './report.ts';
import { goodNight } from './run-record-fixture.ts';

const night = Date.UTC(2025, 10, 7, 3);
const terabyte = 1_099_511_627_776;
const gigabyte = 1_073_741_824;

const server: JobRecord = {
  name: 'mailserver',
  kind: 'server',
  host: 'mail',
  repository: '/mnt/backup-hdd/mailserver',
  started: night,
  ended: night + 45 * 60_000,
  outcome: {
    kind: 'failed',
    fault: {
      code: 'server-unavailable',
      message: 'mysql failed 4 times: Lost connection to MySQL server during query',
      hint: 'Look whether its container runs.',
    },
  },
  server: {
    components: [
      {
        name: 'mail',
        outcome: { kind: 'good' },
        attempts: 1,
        duration: 60_000,
        files: 50_000,
        bytes: 10.2 * gigabyte,
        writtenBytes: 1_000_000,
        unreadable: 0,
      },
      {
        name: 'mysql',
        outcome: {
          kind: 'failed',
          fault: { code: 'server-unavailable', message: 'Lost connection to MySQL server during query' },
        },
        attempts: 4,
        duration: 0,
        files: 0,
        bytes: 0,
        writtenBytes: 0,
        unreadable: 0,
      },
    ],
    disk: {
      path: '/mnt/backup-hdd/mailserver',
      mountPoint: '/mnt/backup-hdd',
      total: 3.6 * terabyte,
      used: 2.95 * terabyte,
      free: 648 * gigabyte,
      usedPercent: 82,
      warnAt: 80,
      daily: { count: 30, bytes: 150 * gigabyte },
      weekly: { count: 12, bytes: 120 * gigabyte },
    },
    backup: 'daily/2025-11-07',
    removed: 0,
    isCritical: false,
    warnings: [],
  },
};

const record: RunRecord = {
  ...goodNight,
  started: night,
  ended: server.ended,
  jobs: [server],
  repositories: [],
  exitCode: 1,
};
const report = createReport({ runs: [record], earlier: [] });
const drawing = (language: 'en' | 'ja') => ({
  words: messagesIn(language),
  timeZone: 'UTC',
  logFile: '/var/log/mailkeep/mailkeep.log',
});

const rule = '━'.repeat(40);

test('TC-07: the failure mail has the form of the design, what failed first', () => {
  const { subject, text, html } = announcementOf(report, drawing('en'));
  assert.equal(subject, '[ALERT] Mailserver Backup Failed - 2025-11-07');
  assert.equal(
    text,
    [
      rule,
      ' mailserver Backup Failure Report',
      rule,
      '',
      'Backup Date: 2025-11-07 03:00:00',
      'Status: FAILED',
      'Duration: 45:00 min',
      '',
      rule,
      ' Error Details',
      rule,
      '',
      'Component: mysql',
      'Error: Lost connection to MySQL server during query',
      '',
      'Component: mail',
      'Status: SUCCESS (10.20 GiB)',
      '',
      rule,
      ' Action Required',
      rule,
      '',
      '1. Look whether its container runs.',
      '2. Review full logs: /var/log/mailkeep/mailkeep.log (mailkeep report 00000000)',
      '3. Retry the backup by hand: mailkeep run mailserver',
      '',
      rule,
      '',
    ].join('\n'),
  );
  assert.match(html, /mysql: FAILED after 4 attempts/);
});

test('B5: in Japanese the words are others, and the subjects the same', () => {
  const { subject, text } = announcementOf(report, drawing('ja'));
  assert.equal(subject, '[ALERT] Mailserver Backup Failed - 2025-11-07');
  assert.match(text, /^ mailserver バックアップ失敗レポート$/m);
  assert.match(text, /^コンポーネント: mysql\nエラー: Lost connection/m);
  const [capacity] = capacityAnnouncements(report, drawing('ja'));
  assert.equal(capacity?.subject, '[WARNING] Backup Disk Capacity at 82%');
  assert.match(capacity?.text ?? '', /^マウントポイント: \/mnt\/backup-hdd$/m);
});

test('FR-07: a disk beyond its limit is told by a mail of its own, and a run that is good otherwise stays good', () => {
  const [capacity, ...others] = capacityAnnouncements(report, drawing('en'));
  assert.equal(others.length, 0);
  assert.equal(
    capacity?.text,
    [
      rule,
      ' Backup Disk Capacity Warning',
      rule,
      '',
      'Backup Date: 2025-11-07 03:00:00',
      'Mount Point: /mnt/backup-hdd',
      'Capacity: 3.600 TiB',
      'Used: 2.950 TiB (82%)',
      'Available: 648.0 GiB',
      '',
      rule,
      ' Backup Summary',
      rule,
      '',
      'Daily Backups: 30 (150.0 GiB)',
      'Weekly Backups: 12 (120.0 GiB)',
      '',
      rule,
      ' Recommendations',
      rule,
      '',
      '1. Review and delete unnecessary files beside the backups',
      '2. Consider keeping fewer days or weeks (keepDaily, keepWeekly)',
      '3. Plan for a larger disk or a second one',
      '',
      rule,
      '',
    ].join('\n'),
  );
  const good: RunRecord = { ...record, jobs: [{ ...server, outcome: { kind: 'good' } }], exitCode: 0 };
  const goodReport = createReport({ runs: [good], earlier: [] });
  assert.equal(goodReport.verdict, 'good');
  assert.equal(capacityAnnouncements(goodReport, drawing('en')).length, 1);
  assert.equal(
    announcementOf(goodReport, drawing('en')).subject,
    'Mail server backup good: mailserver, 10.20 GiB - 2025-11-07',
  );
});
