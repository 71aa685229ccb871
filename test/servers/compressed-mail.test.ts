import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';

/** As Dovecot calls them, and whether we read them. */
const forms = [
  ['gz', true],
  ['zstd', true],
  ['lz4', true],
  ['bz2', false],
] as const;

const message = (form: string, lines: number): string =>
  `From: alice@example.org\r\nSubject: about ${form}\r\nMessage-ID: <${form}-${lines}@example.org>\r\n\r\n` +
  Array.from({ length: lines }, (_, at) => `Line ${at} of it, ${(at * 7919) % 104_729}\r\n`).join('');

describe('mail that Dovecot has compressed or encrypted', () => {
  let dovecot: Dovecot;
  let person: Person;
  const keep = (...args: string[]) =>
    person.run(args, { environment: { RESTIC_REPOSITORY: join(person.folder, 'r'), RESTIC_PASSWORD: 'x' } });
  const at = (name: string): string => join(person.folder, name);
  const save = async (text: string, ...overrides: string[]): Promise<void> => {
    const file = join(dovecot.folder, 'message');
    await writeFile(file, text);
    await chmod(file, 0o644);
    await dovecot.doveadm(...overrides.flatMap((line) => ['-o', line]), 'save', '-u', 'alice', '-m', 'INBOX', file);
  };

  const encrypted = async (): Promise<string[]> => {
    const [secret, open] = [join(dovecot.folder, 'ec.pem'), join(dovecot.folder, 'pub.pem')];
    await succeed('openssl', [
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-out',
      secret,
    ]);
    await succeed('openssl', ['pkey', '-in', secret, '-pubout', '-out', open]);
    const key = (file: string): Promise<string> => readFile(file, 'base64');
    return [
      'mail_plugins=mail_crypt',
      'plugin/mail_crypt_save_version=2',
      `plugin/mail_crypt_global_private_key=${await key(secret)}`,
      `plugin/mail_crypt_global_public_key=${await key(open)}`,
    ];
  };

  before(async () => {
    person = await createPerson();
    dovecot = await startDovecot({ users: { alice: 'secret' } });
    for (const [form] of forms) {
      for (const lines of [3, 9000]) await save(message(form, lines), 'mail_plugins=zlib', `plugin/zlib_save=${form}`);
    }
    await save(message('crypt', 3), ...(await encrypted()));
    await keep('init');
    assert.equal((await keep('backup', join(dovecot.home('alice'), 'Maildir'))).code, 0);
  });
  after(async () => {
    await dovecot.stop();
    await person.leave();
  });

  test('is stored in the repository and restored to a folder as it lies on the disk', async () => {
    await mkdir(at('restored'));
    assert.equal((await keep('restore', 'latest', '--target', at('restored'))).code, 0);
    const own = join(dovecot.home('alice'), 'Maildir', 'new');
    const names = await readdir(own);
    assert.equal(names.length, 2 * forms.length + 1);
    for (const name of names)
      assert.deepEqual(await readFile(join(at('restored'), own, name)), await readFile(join(own, name)), name);
  });

  for (const [form, isReadable] of forms) {
    test(`${form}: ${isReadable ? 'is found, shown and exported as the message that it is' : 'is named as what it is'}`, async () => {
      const found = await keep('find', '--subject', `about ${form}`);
      assert.equal(found.stdout.includes(`about ${form}`), isReadable, found.stdout + found.stderr);
      if (!isReadable) assert.match(found.stderr, /2 messages are compressed with bzip2/);
      for (const lines of isReadable ? [3, 9000] : []) {
        const dumped = await keep('dump', 'latest', '--message-id', `<${form}-${lines}@example.org>`, '--raw');
        assert.equal(dumped.stdout.replaceAll('\r\n', '\n'), message(form, lines).replaceAll('\r\n', '\n'), form);
      }
    });
  }

  test('encrypted by mail_crypt: is named as such, and nothing else suffers from it', async () => {
    const found = await keep('find', '--from', 'alice@example.org');
    assert.match(found.stderr, /encrypted by the mail server \(mail_crypt\)/);
    const exported = await keep('restore', 'latest', '--to', `mbox:${at('all.mbox')}`);
    assert.match(exported.stderr, /encrypted by the mail server \(mail_crypt\)/);
    const text = await readFile(at('all.mbox'), 'latin1');
    assert.equal(text.match(/^Subject: about /gm)?.length, 6);
    assert.equal(text.match(/^Line 8999 of it/gm)?.length, 3);
    assert.ok(!text.includes('CRYPTED') && !text.includes('BZh'));
  });
});
