import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { textOfHtml } from './html-text.ts';
import { formatReadable, readMessage } from './readable.ts';
import { terminalText } from './terminal-text.ts';

const shown = async (message: string): Promise<string> =>
  formatReadable(await readMessage(Buffer.from(message, 'latin1')), (bytes) => `${bytes} bytes`);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n');

const top =
  'From: Jane <jane@example.org>\r\nSubject: =?utf-8?B?5pel5pys?=\r\nDate: Fri, 7 Nov 2025 03:00:00 +0900\r\n';
const mixed = `${top}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n`;

test('S7: a message is shown with its header, its text decoded, and its attachments by name, type and size', async () => {
  const text = '--b\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$BF|K\\\x1b(B desu\r\n';
  const sizes = [0, 1, 2, 3, 56, 57, 58, 1000];
  const attachments = sizes.map(
    (size) =>
      `--b\r\nContent-Type: application/pdf; name="=?utf-8?B?5pel?=${size}.pdf"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${base64(new Uint8Array(size))}\r\n`,
  );
  const expected = [
    'From: Jane <jane@example.org>',
    'Date: 2025-11-07 03:00:00 +0900',
    'Subject: 日本',
    ...sizes.slice(1).map((size) => `Attachment: 日${size}.pdf (application/pdf, ${size} bytes)`),
    '',
    '日本 desu',
    '',
  ];
  assert.equal(await shown(`${mixed}${text}${attachments.slice(1).join('')}--b--\r\n`), expected.join('\n'));
});

test('S7: HTML is reduced to text when there is nothing else', async () => {
  const html =
    '<html><head><title>t</title></head><body><p>Gr=C3=BC=C3=9Fe &amp; mehr</p><ul><li>eins<li>zwei</ul></body>';
  const head = 'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n';
  assert.ok((await shown(`${top}${head}${html}`)).endsWith('\n\nGrüße & mehr\n\n- eins\n- zwei\n'));
});

test('a message can do nothing to the terminal that shows it', async () => {
  const output = await shown(
    'Subject: a\x1b]0;title\x07\x9b2J\r\nFrom: =?utf-8?q?a=0D=0AX=1B[2J?= <a@b>\r\n\r\ntext\x1b[31m\x08\r\n',
  );
  assert.doesNotMatch(output, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.match(output, /^From: a X␛\[2J <a@b>\n/);
  assert.equal(terminalText('a\tb\r\nc\u202edcba'), 'a\tb\nc\ufffddcba');
});

test('what the library refuses is still read', async () => {
  const deep = Array.from(
    { length: 400 },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  ).join('');
  assert.match(
    await shown(`${top}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n${deep}`),
    /hello/,
  );
  const manyHeaders = `${mixed}--b\r\n\r\nhello\r\n${`--b\r\n${'X-Long: y\r\n'.repeat(5000)}\r\nx\r\n`.repeat(60)}`;
  assert.match(await shown(manyHeaders), /hello/);
  assert.match(await shown(`${top}\r\nbare\r\nreturn`.replaceAll('\r\n', '\r')), /bare\nreturn/);
  assert.equal(await shown(''), '\n\n');
  assert.match(await shown(`${mixed}there is no delimiter at all`), /no delimiter at all/);
});

test('a huge message is read without its attachments and with its text cut off', async () => {
  const text = `--b\r\nContent-Type: text/plain\r\n\r\n${'words '.repeat(1_000_000)}\r\n`;
  const attachment = `--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${'A'.repeat(76)}`;
  const message = `${mixed}${text}${attachment}${`\r\n${'A'.repeat(76)}`.repeat(400_000)}\r\n--b--\r\n`;
  const readable = await readMessage(Buffer.from(message, 'latin1'));
  assert.deepEqual(readable.attachments, [{ name: '', type: 'image/png', bytes: 57 * 400_001 }]);
  assert.ok(readable.text.length <= 2 * 1024 * 1024 + 2);
  assert.ok(readable.shortened);
});

test('HTML of any kind gives text, in linear time', () => {
  assert.equal(
    textOfHtml('<style>p{}</style>a<br>b<!-- c > d -->&#x65e5;&#26085;&unknown; 1 < 2<script>x'),
    'a\nb日日&unknown; 1 < 2x',
  );
  for (const piece of ['<', '<!--', '<p', '&', '<script>', '</', '<script></script']) {
    assert.equal(typeof textOfHtml(piece.repeat(200_000)), 'string');
  }
});

test('whatever the bytes are, something is shown', async () => {
  const token = fc.constantFrom(
    '--b\r\n',
    '--b--\r\n',
    '\r\n',
    '\r\n\r\n',
    '\r',
    '<p>',
    '&amp;',
    '\x1b[2J',
    '\xff\xfe',
    '=E3=81',
    'text',
    'Content-Type: text/html\r\n',
    'Content-Type: text/plain; charset=nonsense\r\n',
    'Content-Type: message/rfc822\r\n\r\n',
    'Content-Transfer-Encoding: base64\r\n',
    'Content-Transfer-Encoding: quoted-printable\r\n',
    'Content-Disposition: attachment; filename=x\r\n',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(token, { maxLength: 30 }), async (tokens) => {
      assert.doesNotMatch(await shown(mixed + tokens.join('')), /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    }),
  );
});
