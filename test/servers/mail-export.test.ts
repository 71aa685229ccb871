import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FixtureFolder, writeDirectTree } from '../../src/mail/direct/direct-fixture.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { runCommand } from '../requirement/command.ts';

const odd =
  'From: a@example.org\r\nSubject: odd\r\n\r\nFrom here\r\n>From there\r\n\r\nFrom x Thu Jan  1 10:00:00 1970\r\n\0\xff\r\n';
const folders: readonly FixtureFolder[] = [
  {
    name: 'INBOX',
    messages: [
      { uid: 1, content: odd, flags: ['\\Seen', '\\Flagged', 'Work'], date: 1_000_000_000 },
      { uid: 2, content: 'Subject: two\n\nno line end', date: 1_700_000_000 },
    ],
  },
  { name: 'Lists/v1.2', messages: [{ uid: 1, content: 'Subject: list\r\nFrom: bob@example.org\r\n\r\nx\r\n' }] },
];

describe('A9: mail of a snapshot goes to mbox, zip and Maildir', () => {
  let person: Person;
  const keep = (...args: string[]) =>
    person.run(args, { environment: { RESTIC_REPOSITORY: join(person.folder, 'r'), RESTIC_PASSWORD: 'x' } });
  const at = (name: string): string => join(person.folder, name);
  before(async () => {
    person = await createPerson();
    await writeDirectTree(folders, at('account'));
    await keep('init');
    const environment = { RESTIC_REPOSITORY: at('r'), RESTIC_PASSWORD: 'x' };
    assert.equal((await person.run(['backup', '.'], { cwd: at('account'), environment })).code, 0);
  });
  after(() => person.leave());

  test('as one mbox that other programs read, byte for byte, and never over one that is there', async () => {
    const made = await keep('restore', 'latest', '--to', `mbox:${at('all.mbox')}`);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /INBOX: 2 messages/);
    const text = await readFile(at('all.mbox'), 'latin1');
    assert.ok(
      text.includes('From MAILER-DAEMON Sun Sep  9 01:46:40 2001\nStatus: RO\r\nX-Status: F\r\nX-Keywords: Work\r\n'),
    );
    assert.ok(text.includes('\r\n>From here\r\n>>From there\r\n'));
    const script = 'import mailbox,sys\nfor m in mailbox.mbox(sys.argv[1]): print(m["Subject"], m.get_flags())';
    const read = await runCommand('python3', ['-c', script, at('all.mbox')]);
    assert.deepEqual(read.stdout.trim().split('\n').sort(), ['list O', 'odd ROF', 'two O']);
    const again = await keep('restore', 'latest', '--to', `mbox:${at('all.mbox')}`);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /is there already/);
  });

  test('a folder, a search and a plan', async () => {
    const planned = await keep(
      'restore',
      'latest',
      '--to',
      `mbox:${at('boxes')}/`,
      '--folder',
      'lists',
      '-n',
      '--json',
    );
    assert.deepEqual(JSON.parse(planned.stdout), {
      message_type: 'plan',
      target: `mbox:${at('boxes')}/`,
      folders: [{ folder: 'Lists/v1.2', messages: 1, bytes: 43 }],
      messages: 1,
      bytes: 43,
    });
    assert.equal((await keep('restore', 'latest', '--to', `mbox:${at('boxes')}/`, '--from', 'bob')).code, 0);
    assert.deepEqual(await readdir(at('boxes'), { recursive: true }), ['Lists', 'Lists/v1.2.mbox']);
    assert.equal((await keep('restore', 'latest', '--to', `zip:${at('none.zip')}`, '--from', 'nobody')).code, 2);
  });

  test('as .eml files in a zip, with folders and dates', async () => {
    assert.equal((await keep('restore', 'latest', '--to', `zip:${at('mail.zip')}`)).code, 0);
    const script =
      'import zipfile,sys\nfor i in zipfile.ZipFile(sys.argv[1]).infolist(): print(i.filename.split(" ")[0], i.date_time[0], i.file_size)';
    const listed = await runCommand('python3', ['-c', script, at('mail.zip')]);
    const expected = [
      'INBOX/000001 2001 '.concat(String(odd.length)),
      'INBOX/000002 2023 25',
      'Lists/v1.2/000001 2020 43',
    ];
    assert.deepEqual(listed.stdout.trim().split('\n').sort(), expected);
  });

  test('as a Maildir, where a second time adds nothing', async () => {
    assert.equal((await keep('restore', 'latest', '--to', `maildir:${at('Maildir')}`)).code, 0);
    const [first = ''] = (await readdir(at('Maildir/cur'))).sort();
    assert.match(first, /:2,FSa$/);
    assert.equal(await readFile(join(at('Maildir/cur'), first), 'latin1'), odd);
    assert.equal((await readdir(at('Maildir/.Lists.v1%2e2/cur'))).length, 1);
    const again = await keep('restore', 'latest', '--to', `maildir:${at('Maildir')}`, '--json');
    assert.match(again.stdout, /"messages":0,"bytes":0,"left":3/);
  });
});
