import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHeader } from './header.ts';
import { compileSearch } from './search.ts';
import type { SearchQuery } from './search.ts';

const header = readHeader(
  Buffer.from(
    'From: Ｊane Doe <Jane@Example.org>\nTo: team@example.org\nCc: Müller <m@example.org>\n' +
      'Subject: ｶﾞｲﾄﾞ 第２版 draft\nDate: 7 Nov 2025 12:00:00 +0000\nMessage-ID: <a.b@c>\n\n',
  ),
);
const matches = (query: SearchQuery): boolean => compileSearch(query)(header);
const moment = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

test('S7: a message is found by what its header says, in either case and width', () => {
  const hits: readonly SearchQuery[] = [
    {},
    { from: 'jane doe' },
    { from: 'JANE@EXAMPLE' },
    { to: 'MÜLLER' },
    { to: 'team@' },
    { subject: 'ガイド' },
    { subject: '版' },
    { subject: '第2版 ｄｒａｆｔ' },
    { text: 'draft jane' },
    { messageId: '<a.b@c>' },
    { messageId: 'a.b@c' },
    { since: moment('2025-11-07T12:00:00Z'), before: moment('2025-11-08T00:00:00Z') },
  ];
  for (const query of hits) assert.ok(matches(query), JSON.stringify(query.subject ?? query.from ?? query.text));
});

test('S7: everything asked for must hold', () => {
  const misses: readonly SearchQuery[] = [
    { from: 'team' },
    { to: 'jane' },
    { subject: 'draft', from: 'bob' },
    { text: 'draft bob' },
    { messageId: 'a.b' },
    { since: moment('2025-11-07T12:00:01Z') },
    { before: moment('2025-11-07T12:00:00Z') },
  ];
  for (const query of misses) assert.ok(!matches(query));
  const undated = readHeader(Buffer.from('Subject: x\n\n'));
  assert.ok(!compileSearch({ since: 0n })(undated));
  assert.ok(compileSearch({ subject: 'x' })(undated));
});
