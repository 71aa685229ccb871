import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { RestoredTree } from '../../contract/drill.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { createCheckTally } from '../../model/drill/check-tally.ts';
import { checkCertificates } from './certificates.ts';
import { checkDkim, publishedKey } from './dkim-keys.ts';

/** Files of a component, by their paths. */
const treeOf = (files: Readonly<Record<string, string>>): RestoredTree => ({
  folder: '/restored',
  files: async function* () {
    for (const [path, text] of Object.entries(files)) yield { path, size: text.length };
  },
  text: async (path) => files[path],
  names: async () => new Set(),
  read: async function* () {
    yield* [];
  },
  adopt: async () => ({ maildir: '', uid: 1, gid: 1 }),
});

const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const rsaText = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const key = rsa.privateKey.export(pem).toString();

const dkim = async (files: Readonly<Record<string, string>>) => {
  const tally = createCheckTally('dkim');
  await checkDkim('dkim', treeOf(files), tally, createTestRun());
  return tally.result();
};

test('the public text is read as opendkim-genkey, rspamd and people write it', () => {
  const generated = `default._domainkey IN TXT ( "v=DKIM1; h=sha256; k=rsa; "\n\t"p=MIIBIjAN" "BgkqhkiG" )  ; ----- DKIM key`;
  assert.equal(publishedKey(generated), 'MIIBIjANBgkqhkiG');
  assert.equal(publishedKey('v=DKIM1; k=rsa; p=MIIBIjAN BgkqhkiG\n'), 'MIIBIjANBgkqhkiG');
  assert.equal(
    publishedKey('v=DKIM1\\; k=ed25519\\; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='),
    '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  );
  assert.equal(publishedKey('*@example.com default._domainkey.example.com'), undefined);
});

test('a private key matches the record beside it that is called like it, RSA and Ed25519', async () => {
  const ed = generateKeyPairSync('ed25519');
  const bare = createPublicKey(ed.privateKey).export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
  const { outcome, looked } = await dkim({
    'keys/example.com/default.private': key,
    'keys/example.com/default.txt': `"v=DKIM1; p=${rsaText}"`,
    'keys/example.com/young.private': ed.privateKey.export(pem).toString(),
    'keys/example.com/young.txt': `"v=DKIM1; k=ed25519; p=${bare}"`,
  });
  assert.deepEqual({ outcome, looked }, { outcome: 'passed', looked: 2 });
});

test('a key of another record, and one that is none, are named; without a record nothing is judged', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' });
  const { findings, skips } = await dkim({
    'a/default.private': key,
    'a/default.txt': `"v=DKIM1; p=${other.toString('base64')}"`,
    'b/default.private': '-----BEGIN RSA PRIVATE KEY-----\nnothing\n-----END RSA PRIVATE KEY-----\n',
    'c/default.private': key,
  });
  assert.deepEqual(
    findings.map(({ kind, subject, detail }) => [kind, subject, detail]),
    [
      ['dkim-mismatch', 'dkim/a/default.private', 'dkim/a/default.txt'],
      ['dkim-unreadable', 'dkim/b/default.private', ''],
    ],
  );
  assert.deepEqual(skips, [{ reason: 'no-public-text', detail: 'dkim/c/default.private' }]);
});

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=mail.example.com -addext basicConstraints=critical,CA:FALSE -days 3650
const certificate = `-----BEGIN CERTIFICATE-----
MIIBiDCCAS6gAwIBAgIUbleeM+8z5elAS/yG76Ol+aol0d8wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQbWFpbC5leGFtcGxlLmNvbTAeFw0yNjExMjcwMDE1MzBaFw0z
NjExMjQwMDE1MzBaMBsxGTAXBgNVBAMMEG1haWwuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAASSRVuKD/CwHDmAtzcdOaTTIp3YF4HAN61CYM0S
6TU9SY9Qw80PuONl8qBKZnu84QczHP5hznPe1PBnmbKVTJs7o1AwTjAdBgNVHQ4E
FgQUP1FV+vRyu9qy6mc7UQdD9PxFeC8wHwYDVR0jBBgwFoAUP1FV+vRyu9qy6mc7
UQdD9PxFeC8wDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNIADBFAiEAtDHd4dxv
/ns/DZtielsFZPT2fIJxmBx4JNZBmm6G8LgCIGkT5f5XYCuIO8lpktVGzoGbyhYn
ZFKuL6V3ItcoSPW4
-----END CERTIFICATE-----
`;
const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglaadyGl5aekXuEvg
nKE2ht+EjaHm5EjdX+0uavwxesehRANCAASSRVuKD/CwHDmAtzcdOaTTIp3YF4HA
N61CYM0S6TU9SY9Qw80PuONl8qBKZnu84QczHP5hznPe1PBnmbKVTJs7
-----END PRIVATE KEY-----
`;

const certificates = async (files: Readonly<Record<string, string>>, now: string) => {
  const tally = createCheckTally('certificates');
  await checkCertificates('ssl', treeOf(files), { now: Date.parse(now), tally }, createTestRun());
  return tally.result();
};
const kinds = ({ findings }: Awaited<ReturnType<typeof certificates>>): readonly string[] =>
  findings.map(({ kind }) => kind);

const live = { 'certbot/live/mail.example.com/fullchain.pem': certificate };
const good = { ...live, 'certbot/live/mail.example.com/privkey.pem': certificateKey };

test('a certificate that is valid and has its key passes; before and after its time it does not', async () => {
  assert.equal((await certificates(good, '2027-01-01')).outcome, 'passed');
  assert.deepEqual(kinds(await certificates(good, '2020-01-01')), ['certificate-early']);
  assert.deepEqual(kinds(await certificates(good, '2050-01-01')), ['certificate-expired']);
});

test('a certificate without a key, with that of another, and one that is none are told apart', async () => {
  const other = { ...live, 'certbot/live/mail.example.com/privkey.pem': key };
  assert.deepEqual(kinds(await certificates(live, '2027-01-01')), ['certificate-key-missing']);
  assert.deepEqual(kinds(await certificates(other, '2027-01-01')), ['certificate-key-differs']);
  const broken = { 'tls/server.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' };
  assert.deepEqual(kinds(await certificates(broken, '2027-01-01')), ['certificate-unreadable']);
});

test('old certificates that certbot keeps are not judged', async () => {
  const archive = { ...good, 'certbot/archive/mail.example.com/fullchain1.pem': certificate };
  assert.equal((await certificates(archive, '2027-01-01')).looked, 1);
});

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=mail.example.com -days 3650: an authority, too
const selfSigned = `-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUHez5XOUoCB7efstL8r33WLrGwTYwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQbWFpbC5leGFtcGxlLmNvbTAeFw0yNjExMjcxNjU3MTZaFw0z
NjExMjQxNjU3MTZaMBsxGTAXBgNVBAMMEG1haWwuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATea5+s4t533S59Q+oUpzwkAjHIILtwgA7sAJqa
2xFRE4KeG/BGJSpyYI/czyl+Xds5NYdmLrQq4zC335Sg5lwYo1MwUTAdBgNVHQ4E
FgQUnQEMLVfRnMni+OIH8IWGD7pN7YowHwYDVR0jBBgwFoAUnQEMLVfRnMni+OIH
8IWGD7pN7YowDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEArRSu
afcAO8FKXTS3wQzwyI1D2PyeUyZEbWM2U4yFbJwCIQDm9xj/WstxGjXFCyKi/PLO
zaL/8Ag/f6GNrUtvYFlSNg==
-----END CERTIFICATE-----
`;
const selfSignedKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg77OyhQ4ZcIvNF+Fm
KUq/GUuk6SJNO6dpkyJtkj2mdSahRANCAATea5+s4t533S59Q+oUpzwkAjHIILtw
gA7sAJqa2xFRE4KeG/BGJSpyYI/czyl+Xds5NYdmLrQq4zC335Sg5lwY
-----END PRIVATE KEY-----
`;

test('B12: a certificate that a server has signed itself is judged, though it could be that of an authority; one of an authority without its key is not', async () => {
  const own = { 'certs/iRedMail.crt': selfSigned, 'certs/iRedMail.key': selfSignedKey };
  assert.deepEqual(kinds(await certificates(own, '2050-01-01')), ['certificate-expired']);
  const apart = { 'certs/iRedMail.crt': selfSigned, 'private/iRedMail.key': selfSignedKey };
  assert.equal((await certificates({ ...apart, ...good }, '2027-01-01')).outcome, 'passed');
  const bought = { ...good, 'certbot/live/mail.example.com/ca.crt': selfSigned };
  assert.equal((await certificates(bought, '2027-01-01')).looked, 1);
});
