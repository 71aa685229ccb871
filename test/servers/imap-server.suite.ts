import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import { type FixtureFolder, writeDirectTree } from '../../src/mail/direct/direct-fixture.ts';
import { isExplained } from '../../src/mail/direct/ledger.ts';
import type { CommandResult } from '../requirement/command.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { canRunApart } from './apart.ts';
import {
  AccountNights,
  type NewMessage,
  type Night,
  openWriter,
  passwordOf,
  serverOf,
  sha256Of,
} from './imap-account.ts';
import { openMaildirReader } from './maildir-reader.ts';

/** A real IMAP server on free loopback ports whose users have the password `secret`. */
export interface ImapServer {
  readonly port: number;
  readonly tlsPort: number;
  readonly certificateAuthority: string;
  /** What a user's clients said after their login, a line a command, with literals and tags. */
  commands(user: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface ImapServerTraits {
  readonly name: string;
  start(users: readonly string[]): Promise<ImapServer>;
  /** What the names of folders begin with, and what parts their levels. */
  readonly prefix: string;
  readonly delimiter: string;
  /** Names of one level that it takes, beyond letters. */
  readonly oddNames: readonly string[];
  /** What becomes of a message that it is given. */
  stored(content: string): string;
  /** How many of the `changing` messages nothing but a note tells to be there. */
  readonly unrecognized: number;
  /** Bytes of the largest message that it takes; undefined: it does not say. */
  readonly largestMessage?: number;
}

const mail = (text: string, id = text): string =>
  `From: bob@example.org\r\nDate: Mon, 05 Jun 2023 10:00:00 +0200\r\nMessage-ID: <${id}@x>\r\nSubject: ${text}\r\n\r\n${text}\r\n`;

interface TextMessage extends NewMessage {
  readonly content: string;
}

const odd: readonly TextMessage[] = [
  { content: mail('flags'), flags: ['\\Seen', 'Work', '$Forwarded'], date: 1_000_000_000, zone: 120 },
  { content: mail('twice'), flags: ['\\Flagged', '\\Answered'], date: 1_000_000_001 },
  { content: mail('twice'), flags: ['\\Flagged', '\\Answered'], date: 1_000_000_001 },
  { content: mail('other body', 'twice'), flags: ['\\Draft'], date: 1_000_000_002, zone: -570 },
  { content: 'Subject: eight bits \xe9\xff\r\n\r\n\x80\x81\r\n', date: 883_612_800 },
  { content: 'Subject: utf-8 \xc3\xa9\r\n\r\nx\r\n', date: 951_782_400 },
  { content: 'Subject: no line end\r\n\r\nend', date: 2_145_916_800 },
  { content: `Subject: long\r\n\r\n${'x'.repeat(20_000)}\r\n`, date: 946_684_800 },
];

/** Servers store one or the other of these otherwise than they were given. */
const changing = [
  'Message-ID: <eight@x>\r\nSubject: eight bits \xe9\r\n\r\nx\r\n',
  'Message-ID: <end@x>\r\nSubject: no line end\r\n\r\nend',
  'Subject: no line end and no id\r\n\r\nend',
  'Subject: eight bits \xe9 and no id\r\n\r\nx\r\n',
].map((content, at) => ({ uid: at + 1, content, date: 1_500_000_000 + at }));

const megabyte = 1024 * 1024;
const largeMessage = (bytes: number, date: number) => {
  const head = `Message-ID: <large${bytes}@x>\r\nSubject: large\r\n\r\n`;
  const line = `${'0123456789'.repeat(7)}\r\n`;
  return { content: head + line.repeat(Math.floor((bytes - head.length) / line.length)), date };
};

const many = Array.from({ length: 1040 }, (_, at) => ({ content: mail(`many ${at}`), date: 1_400_000_000 + at }));

/** Nothing that a capture says may be any of these. */
const writing =
  /^\S+ (?:UID )?(?:SELECT|STORE|EXPUNGE|APPEND|COPY|MOVE|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE|CLOSE|CHECK|SETACL|SETQUOTA)\b/i;

const letters: Readonly<Record<string, string>> = {
  '\\Seen': 'S',
  '\\Flagged': 'F',
  '\\Answered': 'R',
  '\\Draft': 'D',
  $Forwarded: 'P',
};

const expected = (messages: readonly TextMessage[], stored: (content: string) => string): readonly string[] =>
  messages
    .map(({ content, flags = [], date }) => {
      const own = flags.map((flag) => letters[flag] ?? '').sort();
      return `${date} ${own.join('')} ${sha256Of(stored(content))}`;
    })
    .sort();

const contentOf = async (night: Night): Promise<ReadonlyMap<string, readonly string[]>> =>
  new Map(
    [...(await night.messages())].map(([folder, messages]) => [
      folder,
      messages.map(({ letters, sha256, date }) => `${date} ${letters} ${sha256}`).sort(),
    ]),
  );

/** What has to hold on every IMAP server: capture, mirror and restore, from the first night to the way back. */
export const imapServerSuite = (traits: ImapServerTraits): void => {
  const { name, prefix, delimiter, oddNames, stored } = traits;
  const skip = canRunApart ? false : 'only the superuser can mount what it is made of';
  describe(`${name} as a server`, { concurrency: 1, skip }, () => {
    let server: ImapServer;
    let person: Person;
    let nights: AccountNights;
    const users = ['alice', 'bob', 'carol'];
    const named = (...levels: readonly string[]): string => prefix + levels.join(delimiter);
    /** Of a snapshot, by the name with people. */
    const folderOf = <Value>(found: ReadonlyMap<string, Value>, folder: string): Value | undefined =>
      found.get(folder.replaceAll('.', '%2E').replaceAll('/', '%2F'));

    const client = async <Result>(user: string, work: (client: ImapFlow) => Promise<Result>): Promise<Result> => {
      const flow = new ImapFlow({
        host: '127.0.0.1',
        port: server.tlsPort,
        secure: true,
        auth: { user, pass: 'secret' },
        tls: { ca: server.certificateAuthority },
        logger: false,
      });
      await flow.connect();
      try {
        return await work(flow);
      } finally {
        await flow.logout();
      }
    };
    const inFolder = (folder: string, work: (client: ImapFlow) => Promise<unknown>): Promise<unknown> =>
      client('alice', async (flow) => {
        await flow.mailboxOpen(folder);
        await work(flow);
      });

    before(async () => {
      server = await traits.start(users);
      person = await createPerson();
      nights = new AccountNights(serverOf(server));
      const writer = await openWriter(serverOf(server));
      await writer.append('INBOX', odd);
      await writer.create(named('Work'));
      await writer.append(named('Work'), many);
      await writer.create(named('Work', 'deep'));
      for (const [at, odd] of oddNames.entries()) {
        await writer.create(named(odd));
        await writer.append(named(odd), [{ content: mail(`in odd ${at}`), date: 1_200_000_000 }]);
      }
      await writer.close();
      const account = (user: string) => ({
        host: 'localhost',
        port: server.tlsPort,
        certificateAuthority: join(person.folder, 'ca.pem'),
        user,
        login: { password: { file: join(person.folder, 'password') } },
      });
      await mkdir(join(person.home, '.config/mailkeep'), { recursive: true });
      await writeFile(join(person.folder, 'ca.pem'), server.certificateAuthority);
      await writeFile(join(person.folder, 'password'), 'secret\n', { mode: 0o600 });
      const accounts = {
        ...Object.fromEntries(users.map((user) => [user, account(user)])),
        mirrored: { ...account('alice'), store: { mirror: join(person.folder, 'mirror') } },
      };
      await writeFile(join(person.home, '.config/mailkeep/mailkeep.yaml'), JSON.stringify({ version: 1, accounts }));
      assert.equal((await keep('init')).code, 0);
    });
    after(async () => {
      await server.stop();
      await person.leave();
    });

    const repository = () => ({ RESTIC_REPOSITORY: join(person.folder, 'repository'), RESTIC_PASSWORD: 'secret' });
    const keep = (...args: readonly string[]): Promise<CommandResult> =>
      person.run(args, { environment: repository() });

    test('A1 A3: the first night has every message as it was given, the second fetches nothing', async () => {
      const first = await nights.night();
      const found = await contentOf(first);
      assert.deepEqual(found.get('INBOX'), expected(odd, stored));
      assert.deepEqual(folderOf(found, named('Work')), expected(many, stored));
      assert.equal(found.size, 3 + oddNames.length);
      assert.ok(first.report.ledger.folders.every(isExplained));
      assert.equal((await nights.night()).report.fetched.messages, 0);
      assert.equal((await nights.night({ rescan: true })).report.fetched.messages, 0);
    });

    test('A1: flags, deletions and moves: what changed is there, and only new messages are fetched', async () => {
      await inFolder(named('Work'), async (flow) => {
        await flow.messageFlagsAdd('1:10', ['\\Seen', 'Later']);
        await flow.messageFlagsAdd('1030:1040', ['\\Flagged']);
        await flow.messageDelete('100:129');
        await flow.messageMove('1', 'INBOX');
      });
      const night = await nights.night();
      const found = await night.messages();
      const work = folderOf(found, named('Work')) ?? [];
      assert.equal(work.length, 1009);
      assert.equal(found.get('INBOX')?.length, odd.length + 1);
      assert.equal(night.report.fetched.messages, 1);
      assert.equal(work.filter((message) => message.letters === 'S').length, 9);
      assert.equal(work.filter((message) => message.letters === 'F').length, 11);
      assert.ok(night.report.ledger.folders.every(isExplained));
      assert.equal((await nights.night()).report.fetched.messages, 0);
    });

    test('A1: a folder that was deleted and made again is another generation, and is fetched whole', async () => {
      const [odd = 'other'] = oddNames;
      await client('alice', (flow) => flow.mailboxDelete(named(odd)));
      const writer = await openWriter(serverOf(server));
      await writer.create(named(odd));
      await writer.append(named(odd), [{ content: mail('another'), date: 1_300_000_000 }]);
      await writer.close();
      const night = await nights.night();
      assert.equal(night.report.fetched.messages, 1);
      assert.equal(night.report.changes.filter(({ uidValidityChanged }) => uidValidityChanged).length, 1);
    });

    test('A3: what a capture says changes nothing', async () => {
      const count = async (pattern: RegExp): Promise<number> =>
        (await server.commands('alice')).filter((line) => pattern.test(line)).length;
      const [examined, written] = [await count(/ EXAMINE /), await count(writing)];
      assert.ok(written > 0, 'what others wrote is seen');
      // One connection: Courier mixes what several say at once.
      await nights.night({ rescan: true, connections: 1 });
      const expected = examined + 3 + oddNames.length;
      // What they note is written some time after the answer.
      for (let tries = 0; tries < 100 && (await count(/ EXAMINE /)) < expected; tries++) await sleep(50);
      assert.equal(await count(/ EXAMINE /), expected);
      assert.equal(await count(writing), written);
    });

    test('A2 A4: a mirror holds the same, with UIDs, keywords and dates, and Dovecot serves it', async () => {
      const first = await keep('run', 'mirrored');
      assert.equal(first.code, 0, first.stderr + first.stdout);
      const reader = await openMaildirReader(join(person.folder, 'mirror'));
      const stored = await (await nights.night()).messages();
      const inbox = await reader.folder('INBOX');
      assert.deepEqual(
        inbox.messages.map(({ uid, body }) => [uid, sha256Of(body)]),
        stored.get('INBOX')?.map(({ uid, sha256 }) => [uid, sha256]),
      );
      assert.deepEqual(inbox.messages[0]?.flags, ['$Forwarded', 'Work', '\\Seen']);
      assert.match(inbox.messages[0]?.date ?? '', /^09-Sep-2001 01:46:40/);
      await reader.close();
      const second = await keep('run', 'mirrored', '--json');
      assert.equal(second.code, 0, second.stderr);
      assert.match(second.stdout, /"messages_fetched":0\b/);
    });

    test('A9: the account comes back to another one; a second time, without any state, adds nothing', async () => {
      const captured = await keep('run', 'alice', '--json');
      assert.equal(captured.code, 0, captured.stderr + captured.stdout);
      const restore = (): Promise<CommandResult> =>
        keep('restore', 'latest', '--yes', '--json', '--to', 'imap:bob', '--verify');
      const first = await restore();
      assert.equal(first.code, 0, first.stderr + first.stdout);
      await rm(join(person.home, '.local'), { recursive: true, force: true });
      await rm(join(person.home, '.cache'), { recursive: true, force: true });
      const second = await restore();
      assert.equal(second.code, 0, second.stderr);
      assert.match(second.stdout, /"outcome":"restored","added":0,/);
      const bob = new AccountNights(serverOf(server), { user: 'bob', credentials: passwordOf('bob') });
      assert.deepEqual(await contentOf(await bob.night()), await contentOf(await nights.night()));
    });

    /** A snapshot of one folder, as if it had been captured from another server. */
    const snapshotOf = async (tag: string, folder: FixtureFolder): Promise<void> => {
      const tree = join(person.folder, tag);
      await writeDirectTree([folder], tree);
      const made = await person.run(['backup', '.', '--tag', tag], { cwd: tree, environment: repository() });
      assert.equal(made.code, 0, made.stderr);
    };
    const restored = async (tag: string, code = 0): Promise<string> => {
      const done = await keep('restore', 'latest', '--tag', tag, '--yes', '--json', '--to', 'imap:carol');
      assert.equal(done.code, code, done.stderr + done.stdout);
      return done.stderr + done.stdout;
    };

    test('A9: messages that the server changes are not added twice, with and without what was noted of them', async () => {
      await snapshotOf('changing', { name: 'INBOX', messages: changing });
      assert.match(await restored('changing'), /"added":4,/);
      const said = (await server.commands('carol')).length;
      assert.match(await restored('changing'), /"added":0,"bytes":0,"present":4,/);
      const after = (await server.commands('carol')).slice(said);
      assert.ok(!after.some((line) => line.includes('BODY')), 'nothing is looked at that was noted');
      // What the server made of them is another snapshot, whose bytes are not those that were noted.
      const captured = await keep('run', 'carol', '--json');
      assert.equal(captured.code, 0, captured.stderr + captured.stdout);
      const again = await keep('restore', 'latest', '--yes', '--json', '--to', 'imap:carol');
      assert.equal(again.code, 0, again.stderr + again.stdout);
      assert.match(again.stdout, /"added":0,"bytes":0,"present":4,/);
      await rm(join(person.home, '.local'), { recursive: true, force: true });
      assert.match(await restored('changing'), new RegExp(`"added":${traits.unrecognized},`));
    });

    test('A9: a message of 60 MB goes back, and one that is too large is told and costs itself only', async () => {
      const { largestMessage } = traits;
      const messages = [largeMessage(60 * megabyte, 1_600_000_000), { content: mail('small'), date: 1_600_000_001 }];
      if (largestMessage !== undefined) messages.push(largeMessage(largestMessage + 200, 1_600_000_002));
      const folder = { name: 'Large', messages: messages.map((message, at) => ({ uid: at + 1, ...message })) };
      await snapshotOf('large', folder);
      const first = await restored('large', largestMessage === undefined ? 0 : 1);
      assert.match(first, /"added":2,/);
      if (largestMessage !== undefined) assert.match(first, new RegExp(`takes at most ${largestMessage}`));
      const carol = new AccountNights(serverOf(server), { user: 'carol', credentials: passwordOf('carol') });
      const found = folderOf(await contentOf(await carol.night()), named('Large'));
      assert.deepEqual(found, expected(messages.slice(0, 2), stored));
      assert.match(await restored('large', largestMessage === undefined ? 0 : 1), /"added":0,"bytes":0,"present":2,/);
    });
  });
};
