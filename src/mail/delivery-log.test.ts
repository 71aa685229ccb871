import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWindow, isDelivery } from './delivery-log.ts';

const deliveries = [
  'Nov 26 02:14:07 mail postfix/lmtp[812]: 4Zk1: to=<a@example.com>, relay=mail[private/dovecot-lmtp], delay=0.2, dsn=2.0.0, status=sent (250 2.0.0 <a@example.com> Saved)',
  'Nov 26 02:14:07 mail postfix/virtual[812]: 4Zk1: to=<a@example.com>, relay=virtual, delay=0.2, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 26 02:14:07 mail postfix/pipe[812]: 4Zk1: to=<a@example.com>, relay=dovecot, delay=0.2, dsn=2.0.0, status=sent (delivered via dovecot service)',
  '2026-11-26T02:14:07.123+00:00 mail dovecot: lmtp(a@example.com)<12><Ab>: msgid=<1@x>: saved mail to INBOX',
  "Nov 26 02:14:07 mail dovecot: lda(a@example.com)<12><Ab>: sieve: msgid=<1@x>: saved mail to mailbox 'INBOX'",
];

const others = [
  'Nov 26 02:14:07 mail postfix/smtp[812]: 4Zk1: to=<b@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)',
  'Nov 26 02:14:07 mail postfix/lmtp[812]: 4Zk1: to=<a@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.2, dsn=2.0.0, status=sent (250 2.0.0 from MTA)',
  'Nov 26 02:14:07 mail postfix/lmtp[812]: 4Zk1: to=<a@example.com>, relay=mail[private/dovecot-lmtp], delay=0.2, dsn=4.2.2, status=deferred (quota)',
  'Nov 26 02:14:07 mail postfix/qmgr[1]: 4Zk1: removed',
];

test('deliveries into mailboxes are told from mail that leaves, waits, or goes through a filter', () => {
  for (const line of deliveries) assert.equal(isDelivery(line), true, line);
  for (const line of others) assert.equal(isDelivery(line), false, line);
});

test('lines of the window count, with and without a year, and around its turn', () => {
  const window = (since: string, until: string) =>
    createWindow({ since: Date.parse(since), until: Date.parse(until), timeZone: 'UTC' });
  const night = window('2026-11-25T03:00:00Z', '2026-11-26T03:00:00Z');
  assert.ok(deliveries.every(night));
  assert.equal(night('Nov 24 23:00:00 mail x'), false);
  assert.equal(night('Nov 26 03:00:01 mail x'), false);
  assert.equal(night('2025-11-26T02:00:00+00:00 mail x'), false);
  assert.equal(night('no time at all'), false);
  const turn = window('2026-12-31T03:00:00Z', '2027-01-01T03:00:00Z');
  assert.deepEqual(['Dec 31 04:00:00 x', 'Jan  1 02:00:00 x', 'Jan  1 04:00:00 x', 'Jun  1 04:00:00 x'].map(turn), [
    true,
    true,
    false,
    false,
  ]);
});
