import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Cost } from './measure.ts';
import { markdown, median, type Report, withReport } from './report.ts';

function cost(wall: number, cpu: number): Cost {
  return { wall, cpu, peak: 100e6, peakSum: 120e6 };
}

const report: Report = {
  machine: {
    processor: 'CPU',
    processors: 2,
    memory: 8e9,
    kernel: '6.1',
    fileSystem: 'ext4',
    load: '0.0, 1.0',
    date: '2026-01-02',
    commit: 'abc',
  },
  method: 'By a clock',
  repeat: 3,
  cold: false,
  programs: [{ kind: 'missing', name: 'borg', why: 'not installed' }],
  series: [
    { mailbox: 'one-file', messages: 1, rows: [{ id: 'fixed', title: 'one file', action: 'unchanged' }] },
    { mailbox: 'standard', messages: 10, rows: [{ id: 'unchanged', title: 'nothing changed', action: 'unchanged' }] },
  ],
  mailboxes: [],
  results: [
    { row: 'fixed', program: 'mailkeep', costs: [cost(0.5, 0.5)], stored: 1, failure: undefined },
    { row: 'fixed', program: 'restic', costs: [cost(0.75, 0.5)], stored: 1, failure: undefined },
    {
      row: 'unchanged',
      program: 'mailkeep',
      costs: [cost(9, 3), cost(1, 1), cost(2, 2)],
      stored: 30e6,
      failure: undefined,
    },
    { row: 'unchanged', program: 'restic', costs: [cost(5, 3), cost(5, 3)], stored: 60e6, failure: undefined },
    { row: 'unchanged', program: 'rsync', costs: [], stored: undefined, failure: 'ended with 1:\nno space' },
  ],
};

describe('the report of the bench', () => {
  const lines = markdown(report).split('\n');

  test('has medians, and how many times better than each alternative Mailkeep is', () => {
    assert.ok(lines.includes('| nothing changed | mailkeep | 2.00 |  | 2.00 |  | 100 | 120 | 30 |  |'));
    assert.ok(lines.includes('| nothing changed | restic | 5.00 | 2.50 × | 3.00 | 1.50 × | 100 | 120 | 60 | 0.50 |'));
  });

  test('says in the row which program is missing or failed, and why', () => {
    assert.ok(lines.includes('| nothing changed | borg | missing | | | | | | | |'));
    assert.ok(lines.includes('- borg: missing: not installed'));
    assert.ok(lines.some((line) => line.startsWith('| nothing changed | rsync | failed |')));
    assert.ok(lines.includes('- rsync failed: ended with 1: no space'));
  });

  test('takes the fixed costs off', () => {
    assert.ok(lines.includes('| mailkeep |  | 0.50 | 1.50 |'));
    assert.ok(lines.includes('| restic |  | 0.75 | 4.25 |'));
  });

  test('replaces what is between the markers of docs/benchmarks.md, and only that', () => {
    const page = readFileSync(new URL('../docs/benchmarks.md', import.meta.url), 'utf8');
    const once = withReport(page, 'first report');
    const twice = withReport(once, 'second report');
    assert.ok(once.includes('first report') && !twice.includes('first report') && twice.includes('second report'));
    assert.equal(twice.replace('second report', 'first report'), once);
    assert.equal(once.split('<!--')[0], page.split('<!--')[0]);
    assert.throws(() => withReport('no markers', 'report'), /lacks/);
    const both = withReport(once, 'report of accounts', 'imap');
    assert.ok(both.includes('first report') && both.includes('report of accounts'));
  });

  test('the median of an even number of figures is the mean of the middle ones', () => {
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])], [2, 2.5, 7]);
  });
});
