import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isFault } from '../../../model/fault.ts';
import { limits } from './limits.ts';
import { ResponseReader } from './response-reader.ts';
import type { FetchedMessage, Response } from './response.ts';

interface Heard {
  readonly responses: Response[];
  readonly messages: Partial<FetchedMessage>[];
  readonly contents: { uid: number | undefined; bytes: number; text: string }[];
}

/** Only what is there, so that expectations stay short. */
const told = (message: FetchedMessage): Partial<FetchedMessage> =>
  Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));

const read = (chunks: readonly Uint8Array[]): Heard => {
  const heard: Heard = { responses: [], messages: [], contents: [] };
  const reader = new ResponseReader({
    response: (response) => heard.responses.push(response),
    fetched: (message) => heard.messages.push(told(message)),
    contentStart: ({ uid }, bytes) => heard.contents.push({ uid, bytes, text: '' }),
    content: (bytes) => {
      const content = heard.contents.at(-1);
      if (content !== undefined) content.text += Buffer.from(bytes).toString('latin1');
    },
    contentEnd: () => {
      const content = heard.contents.at(-1);
      assert.equal(content?.text.length, content?.bytes);
    },
  });
  for (const chunk of chunks) reader.push(chunk);
  assert.ok(reader.idle, 'nothing is left over');
  return heard;
};

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const readText = (text: string): Heard => read([bytes(text)]);
const one = (text: string): Response | undefined => readText(text).responses[0];
const seen = { letters: 'S', keywords: [], all: ['\\Seen'], line: '\\Seen' };

describe('the IMAP response reader', () => {
  test('reads what servers answer to a scan, whatever the order of its parts', () => {
    const { messages } = readText(
      '* 1 FETCH (UID 7 FLAGS (\\Seen) MODSEQ (12))\r\n' +
        '* 2 FETCH (FLAGS (\\Recent \\seen) UID 9 INTERNALDATE " 1-Feb-2004 03:04:05 +0900" RFC822.SIZE 10)\r\n' +
        '* 3 fetch (flags () uid 11 emailid (M1) threadid nil x-gm-msgid 1278455344230334865)\n',
    );
    assert.deepEqual(messages, [
      { sequence: 1, uid: 7, flags: seen, modseq: 12n },
      { sequence: 2, uid: 9, flags: seen, date: { seconds: 1_075_572_245, zoneMinutes: 540 }, size: 10 },
      {
        sequence: 3,
        uid: 11,
        flags: { letters: '', keywords: [], all: [], line: '' },
        emailId: 'M1',
        gmailMessageId: '1278455344230334865',
      },
    ]);
  });

  test('hands the content of a message through, with what was said of it before', () => {
    const text = '* 2 FETCH (UID 9 BODY[] {12}\r\nA: b\r\n\r\n}\r\n) FLAGS (\\Seen))\r\nM1 OK done\r\n'.replace(
      '{12}',
      '{13}',
    );
    const { contents, messages, responses } = readText(text.replace('\r\n) FLAGS', '\r\n)\0 FLAGS'));
    assert.deepEqual(contents, [{ uid: 9, bytes: 13, text: 'A: b\r\n\r\n}\r\n)\0' }]);
    assert.deepEqual(messages, [{ sequence: 2, uid: 9, contentBytes: 13, flags: seen }]);
    assert.equal(responses.length, 1);
  });

  test('reads contents that come as quoted strings, empty, as NIL, as literal8 and before the UID', () => {
    const { contents, messages } = readText(
      '* 1 FETCH (UID 1 BODY[] "A: \\"b\\"")\r\n* 2 FETCH (BODY[] {0}\r\n UID 2)\r\n* 3 FETCH (UID 3 BODY[] NIL)\r\n' +
        '* 4 FETCH (UID 4 BODY[] ~{3}\r\na\0b)\r\n* 5 FETCH (RFC822 {2}\r\nxy UID 5)\r\n',
    );
    assert.deepEqual(
      contents.map(({ uid, text }) => [uid, text]),
      [
        [1, 'A: "b"'],
        [undefined, ''],
        [4, 'a\0b'],
        [undefined, 'xy'],
      ],
    );
    assert.deepEqual(
      messages.map(({ uid, contentBytes }) => [uid, contentBytes]),
      [
        [1, 6],
        [2, 0],
        [3, undefined],
        [4, 3],
        [5, 2],
      ],
    );
  });

  test('keeps literals that are no content: labels, names, headers', () => {
    const { messages, contents, responses } = readText(
      '* 1 FETCH (X-GM-LABELS (\\Inbox {3}\r\na)b "foo]" {1}\r\nc) UID 3 BODY[HEADER.FIELDS (DATE)] {9}\r\nDate: x\r\n)\r\n' +
        '* LIST (\\HasNoChildren) "/" {5}\r\na\r\n"b\r\n',
    );
    assert.deepEqual(messages, [
      { sequence: 1, labels: ['\\Inbox', 'a)b', 'foo]', 'c'], uid: 3, header: 'Date: x\r\n' },
    ]);
    assert.deepEqual(contents, []);
    assert.equal(responses[0]?.kind === 'list' && responses[0].name, 'a\r\n"b');
  });

  test('reads LIST as servers really send it', () => {
    const list = (text: string): unknown => {
      const response = one(`* LIST ${text}\r\n`);
      return response?.kind === 'list' && [response.attributes, response.delimiter, response.name];
    };
    assert.deepEqual(list('(\\Noselect) "/" ""'), [['\\Noselect'], '/', '']);
    assert.deepEqual(list('() NIL Entw&APw-rfe'), [[], undefined, 'Entw&APw-rfe']);
    assert.deepEqual(list('() "\\\\" "a\\\\b \\"c\\""'), [[], '\\', 'a\\b "c"']);
    assert.deepEqual(list('() "." Two words (and more)'), [[], '.', 'Two words']);
    assert.deepEqual(list('() "/" "x" (CHILDINFO ("SUBSCRIBED"))'), [[], '/', 'x']);
    assert.deepEqual(list('() "/" ~foo'), [[], '/', '~foo']);
    assert.deepEqual(list('() "/" Entw\xfcrfe'), [[], '/', 'Entw\xfcrfe']);
  });

  test('reads STATUS, SEARCH, ESEARCH, VANISHED, NAMESPACE and codes', () => {
    assert.deepEqual(one('* STATUS "a (b)" (MESSAGES 3 UIDNEXT 9 HIGHESTMODSEQ 18446744073709551615 UNSEEN 1)\r\n'), {
      kind: 'status',
      status: { name: 'a (b)', messages: 3, uidNext: 9, highestModseq: 18_446_744_073_709_551_615n },
    });
    assert.deepEqual(one('* STATUS Two words (MAILBOXID (F1) SIZE 5)\r\n'), {
      kind: 'status',
      status: { name: 'Two words', mailboxId: 'F1', size: 5 },
    });
    assert.deepEqual(one('* SEARCH 5 3 4 9 (MODSEQ 917162500)\r\n'), {
      kind: 'search',
      uids: [
        { first: 3, last: 5 },
        { first: 9, last: 9 },
      ],
    });
    assert.deepEqual(one('* ESEARCH (TAG "M1") UID ALL 1:3,7 COUNT 4\r\n'), {
      kind: 'esearch',
      all: [
        { first: 1, last: 3 },
        { first: 7, last: 7 },
      ],
      count: 4,
    });
    assert.deepEqual(one('* ESEARCH (TAG "M1") UID\r\n'), { kind: 'esearch', all: undefined, count: undefined });
    assert.deepEqual(one('* VANISHED (EARLIER) 41,43:45\r\n'), {
      kind: 'vanished',
      earlier: true,
      uids: [
        { first: 41, last: 41 },
        { first: 43, last: 45 },
      ],
    });
    const code = one('* OK [BADCHARSET ("a]b")] and ] more {3}\r\n');
    assert.deepEqual(code, {
      kind: 'condition',
      condition: 'OK',
      code: { name: 'BADCHARSET', argument: '("a]b")' },
      text: 'and ] more {3}',
    });
    assert.deepEqual(one('M1 NO\r\n'), { kind: 'tagged', tag: 'M1', condition: 'NO', code: undefined, text: '' });
    const namespaces = one('* NAMESPACE (("" "/")("#x" NIL)) NIL (("#shared/" "/"))\r\n');
    assert.deepEqual(namespaces?.kind === 'namespace' && namespaces.all.map(({ prefix }) => prefix), [
      '',
      '#x',
      '#shared/',
    ]);
  });

  test('what is no IMAP is server-misbehaved, and sizes are bounded', () => {
    const refuses = (text: string): void => {
      assert.throws(
        () => readText(text),
        (thrown) => isFault(thrown, 'server-misbehaved'),
        text.slice(0, 60),
      );
    };
    refuses('HTTP/1.1 400 Bad Request\r\n');
    refuses('* 1 FETCH (UID 5 FLAGS (\\Seen\r\n');
    refuses('* 1 FETCH (UID x)\r\n');
    refuses('* 1 FETCH (UID 99999999999999999999999)\r\n');
    refuses(`* 1 FETCH (UID 1 BODY[] {${limits.messageBytes + 1}}\r\n`);
    refuses(`* LIST () "/" {${limits.literalBytes + 1}}\r\n`);
    refuses(`* 1 FETCH (BODYSTRUCTURE ${'('.repeat(100)}${')'.repeat(100)})\r\n`);
    refuses('* VANISHED 1:x\r\n');
    assert.throws(
      () => read(Array.from({ length: 300 }, () => bytes('x'.repeat(65_536)))),
      (thrown) => isFault(thrown, 'server-misbehaved'),
    );
  });

  test('it does not matter where the bytes are cut', () => {
    const text =
      '* OK [CAPABILITY IMAP4rev1] hello\r\n* 1 FETCH (UID 7 FLAGS (\\Seen $Label1) BODY[] {13}\r\nA: b\r\n\r\n{3}\r\n)\r\n' +
      '* LIST () "/" {3}\r\na b\r\n+ go on\r\n* 3 EXISTS\r\nM1 OK [READ-ONLY] done\r\n';
    const whole = readText(text);
    assert.equal(whole.responses.length, 5);
    for (let at = 1; at < text.length; at++)
      assert.deepEqual(read([bytes(text.slice(0, at)), bytes(text.slice(at))]), whole);
    assert.deepEqual(read([...text].map(bytes)), whole);
  });

  test('any messages come out as they went in, however they are cut', () => {
    const content = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array).toString('latin1'));
    const message = fc.record({ uid: fc.integer({ min: 1, max: 4_294_967_295 }), content });
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), cuts, (messages, sizes) => {
        const text = messages
          .map(({ uid, content }, at) => `* ${at + 1} FETCH (UID ${uid} BODY[] {${content.length}}\r\n${content})\r\n`)
          .join('');
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < text.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(bytes(text.slice(at, at + size)));
          at += size;
        }
        const heard = read(chunks);
        assert.deepEqual(
          heard.contents.map(({ uid, text }) => [uid, text]),
          messages.map(({ uid, content }) => [uid, content]),
        );
      }),
    );
  });

  test('whatever a hostile server sends, it ends in responses or in a fault', () => {
    const fragment = fc.oneof(
      fc.constantFrom(
        '* ',
        '1 FETCH (',
        'UID 5 ',
        'FLAGS (',
        'BODY[] ',
        '{3}\r\n',
        '{',
        '}',
        '"',
        '\\',
        '(',
        ')',
        '\r\n',
        '\n',
      ),
      fc.constantFrom(
        '* LIST () "/" ',
        '* STATUS x (',
        '* SEARCH ',
        '* ESEARCH ',
        '* VANISHED ',
        '* OK [',
        '+ ',
        'M1 ',
        '\x01',
      ),
      fc.uint8Array({ maxLength: 12 }).map((array) => Buffer.from(array).toString('latin1')),
      fc.nat().map(String),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 60 }), (fragments) => {
        const reader = new ResponseReader({
          response: () => undefined,
          fetched: () => undefined,
          contentStart: () => undefined,
          content: () => undefined,
          contentEnd: () => undefined,
        });
        try {
          for (const fragment of fragments) reader.push(bytes(fragment));
        } catch (error) {
          if (!isFault(error, 'server-misbehaved')) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
