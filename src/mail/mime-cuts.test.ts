import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { looksLikeMail, mimeCuts, mimeSegments } from './mime-cuts.ts';
import { walkLeaves } from './mime-leaves.ts';
import type { Leaf } from './mime-leaves.ts';

const bytesOfText = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Looks like base64, differs by seed, ends without a line break. */
const encodedBody = (length: number, seed: number): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let state = seed + 1;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += text.length % 78 === 76 ? '\r\n' : alphabet.charAt((state >>> 16) & 63);
  }
  return text.trimEnd();
};

const attachment = encodedBody(20_000, 1);

interface Sample {
  readonly header?: string;
  readonly boundary?: string;
  readonly contentType?: string;
  readonly parts: readonly string[];
}

const base64Part = (body: string): string =>
  `Content-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`;

const multipart = ({ header = 'From: a@example.org\r\n', boundary = 'b1', contentType, parts }: Sample): string =>
  `${header}MIME-Version: 1.0\r\n${contentType ?? `Content-Type: multipart/mixed; boundary="${boundary}"`}\r\n\r\n` +
  `preamble\r\n${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\nepilogue\r\n`;

const partsOf = (message: string): string[] => {
  const bytes = bytesOfText(message);
  return mimeSegments(bytes)
    .filter((segment) => segment.kind === 'part')
    .map((segment) => textOf(bytes.subarray(segment.start, segment.end)));
};

const assertCovers = (bytes: Uint8Array): void => {
  const segments = mimeSegments(bytes);
  let at = 0;
  for (const segment of segments) {
    assert.equal(segment.start, at);
    assert.ok(segment.end > segment.start);
    at = segment.end;
  }
  assert.equal(at, bytes.length);
  assert.ok(segments.length <= 65);
  assert.deepEqual(
    mimeCuts(bytes),
    segments.slice(1).map((segment) => segment.start),
  );
};

const plain = 'Content-Type: text/plain\r\n\r\nhello';

test('S3: an attachment is cut out from its first byte to its last, the rest stays together', () => {
  const message = multipart({ parts: [plain, base64Part(attachment)] });
  const start = message.indexOf(attachment);
  assert.deepEqual(mimeSegments(bytesOfText(message)), [
    { start: 0, end: start, kind: 'small' },
    { start, end: start + attachment.length, kind: 'part' },
    { start: start + attachment.length, end: message.length, kind: 'small' },
  ]);
});

test('S3: the same attachment is the same blob whatever message, boundary, position and blank lines surround it', () => {
  const nested = multipart({ boundary: 'inner', header: '', parts: [plain, base64Part(attachment)] });
  const surroundings = [
    multipart({ parts: [base64Part(attachment)] }),
    multipart({ boundary: '----=_NextPart_000', parts: [plain, plain, base64Part(attachment), plain] }),
    multipart({ parts: [base64Part(`\r\n${attachment}\r\n\r\n`)] }),
    multipart({ boundary: 'outer', parts: [plain, nested, plain] }),
    multipart({ boundary: 'outer', parts: [`Content-Type: message/rfc822\r\n\r\nSubject: x\r\n${nested}`] }),
    multipart({ parts: [base64Part(attachment)] }).replace(/--b1--[^]*$/, '--b1'),
  ];
  for (const message of surroundings) assert.deepEqual(partsOf(message), [attachment]);
});

test('S3: LF, CRLF, bare CR and mixed line breaks are all understood', () => {
  const message = multipart({ parts: [plain, base64Part(attachment)] });
  const breaks: readonly string[] = ['\n', '\r', '\r\n'];
  for (const lineBreak of breaks) {
    assert.deepEqual(partsOf(message.replaceAll('\r\n', lineBreak)), [attachment.replaceAll('\r\n', lineBreak)]);
  }
  let line = 0;
  const mixed = multipart({ parts: [plain, base64Part('BODY')] }).replaceAll('\r\n', () => breaks[line++ % 3] ?? '\n');
  assert.deepEqual(partsOf(mixed.replace('BODY', attachment)), [attachment]);
});

test('boundaries are understood quoted, bare, folded, split as in RFC 2231, with blanks behind, and with another as prefix', () => {
  const boundary = 'a b;c';
  const forms: Readonly<Record<string, string>> = {
    'Content-Type: multipart/mixed; boundary="a b;c"': boundary,
    'content-type:multipart/mixed;\r\n\tcharset=x;\r\n\tBOUNDARY=plain; x=y': 'plain',
    'Content-Type: Multipart/Mixed; boundary*0="a b"; boundary*1=";c"': boundary,
    "Content-Type: multipart/mixed; boundary*=us-ascii'en'a%20b%3Bc": boundary,
    'Content-Type: multipart/mixed; boundary="a\\ b;c"': boundary,
  };
  for (const [contentType, name] of Object.entries(forms)) {
    assert.deepEqual(partsOf(multipart({ contentType, boundary: name, parts: [base64Part(attachment)] })), [
      attachment,
    ]);
  }
  const inner = multipart({ header: '', boundary: 'b1-inner', parts: [base64Part(attachment), plain] });
  assert.deepEqual(partsOf(multipart({ boundary: 'b1', parts: [inner] })), [attachment]);
  assert.deepEqual(partsOf(multipart({ parts: [base64Part(attachment)] }).replaceAll('--b1\r', '--b1 \t\r')), [
    attachment,
  ]);
});

test('an outer boundary ends an inner multipart that nobody closed, and the inner one does not return', () => {
  const inner = `Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n${base64Part(attachment)}`;
  const other = encodedBody(9000, 5);
  assert.deepEqual(partsOf(multipart({ boundary: 'out', parts: [inner, base64Part(other)] })), [attachment, other]);
});

test('S3: a message without a large attachment stays one blob', () => {
  const small = [
    multipart({ parts: [plain, base64Part(encodedBody(8000, 2))] }),
    multipart({ parts: [`Content-Type: text/html\r\n\r\n${'<p>words and words</p>\r\n'.repeat(1500)}`, plain] }),
    `From: a@example.org\r\nSubject: x\r\n\r\n${'some line of text\r\n'.repeat(2000)}`,
  ];
  for (const message of small) assert.deepEqual(mimeCuts(bytesOfText(message)), []);
  assert.deepEqual(mimeCuts(new Uint8Array(0)), []);
  assert.deepEqual(mimeSegments(new Uint8Array(0)), []);
});

test('S3: copies of one long text in many inboxes share all but the header', () => {
  const body = 'some line of text\r\n'.repeat(3000);
  const copies = ['alice', 'bob', 'carol'].map((name) => {
    const message = bytesOfText(`Delivered-To: ${name}@example.org\r\nFrom: x@example.org\r\n\r\n${body}`);
    const segments = mimeSegments(message);
    assert.equal(segments.length, 2);
    return textOf(message.subarray(segments[1]?.start, segments[1]?.end));
  });
  assert.deepEqual(copies, [body, body, body]);
});

test('a message is cut at most as often as allowed, and what follows stays together', () => {
  const parts = Array.from({ length: 100 }, (_, index) => base64Part(encodedBody(8300, index)));
  const message = bytesOfText(multipart({ parts }));
  assert.equal(mimeCuts(message).length, 62);
  assert.equal(mimeCuts(message, { maximumCuts: 5 }).length, 4);
  assertCovers(message);
});

test('a multipart without a usable boundary, or nested beyond all reason, is taken as it is', () => {
  assert.deepEqual(
    partsOf(multipart({ contentType: 'Content-Type: multipart/mixed', parts: [base64Part(attachment)] })),
    [],
  );
  let deep = base64Part(attachment);
  for (let level = 0; level < 1000; level++) {
    deep = `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n${deep}\r\n--b${level}--`;
  }
  assertCovers(bytesOfText(`From: a@example.org\r\n${deep}`));
  assertCovers(bytesOfText(`From: a@example.org\r\n${'Content-Type: message/rfc822\r\n\r\n'.repeat(100_000)}`));
});

test('a hundred thousand parts are walked one after the other', () => {
  const message = bytesOfText(multipart({ parts: Array.from({ length: 100_000 }, () => plain) }));
  const leaves: Leaf[] = [];
  walkLeaves(message, (leaf) => leaves.push(leaf) > 0);
  assert.equal(leaves.length, 100_000);
  assert.equal(mimeCuts(message).length, 1);
});

test('mail is known by its first bytes, and other files are not', () => {
  const mails = [
    'Return-Path: <a@b>\nDelivered-To: c\n\nx',
    'From a@b Thu Jan  1\nSubject: x\n\n',
    'X-Note: a\r\n b\r\n\r\n',
  ];
  for (const text of mails) assert.ok(looksLikeMail(bytesOfText(text)), text);
  const others = [
    '',
    'hello',
    '\x7fELF\x02\x01',
    '{"from": 1}',
    'key: value\nother: 1\n',
    '%PDF-1.7\n',
    '\n\nSubject: x\n',
  ];
  for (const text of others) assert.ok(!looksLikeMail(bytesOfText(text)), text);
});

test('whatever the bytes are, the segments are the message, without gap or overlap', () => {
  const token = fc.constantFrom(
    '--b1\r\n',
    '--b1--\r\n',
    '--b2\n',
    '--b1',
    '\r',
    '\n',
    '\r\n\r\n',
    '-',
    plain,
    attachment,
    base64Part(attachment),
    'Content-Type: multipart/mixed; boundary=b1\r\n\r\n',
    'Content-Type: multipart/mixed;\n boundary="b2"\n\n',
    'Content-Type: multipart/x; boundary*9=\r\n',
    'Content-Type: message/rfc822\r\n\r\n',
    'Subject: x\r\n',
    '\x00\xff',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
      assertCovers(bytesOfText(`From: a@example.org\r\n${tokens.join('')}`));
    }),
  );
});
