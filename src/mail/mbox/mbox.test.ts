import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dateOfFromLine, fromLine, isFromLine } from './from-line.ts';
import { createQuoting } from './quoting.ts';
import { flagsOfFields, statusLines, statusLinesIn } from './status.ts';

test('From_ lines of many writers are understood, and sentences are none', () => {
  const cases: readonly [string, string][] = [
    ['From p5ml@yahoogroups.com  Tue Jan  7 12:09:16 2003', '2003-01-07T12:09:16.000Z'],
    ['From daemon@orphan.zombinet Sun, 11 Nov 2007 06:58:35 +0200', '2007-11-11T04:58:35.000Z'],
    ['From user@domain  Sat Mar 24 23:00:00 2007 +0200', '2007-03-24T21:00:00.000Z'],
    ['From 1234567890@xxx Mon Jan 15 10:00:00 +0000 2018', '2018-01-15T10:00:00.000Z'],
    ['From - Thu Feb 29 01:02:03 EST 2024', '2024-02-29T01:02:03.000Z'],
  ];
  for (const [line, expected] of cases) {
    assert.equal(isFromLine(line), true, line);
    assert.equal(new Date(Number((dateOfFromLine(line) ?? 0n) / 1_000_000n)).toISOString(), expected);
  }
  for (const line of ['From perl5-porters:', 'From here on at 10:30 we sleep', 'From 2003 on'])
    assert.equal(isFromLine(line), false);
  const line = fromLine(1_000_000_000_000_000_000n);
  assert.equal(line, 'From MAILER-DAEMON Sun Sep  9 01:46:40 2001\n');
  assert.equal(dateOfFromLine(line), 1_000_000_000_000_000_000n);
});

const quoted = (direction: 'add' | 'remove', pieces: readonly string[]): string => {
  const quoting = createQuoting(direction);
  const parts = pieces.map((piece) => Buffer.from(quoting.push(Buffer.from(piece, 'latin1'))).toString('latin1'));
  return parts.join('') + Buffer.from(quoting.end()).toString('latin1');
};

test('lines that begin with From get one quote, and lose one', () => {
  assert.equal(
    quoted('add', ['From a\n>From b\nFromc\n>>>From d\n > From']),
    '>From a\n>>From b\nFromc\n>>>>From d\n > From',
  );
  assert.equal(quoted('remove', ['>From a\n>>From b\nFrom c\n> From d\n']), 'From a\n>From b\nFrom c\n> From d\n');
});

test('A9 what is quoted comes back byte for byte, wherever it is cut', () => {
  const line = fc.constantFrom('From ', '>From ', '>>', 'F', '\n', '\r\n', 'From x\n', 'a', '\0');
  fc.assert(
    fc.property(fc.array(line), fc.nat(60), (parts, cut) => {
      const text = parts.join('');
      const added = quoted('add', [text.slice(0, cut), text.slice(cut)]);
      assert.equal(added, text.replace(/^(>*From )/gm, '>$1').replace(/\r(>+From )/g, '\r$1'));
      assert.equal(quoted('remove', [added.slice(0, cut), added.slice(cut)]), text);
    }),
  );
});

test('flags and keywords go into header lines and come back', () => {
  const lines = statusLines('DFRST', ['Work', '$Forwarded'], '\r\n');
  assert.equal(lines, 'Status: RO\r\nX-Status: AFTD\r\nX-Keywords: Work $Forwarded\r\n');
  assert.equal(statusLinesIn(`${lines}From: a`), lines.length);
  assert.equal(statusLinesIn('Status: RO\r\nX-Status: A\r\nFrom: a'), 0);
  const fields = new Map([
    ['status', ['RO']],
    ['x-status', ['AFTD']],
    ['x-keywords', ['Work $Forwarded']],
  ]);
  const all = ['$Forwarded', 'Work', '\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen'];
  assert.deepEqual(flagsOfFields(fields), all);
  assert.deepEqual(flagsOfFields(new Map([['x-mozilla-status', ['0005']]])), ['\\Flagged', '\\Seen']);
});
