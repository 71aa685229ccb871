import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { createTestRun } from '../../src/contract/test-run.ts';
import { byteStringOfText } from '../../src/model/byte-string.ts';
import { isFault } from '../../src/model/fault.ts';
import { Secret } from '../../src/model/secret.ts';
import { isExplained } from '../../src/mail/direct/ledger.ts';
import { closeSession, openSession } from '../../src/protocol/imap/connection/open-connection.ts';
import type { ServerSettings } from '../../src/protocol/imap/connection/settings.ts';
import { startOauthServer } from '../../src/protocol/login/oauth-server-fixture.ts';
import { testPassword } from '../../src/store/restic/repository-fixture.ts';
import { makeOurRepository } from '../journey/our-repository.ts';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { AccountNights, passwordOf, serverOf, sha256Of } from './imap-account.ts';

/** Messages as files of a Maildir, which may hold what no APPEND would take. */
const placeMaildir = async (
  dovecot: Dovecot,
  folder: string,
  messages: readonly { readonly content: Buffer; readonly flags?: string; readonly date: number }[],
): Promise<void> => {
  const at = join(dovecot.home('alice'), 'Maildir', folder === 'INBOX' ? '' : `.${folder}`);
  for (const name of ['cur', 'new', 'tmp']) await mkdir(join(at, name), { recursive: true });
  for (const [number, { content, flags = '', date }] of messages.entries()) {
    const file = join(at, 'cur', `${1_000_000_000 + number}.M${number}.host:2,${flags}`);
    await writeFile(file, content);
    await utimes(file, date, date);
  }
  await dovecot.own('alice');
};

/**
 * What Dovecot sends for a file of a Maildir: line feeds become CRLF, and a NUL, which no literal may hold (RFC 3501 section
 * 4.3), becomes 0x80.
 */
const asSent = (content: Buffer): string =>
  sha256Of(
    Buffer.from(
      content
        .toString('latin1')
        .replace(/(?<!\r)\n/g, '\r\n')
        .replaceAll('\0', '\x80'),
      'latin1',
    ),
  );

const dates = [883_612_800, 946_684_800, 1_078_000_000, 1_500_000_000, 2_145_916_800];
const odd = [
  Buffer.from('Subject: NUL\n\nbefore\0after\n'),
  Buffer.from('Subject: eight bits \xe9\xff\xfe\n\n\x80\x81\n', 'latin1'),
  Buffer.from('no header at all'),
  Buffer.from('Message-ID: <same@example.org>\n\none\n'),
  Buffer.from('Message-ID: <same@example.org>\n\nanother\n'),
].map((content, at) => ({ content, date: dates[at] ?? 0, flags: at % 2 === 0 ? 'S' : 'FR' }));

const without = 'IMAP4rev1 LITERAL+ SASL-IR ID ENABLE NAMESPACE UIDPLUS';
const variants: readonly (readonly [string, Parameters<typeof startDovecot>[0]])[] = [
  ['all that Dovecot can do', {}],
  ['COMPRESS', { settings: 'protocol imap {\n  mail_plugins = imap_zlib\n}' }],
  ['CONDSTORE without QRESYNC', { capability: `${without} CONDSTORE LIST-EXTENDED LIST-STATUS SPECIAL-USE ESEARCH` }],
  ['neither CONDSTORE nor LIST-EXTENDED', { capability: without }],
  ['IMAP4rev1 and nothing else', { capability: 'IMAP4rev1' }],
];

describe('the IMAP source against a real Dovecot', { concurrency: 1 }, () => {
  for (const [name, options] of variants) {
    test(`A1 A3: with ${name}, all is captured, then only what changed`, async () => {
      const dovecot = await startDovecot(options);
      try {
        await placeMaildir(dovecot, 'INBOX', odd);
        const many = Array.from({ length: 1500 }, (_, at) => ({
          content: Buffer.from(`Subject: ${at}\n\n${at}\n`),
          date: 1_400_000_000 + at,
        }));
        await placeMaildir(dovecot, 'Work', many);
        const nights = new AccountNights(serverOf(dovecot));
        const first = await nights.night();
        const inbox = (await first.messages()).get('INBOX') ?? [];
        assert.deepEqual(
          new Set(inbox.map(({ sha256 }) => sha256)),
          new Set(odd.map(({ content }) => asSent(content))),
        );
        assert.deepEqual(new Set(inbox.map(({ date }) => date)), new Set(dates));
        assert.equal((await first.messages()).get('Work')?.length, 1500);
        assert.ok(first.report.ledger.folders.every(isExplained));
        assert.equal((await nights.night()).report.fetched.messages, 0);

        await dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', 'Work', 'uid', '100:129,1500');
        await dovecot.doveadm('flags', 'add', '-u', 'alice', '\\Seen Later', 'mailbox', 'Work', 'uid', '1:10');
        await dovecot.doveadm('move', '-u', 'alice', 'Work', 'mailbox', 'INBOX', 'uid', '1');
        const third = await nights.night();
        const work = (await third.messages()).get('Work') ?? [];
        assert.equal(work.length, 1470);
        assert.equal(third.report.fetched.messages, 1, 'only the message that moved in');
        assert.deepEqual(
          work.filter(({ letters }) => letters === 'S').map(({ uid }) => uid),
          [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1501],
        );
        assert.ok(third.report.ledger.folders.every(isExplained));
        assert.equal(third.report.changes.find(({ folder }) => folder === 'Work')?.gone, 31);
        assert.equal((await nights.night({ rescan: true })).report.fetched.messages, 0);
      } finally {
        await dovecot.stop();
      }
    });
  }

  test('with COMPRESS the connection really is deflated', async () => {
    const dovecot = await startDovecot({ settings: 'protocol imap {\n  mail_plugins = imap_zlib\n}' });
    try {
      await new AccountNights(serverOf(dovecot)).night();
      assert.ok((await dovecot.commands('alice')).includes('COMPRESS DEFLATE'));
    } finally {
      await dovecot.stop();
    }
  });
});

describe('the IMAP source and its connection', { concurrency: 1 }, () => {
  let dovecot: Dovecot;
  before(async () => {
    dovecot = await startDovecot();
    await placeMaildir(dovecot, 'INBOX', odd);
  });
  after(() => dovecot.stop());

  const login = async (more: Partial<ServerSettings>, password = 'secret'): Promise<void> => {
    const server = { ...serverOf(dovecot), ...more };
    const session = await openSession(server, {
      credentials: passwordOf('alice', password),
      access: 'reading',
      run: createTestRun(),
    });
    await closeSession(session);
  };
  const plain = (security: 'starttls' | 'none') => ({ port: dovecot.port, security }) as const;

  test('A6: implicit TLS, STARTTLS, a given CA, a fingerprint and another name', async () => {
    const noAuthorities = { certificateAuthorities: '' };
    await login({});
    await login(plain('starttls'));
    await login({ ...noAuthorities, fingerprint: dovecot.fingerprint });
    await login({
      ...noAuthorities,
      ...plain('starttls'),
      fingerprint: dovecot.fingerprint.replaceAll(':', '').toLowerCase(),
    });
    await login({ serverName: 'localhost' });
    await login(plain('none'));
  });

  const refuses = async (code: Parameters<typeof isFault>[1], work: Promise<void>): Promise<void> => {
    await assert.rejects(work, (thrown) => {
      assert.ok(isFault(thrown), String(thrown));
      assert.equal(thrown.code, code);
      assert.ok(thrown.hint !== undefined, 'it says what to do');
      return true;
    });
  };

  test('A6: what does not verify, does not answer or does not log in is refused, each with its own fault', async () => {
    const { certificateAuthorities: _, ...system } = serverOf(dovecot);
    await refuses('certificate-untrusted', openAndClose(system));
    await refuses('certificate-untrusted', login({ fingerprint: 'AB'.repeat(32) }));
    await refuses('certificate-untrusted', login({ serverName: 'mail.example.org' }));
    await refuses('credentials-refused', login({}, 'wrong'));
    await refuses('server-unavailable', login({ port: 1 }));
    await refuses('server-unavailable', login({ host: 'nowhere.invalid' }));
    await refuses('server-misbehaved', login({ port: dovecot.port }));
    await refuses('server-unavailable', login({ ...plain('none'), port: dovecot.tlsPort, silenceMilliseconds: 300 }));
  });

  const openAndClose = async (server: ServerSettings): Promise<void> => {
    const run = createTestRun();
    await closeSession(await openSession(server, { credentials: passwordOf('alice'), access: 'reading', run }));
  };

  test('an aborted run ends soon with `interrupted`', async () => {
    const run = createTestRun();
    const night = new AccountNights(serverOf(dovecot)).night({}, run);
    setTimeout(() => run.abort(), 30);
    await assert.rejects(night, (thrown) => isFault(thrown, 'interrupted'));
  });

  test('what imapflow reads from the same account is what the snapshot holds', async () => {
    const night = await new AccountNights(serverOf(dovecot)).night();
    const stored = (await night.messages()).get('INBOX') ?? [];
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: dovecot.tlsPort,
      secure: true,
      auth: { user: 'alice', pass: 'secret' },
      tls: { ca: dovecot.certificateAuthority },
      logger: false,
    });
    await client.connect();
    try {
      await client.mailboxOpen('INBOX', { readOnly: true });
      const seen: [number, string, number][] = [];
      for await (const { uid, source, internalDate } of client.fetch('1:*', {
        uid: true,
        source: true,
        internalDate: true,
      })) {
        const date = new Date(internalDate ?? 0).getTime() / 1000;
        seen.push([
          uid,
          createHash('sha256')
            .update(source ?? '')
            .digest('hex'),
          date,
        ]);
      }
      assert.deepEqual(
        stored.map(({ uid, sha256, date }) => [uid, sha256, date]),
        seen,
      );
    } finally {
      await client.logout();
    }
  });

  test('A4: a snapshot in a repository is restored by stock restic byte by byte', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-imap-'));
    try {
      const repository = await makeOurRepository(join(folder, 'repository'));
      const nights = new AccountNights(serverOf(dovecot));
      await repository.with(async (store, run) => {
        const source = nights.open();
        const description = {
          time: { nanoseconds: run.now(), offsetMinutes: 0 },
          paths: [byteStringOfText('/imap/test')],
          hostname: 'alpha',
          username: 'root',
          uid: 0,
          gid: 0,
          excludes: [],
          tags: [],
        };
        const { snapshot } = await store.write(source, { description }, run);
        assert.ok(snapshot !== undefined);
        await source.close();
        // The next night takes all of it over.
        const again = nights.open();
        const parent = await store.open(snapshot.id, run);
        const { summary } = await store.write(again, { description, parent }, run);
        assert.equal(again.report().fetched.messages, 0);
        assert.equal(summary.filesChanged + summary.filesNew, 3, 'only format, ledger and script are written anew');
        await again.close();
      });
      const target = join(folder, 'restored');
      const restic = await resticBinary('0.18');
      const environment = { ...process.env, RESTIC_PASSWORD: testPassword, RESTIC_CACHE_DIR: join(folder, 'cache') };
      await succeed(restic, ['-r', repository.folder, 'restore', 'latest', '--target', target], { env: environment });
      const inbox = join(target, 'folders/INBOX');
      const [block = ''] = (await readdir(inbox)).filter((name) => name !== 'mailbox.json');
      const files = (await readdir(join(inbox, block))).filter((name) => name !== 'messages.jsonl');
      const hashes = await Promise.all(files.map(async (name) => sha256Of(await readFile(join(inbox, block, name)))));
      assert.deepEqual(new Set(hashes), new Set(odd.map(({ content }) => asSent(content))));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the IMAP source and large messages', () => {
  test('A3: messages of 60 MB come whole, in bounded memory', async () => {
    const dovecot = await startDovecot({ logCommands: false });
    try {
      const content = Buffer.alloc(60 * 1_048_576, `${'0123456789abcdef'.repeat(4)}\n`);
      await placeMaildir(
        dovecot,
        'INBOX',
        [1, 2, 3].map((at) => ({ content: Buffer.concat([Buffer.from(`Subject: ${at}\n\n`), content]), date: at })),
      );
      const source = new AccountNights(serverOf(dovecot)).open();
      const run = createTestRun();
      const requests = [];
      for await (const { listing } of source.capture(undefined, run)) {
        if (listing.kind !== 'listed') continue;
        for await (const page of listing.pages) {
          for (const child of page) if (child.kind === 'fresh' && /^\d/.test(child.entry.name)) requests.push(child);
        }
      }
      const hashes = requests.map(() => createHash('sha256'));
      let [bytes, highest] = [0, 0];
      const start = process.memoryUsage().rss;
      for await (const delivery of source.read(requests, 'in-order', run)) {
        for (const { request, start, length } of delivery.pieces) {
          hashes[request]?.update(delivery.bytes.subarray(start, start + length));
          bytes += length;
        }
        highest = Math.max(highest, process.memoryUsage().rss);
      }
      await source.close();
      assert.equal(
        bytes,
        requests.reduce((sum, { entry }) => sum + entry.size, 0),
      );
      assert.equal(new Set(hashes.map((hash) => hash.digest('hex'))).size, 3);
      assert.ok(highest - start < 120 * 1_048_576, `${Math.round((highest - start) / 1_048_576)} MB more`);
    } finally {
      await dovecot.stop();
    }
  });
});

describe('the IMAP source and OAuth', () => {
  test('A6: Dovecot takes our tokens as OAUTHBEARER and XOAUTH2', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-oauth-'));
    const oauth = await startOauthServer({ rotates: false });
    oauth.access.set('good', 'alice');
    try {
      const file = join(folder, 'oauth2.conf');
      await writeFile(
        file,
        `introspection_mode = post\nintrospection_url = ${oauth.url}/introspect\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n`,
      );
      for (const mechanism of ['oauthbearer', 'xoauth2']) {
        const passdb = `passdb {\n  driver = oauth2\n  mechanisms = ${mechanism}\n  args = ${file}\n}`;
        const dovecot = await startDovecot({ settings: `auth_mechanisms = plain ${mechanism}\n${passdb}` });
        try {
          const refused: boolean[] = [];
          const credentials = async (again: boolean) => {
            refused.push(again);
            return { kind: 'bearer', user: 'alice', token: new Secret(again ? 'good' : 'expired') } as const;
          };
          await closeSession(
            await openSession(serverOf(dovecot), { credentials, access: 'reading', run: createTestRun() }),
          );
          assert.deepEqual(refused, [false, true], 'a refused token is asked for anew, once');
        } finally {
          await dovecot.stop();
        }
      }
    } finally {
      await oauth.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
