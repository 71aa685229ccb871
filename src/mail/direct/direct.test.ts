import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import { isFault } from '../../model/fault.ts';
import { encodeModifiedUtf7, mailboxText } from '../mailbox-name.ts';
import { digestBlock } from './block-digest.ts';
import { blockName, blockOfUid, parseBlockName } from './block-name.ts';
import { canonicalFlags, joinFlags, splitFlags } from './flags.ts';
import { directoryOfFolder, folderOfDirectory } from './folder-name.ts';
import { encodeFormatRecord, parseFormatRecord } from './format-record.ts';
import { encodeLedger, type FolderLedger, isExplained, parseLedger } from './ledger.ts';
import { encodeMailboxRecord, type MailboxRecord, parseMailboxRecord } from './mailbox-record.ts';
import { createMessageDigest } from './message-digest.ts';
import { messageFileName, parseMessageFileName } from './message-name.ts';
import { createMessageRecordReader, encodeMessageRecords, parseMessageRecords } from './message-record.ts';

const newHash = () => createHash('sha256');
const name = byteStringOfLatin1;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('a folder lies under a flat ASCII name that tells its raw name', () => {
  const cases: readonly (readonly [ByteString, string, string])[] = [
    [name('INBOX'), '/', 'INBOX'],
    [name('Entw&APw-rfe'), '/', 'Entw&APw-rfe'],
    [name('Work/2024'), '/', 'Work%2F2024'],
    [name('INBOX.Sent'), '.', 'INBOX%2ESent'],
    [name('v1.2 notes'), '/', 'v1.2 notes'],
    [name('.hidden'), '/', '%2Ehidden'],
    [name('..'), '/', '%2E.'],
    [name('100%'), '/', '100%25'],
    [byteStringOfText('受信箱'), '/', '%E5%8F%97%E4%BF%A1%E7%AE%B1'],
    [name(''), '/', '%'],
    [name('a\0b\nc'), '/', 'a%00b%0Ac'],
  ];
  for (const [raw, delimiter, directory] of cases) {
    assert.equal(directoryOfFolder(raw, delimiter, newHash), directory);
    assert.equal(folderOfDirectory(name(directory)), raw);
  }
});

test('any folder name has a directory of its own, of at most 200 harmless bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => name(Buffer.from(array).toString('latin1')));
  fc.assert(
    fc.property(bytes, fc.constantFrom('/', '.', '\\', undefined), (raw, delimiter) => {
      const directory = directoryOfFolder(raw, delimiter, newHash);
      assert.match(directory, /^(?!\.)[A-Za-z0-9&+,\-_@ .%]{1,200}$/);
      const back = folderOfDirectory(directory);
      assert.ok(back === raw || directory.length > 180);
    }),
  );
});

test('a long name is cut between bytes, and two long names stay two', () => {
  const long = directoryOfFolder(name(`${'é'.repeat(150)}1`), '/', newHash);
  const other = directoryOfFolder(name(`${'é'.repeat(150)}2`), '/', newHash);
  assert.ok(long.length <= 200);
  assert.match(long, /^(?:%E9)+%[0-9a-f]{16}$/);
  assert.notEqual(long, other);
});

test('blocks and messages are named so that a UID tells where it is', () => {
  assert.equal(blockName({ uidValidity: 1_700_000_000, block: blockOfUid(17) }), '1700000000.0000000');
  assert.equal(blockOfUid(1023), 0);
  assert.equal(blockOfUid(1024), 1);
  const last = { uidValidity: 4_294_967_295, block: blockOfUid(4_294_967_295) };
  assert.equal(blockName(last), '4294967295.4194303');
  assert.deepEqual(parseBlockName(blockName(last)), last);
  for (const odd of ['0.0000000', '1.000000', '4294967296.0000000', '1.4194304', 'cur', '1.0000000x'])
    assert.equal(parseBlockName(name(odd)), undefined);
  assert.equal(messageFileName({ uid: 17, letters: 'S' }), '0000000017:2,S');
  assert.deepEqual(parseMessageFileName(name('0000000017:2,')), { uid: 17, letters: '' });
  for (const odd of ['0000000000:2,', '9999999999:2,S', '17:2,S', 'messages.jsonl'])
    assert.equal(parseMessageFileName(name(odd)), undefined);
});

test('flags become letters, and every keyword stays as it is spelled', () => {
  const flags = ['\\Seen', '\\ANSWERED', '\\Recent', '$Forwarded', 'Work', '\\Flagged', '$MDNSent', '\\XNew'];
  const split = splitFlags(flags);
  assert.deepEqual(split, { letters: 'FPRS', keywords: ['$Forwarded', '$MDNSent', 'Work', '\\XNew'] });
  assert.deepEqual(joinFlags(split.letters, split.keywords), canonicalFlags(flags));
  assert.deepEqual(joinFlags('PS', ['$forwarded']), ['$forwarded', '\\Seen']);
  assert.deepEqual(splitFlags([]), { letters: '', keywords: [] });
});

test('the digest of a block does not depend on how a server orders and spells flags', () => {
  const one = digestBlock([{ uid: 3, flags: ['\\Seen', 'Work'] }], newHash);
  assert.deepEqual(one, digestBlock([{ uid: 3, flags: ['Work', '\\SEEN', '\\Recent'] }], newHash));
  const others = digestBlock([{ uid: 3, flags: ['Work'] }], newHash);
  assert.equal(one.uids, others.uids);
  assert.notEqual(one.flags, others.flags);
  const expected = createHash('sha256').update('3 Work \\Seen\n').digest('hex').slice(0, 16);
  assert.equal(one.flags, expected);
});

const digestOf = (...pieces: readonly string[]) => {
  const digest = createMessageDigest(newHash());
  for (const piece of pieces) digest.update(Buffer.from(piece, 'latin1'));
  return { sha256: digest.digest(), size: digest.size };
};

test('A3 a message has one digest in its LF and CRLF forms, and a bare CR is a byte of its own', () => {
  const whole = createHash('sha256').update('a\r\nb\r\n\r\nc').digest('hex');
  for (const form of ['a\r\nb\r\n\r\nc', 'a\nb\n\nc', 'a\r\nb\n\r\nc'])
    assert.deepEqual(digestOf(form), { sha256: whole, size: 9 });
  assert.deepEqual(digestOf('a\r', '\nb\r\n\r', '\nc'), { sha256: whole, size: 9 });
  assert.notEqual(digestOf('a\rb').sha256, digestOf('a\r\nb').sha256);
  assert.equal(digestOf('a\r\r\nb').size, 5);
  assert.equal(digestOf('\n').size, 2);
  assert.equal(digestOf('').size, 0);
});

test('the digest is the same however a message is cut into pieces', () => {
  const body = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\0', 'é'), maxLength: 200 });
  fc.assert(
    fc.property(body, fc.array(fc.nat(200)), (message, cuts) => {
      const at = [...new Set([0, ...cuts.filter((cut) => cut < message.length), message.length])].sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, number) => message.slice(at[number], end));
      const plain = Buffer.from(message.replace(/(?<!\r)\n/g, '\r\n'), 'latin1');
      const expected = { sha256: createHash('sha256').update(plain).digest('hex'), size: plain.length };
      assert.deepEqual(digestOf(...pieces), expected);
    }),
  );
  const large = 'line\n'.repeat(100_000);
  assert.equal(digestOf(large).sha256, digestOf(large.replaceAll('\n', '\r\n')).sha256);
});

const record: MailboxRecord = {
  name: name('Entw&APw-rfe'),
  delimiter: '/',
  specialUse: ['\\Drafts'],
  subscribed: true,
  uidValidity: 1_700_000_000,
  uidNext: 2050,
  highestModSeq: 18_446_744_073_709_551_615n,
  mailboxId: 'F1',
  messages: 3,
  blocks: [
    { block: 0, count: 2, uids: '0123456789abcdef', flags: 'fedcba9876543210' },
    { block: 2, count: 1, uids: '0123456789abcdef', flags: 'fedcba9876543210' },
  ],
};

test('a mailbox.json comes back as it was, with the same bytes for the same folder', () => {
  assert.deepEqual(parseMailboxRecord(encodeMailboxRecord(record, newHash)), record);
  assert.deepEqual(encodeMailboxRecord(record, newHash), encodeMailboxRecord(structuredClone(record), newHash));
  const bare: MailboxRecord = {
    ...record,
    name: name('caf\xe9\xff'),
    delimiter: undefined,
    highestModSeq: undefined,
    mailboxId: undefined,
    specialUse: [],
  };
  assert.deepEqual(parseMailboxRecord(encodeMailboxRecord(bare, newHash)), bare);
});

test('fields that a later version adds are passed over, and damage is a fault', () => {
  const later = text(encodeMailboxRecord(record, newHash)).replace('{', '{"colour":"red",');
  assert.deepEqual(parseMailboxRecord(Buffer.from(later)), record);
  for (const odd of ['', '[]', '{}', '{"name":"a","uidValidity":0}', '{"name":"a","uidValidity":-1}', 'null'])
    assert.throws(
      () => parseMailboxRecord(Buffer.from(odd)),
      (error) => isFault(error, 'tree-damaged'),
    );
});

const sha256 = 'a'.repeat(64);

test('messages.jsonl has a line a message, and what is as usual is left out', () => {
  const records = [
    { uid: 1, sha256 },
    {
      uid: 2,
      sha256,
      size: 10,
      date: -90,
      keywords: ['$Forwarded', 'ü'],
      emailId: 'M1',
      threadId: 'T1',
      labels: ['x'],
    },
  ];
  const bytes = encodeMessageRecords(records);
  assert.equal(text(bytes).split('\n')[0], `{"uid":1,"sha256":"${sha256}"}`);
  assert.deepEqual(parseMessageRecords(bytes), { records, unreadable: 0 });
  assert.deepEqual(
    encodeMessageRecords([{ uid: 1, sha256, date: 0, keywords: [] }]),
    encodeMessageRecords([{ uid: 1, sha256 }]),
  );
});

test('messages.jsonl is read in pieces, and a damaged line costs that line only', () => {
  const bytes = Buffer.concat([
    encodeMessageRecords([{ uid: 1, sha256, keywords: ['日本'] }]),
    Buffer.from('{"uid":2}\nnot json\n'),
    encodeMessageRecords([{ uid: 3, sha256 }]),
  ]);
  const reader = createMessageRecordReader();
  const read = [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)));
  assert.deepEqual(
    [...read, ...reader.end()].map(({ uid }) => uid),
    [1, 3],
  );
  assert.deepEqual(read[0]?.keywords, ['日本']);
  assert.equal(reader.unreadable, 2);
  assert.deepEqual(parseMessageRecords(encodeMessageRecords([{ uid: 9, sha256 }]).slice(0, -1)).records, [
    { uid: 9, sha256 },
  ]);
});

test('format.json tells the kind, and a later layout is refused', () => {
  const format = { version: 1, kind: 'imap', account: 'work', host: 'imap.example.org', user: 'alice' } as const;
  assert.deepEqual(parseFormatRecord(encodeFormatRecord(format)), format);
  assert.equal(parseFormatRecord(Buffer.from('{"version":1,"kind":"server"}')), undefined);
  assert.throws(
    () => parseFormatRecord(Buffer.from('{"version":2,"kind":"imap"}')),
    (error) => isFault(error, 'unsupported'),
  );
});

test('a ledger adds up when every difference has its reason', () => {
  const folder: FolderLedger = {
    name: name('INBOX'),
    uidValidity: 7,
    onServer: 3,
    inSnapshot: 2,
    differences: [{ uid: 4, kind: 'missing', reason: 'the server refused it' }],
  };
  const brake = [
    { kind: 'account-empty', before: 7 },
    { kind: 'account-gone', gone: 60, before: 100 },
    { kind: 'folder-gone', folder: 'Entwürfe', gone: 60, before: 100 },
    { kind: 'uidvalidity-changed', folders: 3, of: 4 },
    { kind: 'bodies-changed', messages: 5 },
  ] as const;
  for (const reasons of [[], brake]) {
    const ledger = { folders: [folder], brake: reasons };
    assert.deepEqual(parseLedger(encodeLedger(ledger)), ledger);
  }
  assert.equal(isExplained(folder), true);
  assert.equal(isExplained({ ...folder, differences: [] }), false);
  assert.equal(isExplained({ ...folder, differences: [{ uid: 4, kind: 'missing', reason: '' }] }), false);
  assert.equal(isExplained({ ...folder, onServer: undefined, differences: [] }), false);
});

test('a folder name written by people comes back from modified UTF-7', () => {
  assert.equal(encodeModifiedUtf7('Entwürfe'), 'Entw&APw-rfe');
  assert.equal(encodeModifiedUtf7('A & B'), 'A &- B');
  assert.equal(encodeModifiedUtf7('~peter/mail/台北/日本語'), '~peter/mail/&U,BTFw-/&ZeVnLIqe-');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (written) => {
      const printable = written.toWellFormed().replace(/[\x00-\x1f\x7f]/g, '');
      assert.equal(mailboxText(encodeModifiedUtf7(printable)), printable);
    }),
  );
});
