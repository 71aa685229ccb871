import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatAddress } from './address.ts';
import { attachmentName, readHeader } from './header.ts';
import type { MessageHeader } from './header.ts';

const read = (text: string): MessageHeader => readHeader(Buffer.from(text, 'latin1'));
const subjectOf = (bytes: Uint8Array | string): string =>
  readHeader(Buffer.concat([Buffer.from('Subject: '), Buffer.from(bytes), Buffer.from('\n\n')])).subject;

test('S7: the fields that a search needs are read, in any line breaks, folded, and without what follows', () => {
  const text = [
    'Received: from x\r\n\tby y',
    'FROM: "Doe, Jane" <jane@example.org>',
    'To: team: a@example.org, Bob <b@example.org>;',
    'Cc : c@example.org (Carol)',
    'Subject: a\r\n folded\r\n\tsubject',
    'Date: Fri, 7 Nov 2025 03:00:00 +0900 (JST)',
    'Message-ID:\r\n <id@example.org>',
    '\r\nSubject: not this',
  ].join('\r\n');
  for (const lineBreak of ['\r\n', '\n', '\r']) {
    const header = read(text.replaceAll('\r\n', lineBreak));
    assert.deepEqual(header, {
      from: [{ name: 'Doe, Jane', address: 'jane@example.org' }],
      to: [
        { name: '', address: 'a@example.org' },
        { name: 'Bob', address: 'b@example.org' },
      ],
      cc: [{ name: 'Carol', address: 'c@example.org' }],
      bcc: [],
      subject: 'a folded\tsubject',
      date: { nanoseconds: BigInt(Date.UTC(2025, 10, 6, 18)) * 1_000_000n, offsetMinutes: 540 },
      messageId: 'id@example.org',
    });
  }
});

test('S7: encoded words are decoded, joined where they stand together, and left alone where they are broken', () => {
  const cases: Readonly<Record<string, string>> = {
    '=?UTF-8?Q?Gr=C3=BC=C3=9Fe?= x': 'Grüße x',
    '=?utf-8?b?5pel?= \r\n =?UTF-8*ja?B?5pys?=': '日本',
    '=?utf-8?B?5pc=?= =?utf-8?B?pQ==?=': '日',
    '=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=': '日本',
    '=?ISO-2022-JP?B?GyRCJUclIyVsGyhC?=\r\n =?ISO-2022-JP?B?GyRCJS8lSCVqGyhC?=': 'ディレクトリ',
    '=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?Q?a?= =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=': '日本a日本',
    '=?shift_jis?B?k/qWew?=': '日本',
    '=?cp932?Q?=87=40?=': '①',
    'a =?utf-8?q?b_c?= d': 'a b c d',
    '=?utf-8?q?two words?=': 'two words',
    '=?nonsense?q?=C3=BC?=': 'ü',
    '=?utf-8?x?abc?=': '=?utf-8?x?abc?=',
    '=?utf-8?q?open': '=?utf-8?q?open',
    '=?=?utf-8?q?a?=': '=?a',
    '=?utf-8?q?what??=': 'what?',
  };
  for (const [raw, text] of Object.entries(cases)) assert.equal(subjectOf(raw), text, raw);
});

test('S7: raw text in UTF-8, ISO-2022-JP, Shift_JIS, EUC-JP and Latin 1 is guessed', () => {
  const shiftJis = Buffer.from('93fa967b8cea82cc', 'hex');
  assert.equal(subjectOf('日本語'), '日本語');
  assert.equal(subjectOf(Buffer.from('1b2442467c4b5c1b2842', 'hex')), '日本');
  assert.equal(subjectOf(shiftJis), '日本語の');
  assert.equal(subjectOf(Buffer.from('c6fccbdcb8eca4ce', 'hex')), '日本語の');
  assert.equal(subjectOf(Buffer.from('Fr\xe9d\xe9ric', 'latin1')), 'Frédéric');
  assert.equal(subjectOf(Buffer.from('Gr\xfc\xdfe aus M\xfcnchen', 'latin1')), 'Grüße aus München');
  const named = Buffer.from(
    'Content-Type: text/plain; charset=windows-1251\nSubject: \xcf\xf0\xe8\xe2\xe5\xf2\n\n',
    'latin1',
  );
  assert.equal(readHeader(named).subject, 'Привет');
});

test('a name is decoded after the list was taken apart', () => {
  const header = read('From: =?utf-8?Q?Doe=2C_Jane?= <jane@example.org>\nTo: <only@example.org>, undisclosed\n\n');
  assert.deepEqual(header.from, [{ name: 'Doe, Jane', address: 'jane@example.org' }]);
  assert.deepEqual(header.to.map(formatAddress), ['only@example.org', 'undisclosed']);
});

test('S7: names of attachments are read in the forms of RFC 2231 and RFC 2047', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['attachment; filename="a b.pdf"', 'a b.pdf'],
    ["attachment; filename*=utf-8''%E6%97%A5%E6%9C%AC.pdf", '日本.pdf'],
    ["attachment; filename*0*=utf-8''%E6%97; filename*1*=%A5; filename*2=.pdf", '日.pdf'],
    ["attachment; filename=plain.pdf; filename*=iso-2022-jp''%1B%24B%46%7C%1B%28B", '日'],
    ['attachment; filename="=?utf-8?B?5pel?="', '日'],
    ['attachment', 'x.png'],
    ['attachment; filename="\xe6\x97\xa5"', '日'],
    ['attachment; filename="quote\\"d"', 'quote"d'],
  ];
  for (const [disposition, name] of cases) assert.equal(attachmentName(disposition, 'image/png; name=x.png'), name);
  assert.equal(attachmentName('', ''), '');
});

test('whatever the bytes are, a header comes out', () => {
  const token = fc.constantFrom(
    ...'Subject:|From:|To:|Date: |=?utf-8?q?|=?iso-2022-jp?b?|?=|\x1b$B|\r\n|\n |\r|"|(|)|<|>|,|;|\\|a@b|=E3|\xe3|\x00|é'.split(
      '|',
    ),
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 60 }), (tokens) => {
      const header = read(tokens.join(''));
      assert.equal(typeof header.subject, 'string');
      assert.equal(typeof attachmentName(tokens.join(''), tokens.join('')), 'string');
    }),
  );
});

test('hostile headers take no more time than their length', () => {
  for (const piece of [
    '=?a?q?',
    '=?',
    '(',
    '"',
    '<',
    '<  ',
    'a,',
    ';',
    '; ',
    '=?utf-8?b?aaaa?= ',
    '\\',
    ':',
    'x*0=a;',
  ]) {
    const text = piece.repeat(Math.ceil(200_000 / piece.length));
    const header = read(
      `From: ${text}\nSubject: ${text}\nMessage-ID: ${text}\nContent-Type: ${text}\nDate: ${text}\n\n`,
    );
    assert.ok(header.subject.length <= text.length);
  }
});
