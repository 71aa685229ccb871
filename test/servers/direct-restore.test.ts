import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FixtureFolder, writeDirectTree } from '../../src/mail/direct/direct-fixture.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { installPackages } from '../requirement/debian.ts';
import { type MaildirReader, openMaildirReader } from './maildir-reader.ts';

const body = (text: string): string => `Subject: ${text}\r\n\r\n${text}\r\n`;

const folders: readonly FixtureFolder[] = [
  {
    name: 'INBOX',
    uidValidity: 1_234_567_890,
    messages: [
      { uid: 5, content: body('first'), flags: ['\\Seen', 'Work'], date: 1_700_000_000 },
      { uid: 2000, content: body('second'), flags: ['$Forwarded', '\\Flagged', '\\Deleted'], date: 1_000_000_000 },
      { uid: 2001, content: body('bare\rreturn \0 and \xe9'), date: 1_700_000_001 },
    ],
  },
  {
    name: 'v1.2/Entw&APw-rfe',
    uidValidity: 77,
    messages: [{ uid: 9, content: body('draft'), flags: ['\\Draft', 'z'] }],
  },
  { name: 'Quiet', subscribed: false, messages: [] },
];

const expected = (folder: FixtureFolder | undefined, keywords: boolean) =>
  folder?.messages.map(({ uid, content, flags = [], date = 1_600_000_000 }) => {
    const kept = flags.filter((flag) => keywords || flag.startsWith('\\')).sort();
    // Dovecot never sends a NUL, which RFC 9051 forbids in a literal.
    return [uid, kept, date, content.replaceAll('\0', '\x80')];
  });

const served = async (reader: MaildirReader, name: string) =>
  (await reader.folder(name)).messages.map(({ uid, flags, date, body: content }) => [
    uid,
    flags,
    Date.parse(date.replace(/-(\w+)-/, ' $1 ')) / 1000,
    content,
  ]);

describe('A4: a snapshot straight from a server comes back as a Maildir', () => {
  let person: Person;
  let access: Record<string, string>;
  const keep = (args: readonly string[], options: { readonly cwd?: string } = {}) =>
    person.run(args, { ...options, environment: access });
  before(async () => {
    person = await createPerson();
    access = { RESTIC_REPOSITORY: join(person.folder, 'repository'), RESTIC_PASSWORD: 'secret' };
    const account = join(person.folder, 'account');
    await writeDirectTree(folders, account);
    await keep(['init']);
    const { code, stderr } = await keep(['backup', '.'], { cwd: account });
    assert.equal(code, 0, stderr);
  });
  after(() => person.leave());

  test('Dovecot serves what was restored with the same UIDs, flags, keywords and dates', async () => {
    const target = join(person.folder, 'restored');
    const { code, stderr, stdout } = await keep(['restore', 'latest', '--target', target, '--verify']);
    assert.equal(code, 0, stderr + stdout);
    const reader = await openMaildirReader(target);
    assert.deepEqual(await reader.folders(), ['INBOX', 'Quiet', 'v1.2', 'v1.2/Entw&APw-rfe']);
    assert.deepEqual(await reader.subscribed(), ['INBOX', 'v1.2/Entw&APw-rfe']);
    assert.equal((await reader.folder('INBOX')).uidValidity, 1_234_567_890);
    assert.deepEqual(await served(reader, 'INBOX'), expected(folders[0], true));
    assert.deepEqual(await served(reader, 'v1.2/Entw&APw-rfe'), expected(folders[1], true));
    assert.match(await reader.speak(['a STATUS INBOX (UIDNEXT)']), /UIDNEXT 2002\)/);
    await reader.close();
  });

  test('find, ls and dump show the Maildir, and with --stored what lies in the repository', async () => {
    const found = await keep(['find', '--subject', 'draft']);
    assert.match(found.stdout, /v1\.2\/Entwürfe/);
    const path = /\/\.v1%2e2.*mailkeep,S=\d+:2,\w+/.exec(found.stdout)?.[0] ?? '';
    const dumped = await keep(['dump', 'latest', path]);
    assert.equal(dumped.stdout, body('draft'));
    const listed = await keep(['ls', '-l', 'latest']);
    assert.match(listed.stdout, /\/dovecot-uidlist\n/);
    assert.match(listed.stdout, /\[v1\.2\/Entwürfe\]/);
    const stored = await keep(['ls', '--stored', 'latest']);
    assert.match(stored.stdout, /\/folders\/INBOX\/1234567890\.0000001\/0000002000:2,FPT\n/);
    assert.match((await keep(['find', 'dovecot-keywords'])).stdout, /\/dovecot-keywords\n/);
    assert.equal((await keep(['find', '--stored', 'dovecot-keywords'])).stdout, '');
    assert.match((await keep(['dump', 'latest', '/subscriptions'])).stdout, /v1%2e2\tEntw&APw-rfe/);
  });

  for (const shell of ['dash', 'busybox']) {
    test(`with stock restic and ${shell} alone, the script in the snapshot makes a Maildir`, async () => {
      assert.deepEqual(await installPackages([{ name: shell, command: shell }]), []);
      const restored = join(person.folder, `restic-${shell}`);
      const restic = await resticBinary('0.14');
      await succeed(restic, ['restore', 'latest', '--target', restored], { env: { ...person.environment, ...access } });
      const maildir = join(person.folder, `mail dir-${shell}`);
      const script = join(restored, '.mailkeep', 'to-maildir.sh');
      const run = shell === 'busybox' ? ['busybox', 'sh', script, maildir] : ['dash', script, maildir];
      const [program = '', ...args] = run;
      for (let times = 1; times <= 2; times++) {
        const result = await runCommand(program, args);
        assert.equal(result.code, 0, result.stderr);
        assert.match(result.stdout, /^4 messages in /);
      }
      const reader = await openMaildirReader(maildir);
      assert.deepEqual(await served(reader, 'INBOX'), expected(folders[0], false));
      assert.deepEqual(await served(reader, 'v1.2/Entw&APw-rfe'), expected(folders[1], false));
      assert.equal((await reader.folder('INBOX')).uidValidity, 1_234_567_890);
      await reader.close();
    });
  }
});
