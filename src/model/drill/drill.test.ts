import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCheckTally } from './check-tally.ts';
import { drillVerdict, missingForProof, notChecked } from './drill-record.ts';
import { extrapolated, recoveryTime } from './recovery-time.ts';
import { isSampled, parseSample, shareOf } from './sample.ts';
import { isForeignHash, isUsableHash } from './usable-hash.ts';

test('a check passes when it looked at something and found nothing, and is not made where there was nothing', () => {
  const tally = createCheckTally('dkim');
  assert.deepEqual(tally.result().outcome, 'skipped');
  assert.deepEqual(tally.result().skips, [{ reason: 'nothing-there', detail: '' }]);
  tally.look();
  assert.deepEqual(tally.result().outcome, 'passed');
  tally.find({ kind: 'dkim-unreadable', subject: 'dkim/default.private' });
  assert.deepEqual(tally.result().outcome, 'failed');
});

test('of many findings the first are told, and all are counted', () => {
  const tally = createCheckTally('messages');
  for (let number = 0; number < 1000; number++) tally.find({ kind: 'message-missing', subject: String(number) });
  assert.equal(tally.result().findings.length, 20);
  assert.equal(tally.result().found, 1000);
});

test('one check that failed fails the drill; one that was not made does not, and is told', () => {
  const [good, bad, none] = [createCheckTally('sieve'), createCheckTally('dkim'), createCheckTally('flags')];
  good.look();
  none.skip('no-program', 'Dovecot');
  const checks = [good.result(), none.result(), createCheckTally('dkim').result()];
  assert.equal(drillVerdict({ checks }), 'passed');
  assert.deepEqual(notChecked({ checks }), ['flags']);
  bad.find({ kind: 'dkim-unreadable', subject: '' });
  assert.equal(drillVerdict({ checks: [...checks, bad.result()] }), 'failed');
});

test('B12: a drill does not pass on a mail server or a database that could not be started; on what the backup does not have it does', () => {
  const [unproven, absent] = [createCheckTally('logins'), createCheckTally('databases')];
  unproven.skip('no-program', 'Dovecot');
  assert.equal(drillVerdict({ checks: [unproven.result()] }), 'failed');
  // Nor where another one was started.
  unproven.look();
  assert.equal(drillVerdict({ checks: [unproven.result()] }), 'failed');
  absent.skip('nothing-there');
  assert.equal(drillVerdict({ checks: [absent.result()] }), 'passed');
});

test('B12: a drill does not pass on a component of mail in which there is no mail that it can look at', () => {
  const folders = createCheckTally('folders');
  folders.skip('no-maildir', 'mail');
  const checks = [folders.result()];
  assert.equal(drillVerdict({ checks }), 'failed');
  assert.deepEqual(missingForProof({ checks }), [{ reason: 'no-maildir', detail: 'mail' }]);
});

test('a sample of a tenth takes ten times as long as a whole, by files or by bytes, whichever is more', () => {
  const part = { files: 100, bytes: 1000 };
  assert.equal(extrapolated('mail', 60, { part, whole: { files: 1000, bytes: 5000 } }).whole, 600);
  assert.equal(extrapolated('mail', 60, { part, whole: { files: 100, bytes: 20_000 } }).whole, 1200);
  assert.equal(extrapolated('mail', 60, { part, whole: part }).whole, 60);
  assert.equal(extrapolated('mail', 60, { part: { files: 0, bytes: 0 }, whole: part }).whole, 60);
});

test('all components together are the recovery time', () => {
  const one = { name: 'mail', measured: 1, whole: 500, bytes: 0, wholeBytes: 0 };
  assert.equal(recoveryTime([one, { ...one, name: 'mysql', whole: 70 }]), 570);
});

test('a sample is a share or a number of messages', () => {
  assert.deepEqual(parseSample('5%'), { kind: 'share', share: 0.05 });
  assert.deepEqual(parseSample('2000'), { kind: 'messages', messages: 2000 });
  for (const wrong of ['', '0', '0%', '101%', '-3', 'all', '5 percent']) assert.equal(parseSample(wrong), undefined);
  assert.equal(shareOf({ kind: 'messages', messages: 50 }, 1000), 0.05);
  assert.equal(shareOf({ kind: 'messages', messages: 50 }, 10), 1);
  assert.equal(shareOf({ kind: 'all' }, 10), 1);
});

test('about the share of names is in a sample, the same each time, and others with another salt', () => {
  const names = Array.from({ length: 20_000 }, (_, number) => `170000000${number}.M${number}P1.mail,S=400`);
  const sample = (salt: string): readonly string[] => names.filter((name) => isSampled(name, { share: 0.05, salt }));
  assert.ok(Math.abs(sample('1').length - 1000) < 150, String(sample('1').length));
  assert.deepEqual(sample('1'), sample('1'));
  const again = new Set(sample('1'));
  assert.ok(sample('2').filter((name) => again.has(name)).length < 150);
  assert.equal(names.filter((name) => isSampled(name, { share: 1, salt: '' })).length, names.length);
});

const sha512 = '$6$saltsalt$' + 'a'.repeat(86);

test('hashes that Dovecot knows are usable, cut and unknown ones are not', () => {
  const usable = [
    `{SHA512-CRYPT}${sha512}`,
    sha512,
    `{CRYPT}${sha512}`,
    `{BLF-CRYPT}$2y$05$${'a'.repeat(53)}`,
    `$2y$10$${'.'.repeat(53)}`,
    `{MD5-CRYPT}$1$abcdefgh$${'x'.repeat(22)}`,
    `{SSHA}${Buffer.alloc(24).toString('base64')}`,
    `{SSHA256.HEX}${'ab'.repeat(36)}`,
    `{PLAIN-MD5}${'ab'.repeat(16)}`,
    '{PLAIN}anything',
    `{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA`,
  ];
  for (const hash of usable) assert.ok(isUsableHash(hash), hash);
  const unusable = ['', '*', '!', '{SHA512-CRYPT}', `{SHA512-CRYPT}${sha512.slice(0, -3)}`, '{ROT13}abc', 'plain text'];
  for (const hash of unusable) assert.ok(!isUsableHash(hash), hash);
});

test('hashes of Mailu are known by their form, and are none of Dovecot', () => {
  const [salt, digest] = ['a'.repeat(22), 'b'.repeat(31)];
  const foreign = [
    `$bcrypt-sha256$v=2,t=2b,r=12$${salt}$${digest}`,
    `$bcrypt-sha256$2a,12$${salt}$${digest}`,
    '$pbkdf2-sha512$25000$c2FsdA$aGFzaA',
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
  ];
  for (const hash of foreign) assert.ok(isForeignHash(hash) && !isUsableHash(hash), hash);
  for (const hash of [sha512, `$2y$10$${'.'.repeat(53)}`, `$bcrypt-sha256$v=2,t=2b,r=12$${salt}$b`, '']) {
    assert.ok(!isForeignHash(hash), hash);
  }
});

test('a hash without a scheme is of the usual one', () => {
  assert.ok(isUsableHash('ab'.repeat(16), 'PLAIN-MD5'));
  assert.ok(!isUsableHash('ab'.repeat(16), 'CRYPT'));
});
