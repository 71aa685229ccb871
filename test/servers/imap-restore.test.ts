import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FixtureFolder, writeDirectTree } from '../../src/mail/direct/direct-fixture.ts';
import { createPerson, ended, type Person } from '../journey/program.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { AccountNights, openWriter, passwordOf, serverOf, sha256Of } from './imap-account.ts';

const mail = (text: string, id = text): string =>
  `From: bob@example.org\r\nDate: Mon, 05 Jun 2023 10:00:00 +0200\r\nMessage-ID: <${id}@x>\r\nSubject: ${text}\r\n\r\n${text}\r\n`;

const twice = mail('twice');
const many = Array.from({ length: 300 }, (_, at) => ({
  uid: at + 1,
  content: mail(`many ${at}`),
  date: 1_600_000_000 + at,
}));

const folders: readonly FixtureFolder[] = [
  {
    name: 'INBOX',
    messages: [
      { uid: 1, content: mail('one'), flags: ['\\Seen', 'Work', '$Forwarded'], date: 1_000_000_000 },
      { uid: 2, content: twice, flags: ['\\Flagged'], date: 1_000_000_001 },
      { uid: 9, content: twice, flags: ['\\Flagged'], date: 1_000_000_001 },
      // Equal size, date and header, and another body: drafts are like this.
      { uid: 10, content: mail('body', 'same').replace('\r\nbody', '\r\nBody'), date: 1_000_000_002 },
      { uid: 11, content: mail('body', 'same'), date: 1_000_000_002 },
      { uid: 12, content: 'Subject: no id\r\n\r\nx\r\n', flags: ['\\Draft', '\\Deleted'], date: 1_000_000_003 },
      { uid: 13, content: '\r\nno header \xff\r\n', date: 1_000_000_004 },
    ],
  },
  {
    name: 'Work.2024.Entw&APw-rfe',
    delimiter: '.',
    messages: [{ uid: 5, content: mail('draft'), date: 1_500_000_000 }],
  },
  { name: 'Empty', messages: [] },
  { name: 'many', messages: many },
];

/** What an account holds, as its owner sees it. */
const contentOf = async (dovecot: Dovecot, user: string) => {
  const nights = new AccountNights(serverOf(dovecot), {
    user,
    credentials: passwordOf(user),
  });
  const night = await nights.night();
  const found = await night.messages();
  return new Map(
    [...found].map(([name, messages]) => [
      name,
      messages.map(({ letters, sha256, date }) => `${date} ${letters} ${sha256}`).sort(),
    ]),
  );
};

const letters = (flags: readonly string[] = []): string =>
  flags
    .map((flag) => ({ '\\Seen': 'S', '\\Flagged': 'F', '\\Draft': 'D', '\\Deleted': 'T', $Forwarded: 'P' })[flag] ?? '')
    .sort()
    .join('');

const expected = (name: string): readonly string[] =>
  (folders.find((folder) => folder.name === name)?.messages ?? [])
    .map(({ content, flags, date = 1_600_000_000 }) => `${date} ${letters(flags)} ${sha256Of(content)}`)
    .sort();

/** Another delimiter, and another name for what was sent. */
const otherSettings = `
namespace inbox {
  separator = .
  mailbox Sent {
    special_use =
  }
  mailbox Outbox {
    special_use = \\Sent
    auto = create
  }
}
`;

const aclSettings = `
mail_plugins = acl quota
protocol imap {
  mail_plugins = acl quota imap_acl imap_quota
}
plugin {
  acl = vfile
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage=100M
  quota_rule2 = Small:storage=1M
}
`;

describe('A9: mail of a snapshot goes back to an account', { concurrency: 1 }, () => {
  let person: Person;
  let dovecot: Dovecot;
  let access: Record<string, string>;
  const users = Object.fromEntries(
    ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gina', 'harry', 'full'].map((name) => [name, 'secret']),
  );

  const account = (user: string, port: number) => ({
    host: 'localhost',
    port,
    certificateAuthority: join(person.folder, 'ca.pem'),
    user,
    login: { password: { file: join(person.folder, 'password') } },
  });
  const configure = async (port: (user: string) => number = () => dovecot.tlsPort): Promise<void> => {
    const accounts = Object.fromEntries(Object.keys(users).map((user) => [user, account(user, port(user))]));
    await writeFile(join(person.home, '.config/mailkeep/mailkeep.yaml'), JSON.stringify({ version: 1, accounts }));
  };
  const keep = (...args: string[]) => person.run(args, { environment: access });
  const restore = async (...args: string[]) => {
    const { code, stdout, stderr } = await keep('restore', 'latest', '--yes', '--json', ...args);
    const line = stdout.split('\n').find((text) => text.includes('"message_type":"summary"')) ?? '{}';
    const record: unknown = JSON.parse(line);
    const summary = new Map(Object.entries(typeof record === 'object' && record !== null ? record : {}));
    return { code, stderr, stdout, summary };
  };

  before(async () => {
    person = await createPerson();
    access = { RESTIC_REPOSITORY: join(person.folder, 'repository'), RESTIC_PASSWORD: 'secret' };
    dovecot = await startDovecot({ users });
    await mkdir(join(person.home, '.config/mailkeep'), { recursive: true });
    await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
    await writeFile(join(person.folder, 'password'), 'secret\n', { mode: 0o600 });
    await configure();
    await writeDirectTree(folders, join(person.folder, 'account'));
    await keep('init');
    const made = await person.run(['backup', '.'], { cwd: join(person.folder, 'account'), environment: access });
    assert.equal(made.code, 0, made.stderr);
  });
  after(async () => {
    await dovecot.stop();
    await person.leave();
  });

  test('with equal bytes, flags, keywords and dates; a second time, without any state of ours, adds nothing', async () => {
    const planned = await keep('restore', 'latest', '--to', 'imap:alice', '--dry-run');
    assert.equal(planned.code, 0, planned.stderr);
    assert.match(planned.stdout, /INBOX -> INBOX: 7 messages to add/);
    assert.match(planned.stdout, /Work\/2024\/Entwürfe -> Work\/2024\/Entwürfe \(new\): 1 message to add/);
    assert.deepEqual([...(await contentOf(dovecot, 'alice')).values()].flat(), []);
    const first = await restore('--to', 'imap:alice', '--verify');
    assert.equal(first.code, 0, first.stderr + first.stdout);
    assert.match(first.stdout, /^\{"message_type":"status".*"total_files":/m, 'progress, with totals');
    assert.equal(first.summary.get('added'), 308);
    const content = await contentOf(dovecot, 'alice');
    assert.deepEqual(content.get('INBOX'), expected('INBOX'));
    assert.deepEqual(content.get('many'), expected('many'));
    assert.deepEqual(content.get('Work%2F2024%2FEntw&APw-rfe'), expected('Work.2024.Entw&APw-rfe'));
    assert.deepEqual(content.get('Empty'), []);
    const flags = await dovecot.doveadm('fetch', '-u', 'alice', 'flags', 'mailbox', 'INBOX', 'uid', '1');
    assert.match(flags, /\\Seen/);
    assert.match(flags, /Work/);
    const said = (await dovecot.commands('alice')).length;
    const noted = await restore('--to', 'imap:alice');
    assert.deepEqual([noted.code, noted.summary.get('added'), noted.summary.get('present')], [0, 0, 308], noted.stderr);
    const looked = (await dovecot.commands('alice')).slice(said).filter((line) => line.includes('BODY'));
    assert.deepEqual(looked, [], 'nothing is looked at that was noted when it was added');
    const byId = await restore('--to', 'imap:alice', '--same-message-id');
    assert.deepEqual([byId.code, byId.summary.get('added'), byId.summary.get('present')], [0, 0, 308], byId.stderr);
    await rm(join(person.home, '.local'), { recursive: true, force: true });
    await rm(join(person.home, '.cache'), { recursive: true, force: true });
    const second = await restore('--to', 'imap:alice');
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual([second.summary.get('added'), second.summary.get('present')], [0, 308]);
    assert.deepEqual(await contentOf(dovecot, 'alice'), content);
  });

  test('from one server to another: captured, restored and captured again, it is the same', async () => {
    const other = await startDovecot({ users, settings: otherSettings });
    try {
      const writer = await openWriter(serverOf(dovecot), 'gina');
      await writer.create('Sent');
      await writer.create('A/B');
      const dated = { date: 1_111_111_111, zone: -210 };
      await writer.append('Sent', [{ content: mail('sent'), flags: ['\\Answered', '$MDNSent', 'x'], ...dated }]);
      await writer.append('A/B', [{ content: mail('deep') }, { content: mail('deep') }]);
      await writer.close();
      const where = { ...access, RESTIC_REPOSITORY: join(person.folder, 'captured') };
      assert.equal((await person.run(['init'], { environment: where })).code, 0);
      const captured = await person.run(['run', 'gina', '-r', join(person.folder, 'captured')], { environment: where });
      assert.equal(captured.code, 0, captured.stderr);
      await writeFile(join(person.folder, 'ca.pem'), other.certificateAuthority);
      await configure(() => other.tlsPort);
      for (const added of [3, 0]) {
        const args = ['restore', 'latest', '--yes', '--json', '--to', 'imap:gina', '--verify'];
        const { code, stdout, stderr } = await person.run(args, { environment: where });
        assert.equal(code, 0, stderr + stdout);
        assert.match(stdout, new RegExp(`"outcome":"restored","added":${added},`));
      }
      const [before, after] = [await contentOf(dovecot, 'gina'), await contentOf(other, 'gina')];
      assert.deepEqual(after.get('Outbox'), before.get('Sent'));
      assert.deepEqual(after.get('A%2EB'), before.get('A%2FB'));
      const fetch = async (server: Dovecot, folder: string): Promise<string> => {
        const told = await server.doveadm('fetch', '-u', 'gina', 'flags date.received', 'mailbox', folder, 'all');
        return told.replace('\\Recent ', '');
      };
      assert.equal(await fetch(other, 'Outbox'), await fetch(dovecot, 'Sent'));
      assert.match(await fetch(other, 'Outbox'), /\$MDNSent/);
    } finally {
      await other.stop();
      await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
      await configure();
    }
  });

  test('from a server with a prefix, as Courier has one: its folders lose it, and a second time adds nothing', async () => {
    const where = { ...access, RESTIC_REPOSITORY: join(person.folder, 'prefixed') };
    const message = { uid: 1, content: mail('prefixed'), date: 1_500_000_000 };
    const prefixed = ['INBOX', 'INBOX.Work', 'INBOX.Work.Old'].map((name) => ({
      name,
      delimiter: '.',
      messages: [message],
    }));
    await writeDirectTree(prefixed, join(person.folder, 'prefixed-account'));
    assert.equal((await person.run(['init'], { environment: where })).code, 0);
    const cwd = join(person.folder, 'prefixed-account');
    assert.equal((await person.run(['backup', '.'], { cwd, environment: where })).code, 0);
    for (const added of [3, 0]) {
      const args = ['restore', 'latest', '--yes', '--json', '--to', 'imap:harry'];
      const { code, stdout, stderr } = await person.run(args, { environment: where });
      assert.equal(code, 0, stderr + stdout);
      assert.match(stdout, new RegExp(`"outcome":"restored","added":${added},`));
    }
    assert.deepEqual([...(await contentOf(dovecot, 'harry')).keys()].sort(), ['INBOX', 'Work', 'Work%2FOld']);
  });

  test('only what is missing comes back, of two equal messages the one that is gone', async () => {
    await dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', 'INBOX', 'uid', '3,4');
    const again = await restore('--to', 'imap:alice');
    assert.equal(again.summary.get('added'), 2, again.stderr);
    assert.deepEqual((await contentOf(dovecot, 'alice')).get('INBOX'), expected('INBOX'));
  });

  test('a part: folders, a search, other names, everything below a folder', async () => {
    const mapped = await restore('--to', 'imap:bob', '--folder', 'work/*', '--map-folder', 'Work=Old/Job');
    assert.equal(mapped.summary.get('added'), 1, mapped.stderr);
    assert.deepEqual([...(await contentOf(dovecot, 'bob')).keys()].sort(), [
      'INBOX',
      'Old%2FJob%2F2024%2FEntw&APw-rfe',
    ]);
    const searched = await restore('--to', 'imap:bob', '--subject', 'one', '--prefix', 'Restored');
    assert.equal(searched.summary.get('added'), 1, searched.stderr);
    assert.equal((await contentOf(dovecot, 'bob')).get('Restored%2FINBOX')?.length, 1);
    for (const extra of ['--yes', '--dry-run']) {
      const dated = await keep('restore', 'latest', '--to', 'imap:bob', '--since', '2024-01-01', extra);
      assert.equal(dated.code, 2);
      assert.match(dated.stderr, /no message in the snapshot matches what was asked for/);
    }
    const misspelt = await keep('restore', 'latest', '--to', 'imap:bob', '--map-folder', 'work=Old', '--yes');
    assert.equal(misspelt.code, 2);
    assert.match(misspelt.stderr, /no mail folder of the snapshot matches “work”/);
    const missed = await keep('restore', 'latest', '--to', 'imap:bob', '--folder', 'Nowhere', '--yes');
    assert.equal(missed.code, 2);
    assert.match(missed.stderr, /no mail folder of the snapshot matches “Nowhere”/);
    assert.equal((await keep('restore', 'latest', '--to', 'imap:nobody', '--yes')).code, 2);
    const unasked = await keep('restore', 'latest', '--to', 'imap:bob');
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /nobody to ask/);
  });

  test('the answer to an APPEND is lost: what has arrived is not sent again', async () => {
    const proxy: CuttingProxy = await startCuttingProxy(dovecot.tlsPort);
    try {
      await configure((user) => (user === 'carol' ? proxy.port : dovecot.tlsPort));
      proxy.cutAfterUpload(4000, 2);
      const { code, stderr, summary } = await restore('--to', 'imap:carol', '--folder', 'many');
      assert.equal(code, 0, stderr);
      assert.ok(proxy.cuts() > 0);
      assert.deepEqual((await contentOf(dovecot, 'carol')).get('many'), expected('many'));
      assert.equal(summary.get('added'), 300);
    } finally {
      await proxy.stop();
      await configure();
    }
  });

  test('kill -9 in the middle: the next run adds the rest', async () => {
    const proxy = await startCuttingProxy(dovecot.tlsPort);
    try {
      await configure((user) => (user === 'dave' ? proxy.port : dovecot.tlsPort));
      const where = ['-r', join(person.folder, 'repository')];
      await writeFile(join(person.folder, 'repository-password'), 'secret');
      const word = ['--password-file', join(person.folder, 'repository-password')];
      const child = person.start(['restore', 'latest', '--yes', '--to', 'imap:dave', ...where, ...word]);
      proxy.onUpload(30_000, () => child.kill('SIGKILL'));
      assert.equal((await ended(child)).code, -1);
    } finally {
      await proxy.stop();
      await configure();
    }
    await keep('unlock', '--remove-all');
    const next = await restore('--to', 'imap:dave', '--verify');
    assert.equal(next.code, 0, next.stderr);
    assert.deepEqual((await contentOf(dovecot, 'dave')).get('many'), expected('many'));
    assert.deepEqual((await contentOf(dovecot, 'dave')).get('INBOX'), expected('INBOX'));
  });

  test('a mailbox that is full, and a folder that is for reading only: told, and the rest goes on', async () => {
    const limited = await startDovecot({ users, settings: aclSettings });
    try {
      await writeFile(join(person.folder, 'ca.pem'), limited.certificateAuthority);
      await configure(() => limited.tlsPort);
      const writer = await openWriter(serverOf(limited), 'frank');
      await writer.create('many');
      await writer.close();
      await limited.doveadm('acl', 'set', '-u', 'frank', 'many', 'owner', 'lookup', 'read');
      // Without the right to write, PERMANENTFLAGS has neither `\\*` nor what is in use.
      const rights = ['lookup', 'read', 'insert', 'write-seen', 'post'];
      await limited.doveadm('acl', 'set', '-u', 'frank', 'INBOX', 'owner', ...rights);
      const refused = await restore('--to', 'imap:frank');
      assert.equal(refused.code, 1, refused.stderr);
      assert.match(refused.stderr, /many: .*reading only/);
      assert.deepEqual([refused.summary.get('added'), refused.summary.get('left')], [8, 300]);
      assert.deepEqual(refused.summary.get('flags_left'), {
        '\\Deleted': 1,
        '\\Draft': 1,
        '\\Flagged': 2,
        $Forwarded: 1,
        Work: 1,
      });
      await limited.doveadm(
        'acl',
        'set',
        '-u',
        'frank',
        'many',
        'owner',
        'lookup',
        'read',
        'insert',
        'write',
        'write-seen',
      );
      assert.equal((await restore('--to', 'imap:frank')).code, 0);
    } finally {
      await limited.stop();
      await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
      await configure();
    }
  });

  test('no room: the restore stops with what to do, and goes on when there is room', async () => {
    const small = await startDovecot({ users, settings: aclSettings.replace('storage=100M', 'storage=20K') });
    try {
      await writeFile(join(person.folder, 'ca.pem'), small.certificateAuthority);
      await configure(() => small.tlsPort);
      const { code, stderr, summary } = await restore('--to', 'imap:full');
      assert.equal(code, 1, stderr);
      assert.match(stderr, /the mailbox is full/);
      assert.equal(Number(summary.get('added')) + Number(summary.get('left')), 308);
      assert.ok(Number(summary.get('left')) > 0);
    } finally {
      await small.stop();
      await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
      await configure();
    }
  });

  test('from a Maildir of LF, with keywords', async () => {
    const maildir = join(person.folder, 'Maildir');
    for (const name of ['cur', 'new', 'tmp']) await mkdir(join(maildir, name), { recursive: true });
    await writeFile(join(maildir, 'cur', '1.a.host:2,FSa'), mail('from a file').replaceAll('\r\n', '\n'));
    await writeFile(join(maildir, 'new', '2.a.host'), 'Subject: nul\n\n\0\n');
    await writeFile(join(maildir, 'dovecot-keywords'), '0 Label\n');
    const big = `Subject: big\n\n${`${'y'.repeat(70)}\n`.repeat(120_000)}`;
    await writeFile(join(maildir, 'cur', '3.a.host:2,'), big);
    assert.equal((await keep('backup', maildir, '--tag', 'files')).code, 0);
    const first = await restore('--tag', 'files', '--to', 'imap:erin', '--verify');
    assert.equal(first.code, 0, first.stderr);
    assert.equal(first.summary.get('added'), 3);
    const flags = await dovecot.doveadm(
      'fetch',
      '-u',
      'erin',
      'flags',
      'mailbox',
      'INBOX',
      'header',
      'subject',
      'file',
    );
    assert.match(flags, /\\Flagged.*\\Seen.*Label/);
    const second = await restore('--tag', 'files', '--to', 'imap:erin');
    assert.deepEqual([second.summary.get('added'), second.summary.get('present')], [0, 3], second.stderr);
  });
});
