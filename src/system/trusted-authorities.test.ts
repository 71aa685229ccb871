import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { isUntrusted } from './trusted-authorities.ts';

const countIn = async (environment: NodeJS.ProcessEnv): Promise<number> => {
  const module = JSON.stringify(new URL('./trusted-authorities.ts', import.meta.url).href);
  const program = `const { trustedAuthorities } = await import(${module}); console.log(trustedAuthorities().length)`;
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...environment } });
  return Number(stdout);
};

test('an authority that the system names twice, as a file and in a bundle, is trusted once; where it names none, those of Node are', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-authorities-'));
  t.after(() => rm(folder, { recursive: true }));
  const [certificates, empty] = [join(folder, 'certificates'), join(folder, 'empty')];
  await mkdir(certificates);
  await mkdir(empty);
  const [first = '', second = ''] = rootCertificates;
  await writeFile(join(certificates, 'first.pem'), first);
  await symlink('first.pem', join(certificates, 'abcd1234.0'));
  await writeFile(join(certificates, 'all.crt'), `${first}\n${second}\n`);
  const none = join(folder, 'none.pem');
  assert.equal(await countIn({ SSL_CERT_DIR: certificates, SSL_CERT_FILE: none }), 2);
  assert.ok((await countIn({ SSL_CERT_DIR: empty, SSL_CERT_FILE: none })) > 50);
});

test('a certificate that does not verify is told from a connection that was lost', () => {
  for (const code of ['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])
    assert.ok(isUntrusted(code), code);
  for (const code of ['', 'ECONNRESET', 'ERR_SSL_WRONG_VERSION_NUMBER']) assert.ok(!isUntrusted(code), code);
});
