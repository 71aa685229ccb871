import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calendarLines, cronLine, parseCron, ruleAt } from './schedule.ts';

const rule = (text: string) => {
  const parsed = parseCron(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
};

test('B14: a time of day becomes a line for cron and one for systemd', () => {
  const nightly = ruleAt('03:00', undefined);
  assert.ok(nightly !== undefined);
  assert.equal(cronLine(nightly), '0 3 * * *');
  assert.deepEqual(calendarLines(nightly, undefined), ['*-*-* 03:00:00']);
  const weekly = ruleAt('4:05', ['sun', 'wed']);
  assert.ok(weekly !== undefined);
  assert.equal(cronLine(weekly), '5 4 * * 0,3');
  assert.deepEqual(calendarLines(weekly, 'Asia/Tokyo'), ['Sun,Wed *-*-* 04:05:00 Asia/Tokyo']);
});

test('B14: lists, ranges, steps and names of a cron expression are spelt out', () => {
  assert.equal(cronLine(rule('*/20 1-3 * jan,JUL mon-fri')), '0,20,40 1,2,3 * 1,7 1,2,3,4,5');
  assert.equal(cronLine(rule('5/20 0 1 * 7')), '5,25,45 0 1 * 0');
  assert.equal(cronLine(rule('  0-30/15   0 * * * ')), '0,15,30 0 * * *');
});

test('B14: where days of the week and of the month are given, either suffices for systemd, too', () => {
  assert.deepEqual(calendarLines(rule('30 2 1,15 * fri'), undefined), ['Fri *-*-* 02:30:00', '*-*-01,15 02:30:00']);
});

test('what is no time and no cron expression is refused', () => {
  for (const text of [
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '5-1 * * * *',
    '@daily',
    '* * * * mon#2',
    '*/0 * * * *',
    'a * * * *',
    '- * * * *',
  ]) {
    assert.equal(parseCron(text), undefined, text);
  }
  for (const time of ['24:00', '3', '03:60', '3:0', '03:00:00', ' 03:00'])
    assert.equal(ruleAt(time, undefined), undefined, time);
});
