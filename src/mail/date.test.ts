import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDate } from './date.ts';

const told = (text: string): string | undefined => {
  const date = parseDate(text);
  return date && `${new Date(Number(date.nanoseconds / 1_000_000n)).toISOString()} ${date.offsetMinutes}`;
};

test('S7: dates are read in the forms that mail has', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    'Fri, 7 Nov 2025 03:00:00 +0900': '2025-11-06T18:00:00.000Z 540',
    '7 Nov 2025 03:00 -0330 (NST)': '2025-11-07T06:30:00.000Z -210',
    'Tue, 11 Mar 97 12:00:00 EST': '1997-03-11T17:00:00.000Z -300',
    'Tue, 11 Mar 102 12:00:00 GMT': '2002-03-11T12:00:00.000Z 0',
    'Mon,1 September 2003 9:5:3': '2003-09-01T09:05:03.000Z 0',
    'Sat Nov  8 10:11:12 2025': '2025-11-08T10:11:12.000Z 0',
    'Sat Nov  8 10:11:12 +0100 2025': '2025-11-08T09:11:12.000Z 60',
    '2025-11-07T03:00:00+09:00': '2025-11-06T18:00:00.000Z 540',
    '2025-11-07': '2025-11-07T00:00:00.000Z 0',
    '03-Apr-2001 11:30:00 PM +0000': '2001-04-03T23:30:00.000Z 0',
    'Wed, 31 Dec 2008 23:59:60 +0000': '2009-01-01T00:00:00.000Z 0',
    '32 Jan 2020 00:00': undefined,
    '1 Foo 2020 00:00': undefined,
    '1 Jan 2020 25:00': undefined,
    yesterday: undefined,
    '': undefined,
  };
  for (const [text, moment] of Object.entries(cases)) assert.equal(told(text), moment, text);
});
