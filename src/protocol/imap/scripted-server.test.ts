import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { AccountNights, sha256Of, type Night } from '../../../test/servers/imap-account.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { isExplained, type FolderLedger } from '../../mail/direct/ledger.ts';
import { isFault } from '../../model/fault.ts';
import { Secret } from '../../model/secret.ts';
import {
  fetchAnswer,
  type ScriptedMailbox,
  type ScriptedMessage,
  type ScriptedServer,
  startScriptedServer,
} from './scripted-server-fixture.ts';

const messageOf = (uid: number, more: Partial<ScriptedMessage> = {}): ScriptedMessage => ({
  uid,
  flags: [],
  content: Buffer.from(`Subject: ${uid}\r\n\r\n${'a line of text\r\n'.repeat(20 + uid)}`),
  ...more,
});

const mailboxOf = (...uids: readonly number[]): ScriptedMailbox => ({
  uidValidity: 7,
  messages: uids.map((uid) => messageOf(uid)),
});

const ledgerOf = (night: Night, name = 'INBOX'): FolderLedger => {
  const found = night.report.ledger.folders.find((folder) => folder.name === name);
  assert.ok(found !== undefined, `${name} is in the ledger`);
  return found;
};

const hashesOf = async (night: Night, folder = 'INBOX'): Promise<string[]> =>
  ((await night.messages()).get(folder) ?? []).map(({ sha256 }) => sha256);

describe('an IMAP account on a server that misbehaves', () => {
  let server: ScriptedServer;
  let inbox: ScriptedMailbox;
  let nights: AccountNights;
  beforeEach(async () => {
    server = await startScriptedServer();
    inbox = mailboxOf(1, 2, 3, 4, 5);
    server.mailboxes.set('INBOX', inbox);
    nights = new AccountNights(server.settings, { connections: 1 });
  });
  afterEach(async () => {
    await server.stop();
  });

  const everything = async (night: Night): Promise<void> => {
    assert.deepEqual(
      await hashesOf(night),
      inbox.messages.map(({ content }) => sha256Of(content)),
    );
    assert.ok(isExplained(ledgerOf(night)));
  };
  const bodiesAsked = (): string[] => server.commands.filter((line) => line.includes('BODY.PEEK[]'));

  test('a connection that breaks in the middle of a message goes on where it stopped', async () => {
    let broken = false;
    server.script = ({ verb, rest, hangUp, send }) => {
      if (broken || verb !== 'UID FETCH' || !rest.includes('BODY')) return false;
      broken = true;
      const answers = inbox.messages.slice(0, 3).map((message, at) => fetchAnswer(message, at + 1, rest));
      send(Buffer.concat(answers).subarray(0, -100));
      setTimeout(hangUp, 20);
      return true;
    };
    const night = await nights.night();
    await everything(night);
    assert.ok(
      bodiesAsked().some((line) => /^UID FETCH 3 .*BODY\.PEEK\[\]<[1-9]\d*\./.test(line)),
      'a part was asked for',
    );
    assert.equal(server.connections(), 2);
  });

  test('a message whose literal came whole but whose command did not end in OK is not taken as complete', async () => {
    let broken = false;
    server.script = ({ verb, rest, hangUp, send }) => {
      if (broken || verb !== 'UID FETCH' || !rest.includes('BODY')) return false;
      broken = true;
      for (const [at, message] of inbox.messages.entries()) send(fetchAnswer(message, at + 1, rest));
      setTimeout(hangUp, 20);
      return true;
    };
    await everything(await nights.night());
    assert.ok(bodiesAsked().length > 1, 'they were asked for again');
  });

  test('the server that throttles is left alone for as long as it says', async () => {
    let times = 0;
    server.script = ({ verb, rest, tag, send }) => {
      if (verb !== 'UID FETCH' || !rest.includes('BODY') || times++ > 0) return false;
      send(`${tag} NO Request is throttled. Suggested Backoff Time: 12345 milliseconds`);
      return true;
    };
    const run = createTestRun();
    await everything(await nights.night({}, run));
    assert.deepEqual(run.sleeps, [12_345]);
    assert.ok(run.events.some((event) => event.kind === 'notice' && event.message.includes('12 seconds')));
  });

  test('a UID that one answer lacks is asked for again, alone', async () => {
    let times = 0;
    server.answer = (message, usual, { rest }) =>
      message.uid === 2 && rest.includes('BODY') && times++ === 0 ? undefined : usual();
    await everything(await nights.night());
    assert.ok(bodiesAsked().includes('UID FETCH 2 (UID BODY.PEEK[])'));
  });

  test('a message that the server withholds costs itself only, is told, and is asked for the next night', async () => {
    server.answer = (message, usual, { rest }) => (message.uid === 2 && rest.includes('BODY') ? undefined : usual());
    const night = await nights.night();
    assert.equal((await hashesOf(night)).length, 4);
    assert.deepEqual(
      ledgerOf(night).differences.map(({ uid, kind }) => [uid, kind]),
      [[2, 'missing']],
    );
    assert.ok(isExplained(ledgerOf(night)));
    assert.ok(night.result.unreadable > 0);
    server.answer = (_message, usual) => usual();
    await everything(await nights.night());
  });

  test('a message that breaks every connection costs itself only', async () => {
    server.answer = (message, usual, { rest, send, hangUp }) => {
      if (message.uid !== 4 || !rest.includes('BODY')) return usual();
      send(Buffer.from('* 4 FETCH (UID 4 BODY[] }{garbage\r\n'));
      setTimeout(hangUp, 5);
      return undefined;
    };
    const night = await nights.night();
    assert.equal((await hashesOf(night)).length, 4);
    assert.deepEqual(
      ledgerOf(night).differences.map(({ uid, kind }) => [uid, kind]),
      [[4, 'missing']],
    );
  });

  test('a size that is not what came is noted, and the message kept', async () => {
    inbox.messages[1] = messageOf(2, { size: 17 });
    const night = await nights.night();
    await everything(night);
    const [difference] = ledgerOf(night).differences;
    assert.equal(difference?.uid, 2);
    assert.match(difference?.reason ?? '', /announced 17 bytes and sent/);
    assert.equal((await nights.night()).report.fetched.messages, 0);
  });

  test('a message that comes empty though it has a size is asked for once more', async () => {
    let times = 0;
    server.answer = (message, usual, { rest }) =>
      message.uid === 2 && rest.includes('BODY') && times++ === 0
        ? Buffer.from('* 2 FETCH (UID 2 BODY[] {0}\r\n)\r\n')
        : usual();
    await everything(await nights.night());
  });

  test('a server that tells the UID after the content has its messages asked for one by one', async () => {
    server.answer = (message, usual, { rest }) => {
      if (!rest.includes('BODY')) return usual();
      const { content, uid } = message;
      return Buffer.concat([
        Buffer.from(`* ${uid} FETCH (BODY[] {${content.length}}\r\n`),
        content,
        Buffer.from(` UID ${uid})\r\n`),
      ]);
    };
    await everything(await nights.night());
  });

  test('counts that lie are told, and nothing is taken for gone because of them', async () => {
    await nights.night();
    inbox.exists = 9;
    const night = await nights.night();
    assert.equal((await hashesOf(night)).length, 5);
    assert.match(ledgerOf(night).differences[0]?.reason ?? '', /counts 9 messages and lists 5/);
    inbox.exists = 5;
    server.answer = (message, usual) => (message.uid === 3 ? undefined : usual());
    inbox.messages[0] = messageOf(1, { flags: ['\\Seen'], modseq: 9 });
    const withheld = await nights.night({ rescan: true });
    assert.equal((await hashesOf(withheld)).length, 5, 'not answered is not gone');
    assert.ok(isExplained(ledgerOf(withheld)));
  });

  test('A12: a folder that cannot be opened is carried forward, and the others go on', async () => {
    server.mailboxes.set('Work', mailboxOf(1, 2));
    await nights.night();
    server.mailboxes.get('Work')?.messages.push(messageOf(3, { modseq: 5 }));
    inbox.messages.push(messageOf(6, { modseq: 5 }));
    server.script = ({ verb, rest, tag, send }) => {
      if (verb !== 'EXAMINE' || !rest.includes('Work')) return false;
      send(`${tag} NO [SERVERBUG] Internal error`);
      return true;
    };
    const night = await nights.night();
    await everything(night);
    assert.equal((await hashesOf(night, 'Work')).length, 2);
    assert.deepEqual(
      ledgerOf(night, 'Work').differences.map(({ kind }) => kind),
      ['carried'],
    );
    assert.ok(night.result.unreadable > 0);
    assert.ok(!night.report.changes.some(({ folder }) => folder === 'Work'), 'nothing is known of it');
  });

  test('A12: a server that goes away after it has listed its folders takes none of them along', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) server.mailboxes.set(name, mailboxOf(1, 2));
    await nights.night();
    for (const mailbox of server.mailboxes.values()) mailbox.messages.push(messageOf(9, { modseq: 4 }));
    let isGone = false;
    server.script = ({ verb, hangUp }) => {
      if (isGone) hangUp();
      isGone ||= verb === 'EXAMINE';
      return isGone;
    };
    const night = await nights.night({ connections: 2 });
    assert.deepEqual(
      night.report.ledger.folders.map(({ differences, inSnapshot }) => [differences[0]?.kind, inSnapshot]),
      [5, 2, 2, 2, 2, 2].map((count) => ['carried', count]),
    );
    assert.deepEqual(night.report.changes, []);
    assert.equal(night.result.unreadable, 6);
  });

  test('fewer connections are used where the server takes no more', async () => {
    server.mailboxes.set('Work', mailboxOf(...Array.from({ length: 300 }, (_, at) => at + 1)));
    server.script = ({ verb, connection, tag, send }) => {
      if (connection === 1 || verb !== 'AUTHENTICATE') return false;
      send(`${tag} NO [ALERT] Too many simultaneous connections. (Failure)`);
      return true;
    };
    const night = await nights.night({ connections: 4 });
    assert.equal((await hashesOf(night, 'Work')).length, 300);
  });
});

describe('an IMAP account and what its server can do', () => {
  let server: ScriptedServer;
  let inbox: ScriptedMailbox;
  let nights: AccountNights;
  beforeEach(async () => {
    server = await startScriptedServer();
    inbox = mailboxOf(1, 2, 3, 4, 5);
    server.mailboxes.set('INBOX', inbox);
    nights = new AccountNights(server.settings, { connections: 2 });
  });
  afterEach(async () => {
    await server.stop();
  });

  const forms = [
    ['nothing', 'IMAP4rev1 AUTH=PLAIN'],
    ['LIST-STATUS', 'IMAP4rev1 AUTH=PLAIN SASL-IR LIST-EXTENDED LIST-STATUS ESEARCH'],
    ['CONDSTORE', 'IMAP4rev1 AUTH=PLAIN ENABLE CONDSTORE'],
    ['CONDSTORE, ESEARCH', 'IMAP4rev1 AUTH=PLAIN ENABLE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS'],
  ] as const;
  for (const [name, capabilities] of forms) {
    test(`with ${name}, new, changed and removed messages are found`, async () => {
      server.capabilities = capabilities;
      // LIST without LIST-EXTENDED, LOGIN without SASL-IR: what is not offered is not used.
      server.script = ({ verb, tag, rest, send }) => {
        const isUnknown =
          (verb === 'LIST' && rest.includes('RETURN') && !capabilities.includes('LIST-EXTENDED')) || verb === 'BAD';
        if (isUnknown) send(`${tag} BAD unknown`);
        if (verb === 'AUTHENTICATE' && !rest.includes(' ')) {
          send('+ ');
          return true;
        }
        if (/^[A-Z0-9+/=]{10,}$/i.test(tag)) {
          send('M2 OK logged in');
          return true;
        }
        return isUnknown;
      };
      if (!capabilities.includes('SASL-IR'))
        server.capabilities = capabilities.replace('AUTH=PLAIN ', '').replace('AUTH=PLAIN', '');
      await nights.night();
      inbox.messages.splice(1, 1);
      inbox.messages[0] = messageOf(1, { flags: ['\\Seen', 'Work'], modseq: 7 });
      inbox.messages.push(messageOf(9, { modseq: 8, date: '01-Feb-2004 00:00:00 +0000' }));
      const night = await nights.night();
      const stored = (await night.messages()).get('INBOX') ?? [];
      assert.deepEqual(
        stored.map(({ uid, letters }) => [uid, letters]),
        [
          [1, 'S'],
          [3, ''],
          [4, ''],
          [5, ''],
          [9, ''],
        ],
      );
      assert.equal(night.report.fetched.messages, 1);
      assert.ok(isExplained(ledgerOf(night)));
      assert.deepEqual(
        night.report.changes.map(({ before, gone, now }) => [before, gone, now]),
        [[5, 1, 5]],
      );
      const third = await nights.night();
      assert.equal(third.report.fetched.messages, 0);
      assert.deepEqual((await third.messages()).get('INBOX'), stored);
    });
  }

  test('a folder that stands as it stood is not opened', async () => {
    await nights.night();
    server.commands.length = 0;
    await nights.night();
    assert.deepEqual(
      server.commands.filter((line) => line.startsWith('EXAMINE')),
      [],
    );
    assert.ok(server.commands.length <= 7, `a handful of commands: ${server.commands.join(', ')}`);
  });

  test('A3: a folder keeps its name when its server learns UTF8=ACCEPT', async () => {
    server.mailboxes.set('Entw&APw-rfe', mailboxOf(1));
    const before = await nights.night();
    server.mailboxes.delete('Entw&APw-rfe');
    server.mailboxes.set('Entw\xc3\xbcrfe', { ...mailboxOf(1), messages: [messageOf(1), messageOf(2, { modseq: 3 })] });
    server.capabilities += ' UTF8=ACCEPT';
    const night = await nights.night();
    assert.equal(night.report.fetched.messages, 1);
    assert.deepEqual([...(await night.messages()).keys()], [...(await before.messages()).keys()]);
    assert.ok(server.commands.includes('EXAMINE "Entw\xc3\xbcrfe" (CONDSTORE)'));
  });

  test('a HIGHESTMODSEQ that went back means that all flags are asked for', async () => {
    inbox.messages.forEach((message) => (message.modseq = 60));
    await nights.night();
    inbox.messages.forEach((message) => (message.modseq = 3));
    inbox.messages[2] = messageOf(3, { flags: ['\\Flagged'], modseq: 2 });
    const night = await nights.night();
    assert.equal(((await night.messages()).get('INBOX') ?? [])[2]?.letters, 'F');
  });

  test('A3: a new UIDVALIDITY with EMAILID fetches nothing again, and takes nothing for what it is not', async () => {
    server.capabilities += ' OBJECTID';
    inbox.messages = [1, 2, 3].map((uid) => messageOf(uid, { emailId: `M${uid}` }));
    await nights.night();
    server.mailboxes.set('INBOX', {
      uidValidity: 8,
      messages: [messageOf(11, { emailId: 'M2', content: messageOf(2).content }), messageOf(12, { emailId: 'M9' })],
    });
    const night = await nights.night();
    assert.equal(night.report.fetched.messages, 1);
    assert.deepEqual(await hashesOf(night), [messageOf(2).content, messageOf(12).content].map(sha256Of));
    assert.equal(night.report.changes[0]?.uidValidityChanged, true);
  });

  test('A8: bodies that changed under a known identity are fetched again and counted', async () => {
    await nights.night();
    inbox.messages[1] = messageOf(2, { content: Buffer.from('CRYPTED\r\n') });
    inbox.messages[3] = messageOf(4, { date: '02-Jan-2020 00:00:00 +0000' });
    const night = await nights.night({ rescan: true });
    assert.equal(night.report.fetched.messages, 2);
    assert.equal(night.report.changes[0]?.changedBodies, 1, 'the other has the same bytes at another date');
    assert.deepEqual(
      await hashesOf(night),
      inbox.messages.map(({ content }) => sha256Of(content)),
    );
    assert.equal((await nights.night({ rescan: true })).report.fetched.messages, 0);
  });

  test('A12: a budget cuts a capture into slices, each of which goes on where the last one ended', async () => {
    const budget = { bytes: 700, time: 1n << 60n };
    const counts: number[] = [];
    for (let slice = 0; slice < 9; slice++) {
      const night = await nights.night({ budget });
      counts.push((await hashesOf(night)).length);
      assert.ok(isExplained(ledgerOf(night)));
      if (!night.report.isPartial) break;
    }
    assert.ok(counts.length > 1);
    assert.equal(counts.at(-1), 5);
    const bodies = server.commands.filter((line) => line.includes('BODY'));
    assert.equal(new Set(bodies).size, bodies.length, 'no message was asked for twice');
  });

  test('a token that is refused is made anew once', async () => {
    server.capabilities += ' AUTH=XOAUTH2';
    const asked: boolean[] = [];
    server.script = ({ verb, tag, rest, send }) => {
      if (verb !== 'AUTHENTICATE') return false;
      const isNew = Buffer.from(rest.split(' ')[1] ?? '', 'base64')
        .toString()
        .includes('Bearer new');
      send(isNew ? `${tag} OK` : `${tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)`);
      return true;
    };
    const credentials = async (refused: boolean) => {
      asked.push(refused);
      return { kind: 'bearer', user: 'alice', token: new Secret(refused ? 'new' : 'old') } as const;
    };
    assert.equal((await hashesOf(await nights.night({ credentials, connections: 1 }))).length, 5);
    assert.deepEqual(asked, [false, true]);
  });

  test('a login that is refused ends the capture with its own fault, without the password', async () => {
    server.script = ({ verb, tag, rest, send }) => {
      if (verb !== 'AUTHENTICATE') return false;
      send(`${tag} NO [AUTHENTICATIONFAILED] not you: ${Buffer.from(rest.split(' ')[1] ?? '', 'base64').toString()}`);
      return true;
    };
    await assert.rejects(nights.night(), (thrown) => {
      assert.ok(isFault(thrown, 'credentials-refused'));
      assert.ok(!JSON.stringify([thrown.message, thrown.context]).includes('secret'));
      return true;
    });
  });

  test('A1: a filter that matches no folder is a fault, and names what there is', async () => {
    server.mailboxes.set('Spam', { ...mailboxOf(1), attributes: ['\\Junk'] });
    await assert.rejects(nights.night({ filter: { include: ['Imbox'] } }), (thrown) => {
      assert.ok(isFault(thrown, 'configuration'));
      assert.match(thrown.hint ?? '', /INBOX, Spam/);
      return true;
    });
    const night = await nights.night({ filter: { exclude: ['\\Junk', 'Trash'] } });
    assert.deepEqual([...(await night.messages()).keys()], ['INBOX']);
    assert.ok(night.run.events.some((event) => event.kind === 'notice' && event.message.includes('"Trash"')));
  });

  test('A1: a filter that leaves no folder is a fault, and never an account that is empty', async () => {
    await nights.night();
    for (const filter of [{ exclude: ['**'] }, { include: ['INBOX'], exclude: ['INBOX'] }]) {
      await assert.rejects(nights.night({ filter }), (thrown) => {
        assert.ok(isFault(thrown, 'configuration'));
        assert.match(thrown.message, /leaves out every folder/);
        assert.match(thrown.hint ?? '', /There are: INBOX/);
        return true;
      });
    }
  });

  test('bytes in the clear after STARTTLS was agreed are refused', async () => {
    server.script = ({ verb, tag, send }) => {
      if (verb !== 'STARTTLS') return false;
      send(Buffer.from(`${tag} OK begin\r\n* CAPABILITY IMAP4rev1\r\n`));
      return true;
    };
    const settings = { ...server.settings, security: 'starttls' } as const;
    await assert.rejects(nights.night({ server: settings }), (thrown) => isFault(thrown, 'server-misbehaved'));
  });
});

describe('a Gmail account (A7)', () => {
  let server: ScriptedServer;
  let nights: AccountNights;
  let all: ScriptedMailbox;
  beforeEach(async () => {
    server = await startScriptedServer();
    server.capabilities =
      'IMAP4rev1 AUTH=PLAIN SASL-IR ENABLE ESEARCH SPECIAL-USE LIST-EXTENDED LIST-STATUS CONDSTORE X-GM-EXT-1';
    all = {
      attributes: ['\\All'],
      uidValidity: 1,
      messages: [
        messageOf(1, { labels: ['\\Inbox', 'Work', '\\Starred'] }),
        messageOf(2, { labels: ['Work'] }),
        messageOf(3, { labels: [] }),
        messageOf(4, { labels: ['\\Sent'] }),
      ],
    };
    server.mailboxes.set('[Gmail]', { attributes: ['\\Noselect'], uidValidity: 1, messages: [] });
    server.mailboxes.set('[Gmail]/All Mail', all);
    server.mailboxes.set('[Gmail]/Spam', { attributes: ['\\Junk'], uidValidity: 2, messages: [messageOf(1)] });
    server.mailboxes.set('[Gmail]/Sent Mail', { attributes: ['\\Sent'], uidValidity: 4, messages: [messageOf(9)] });
    server.mailboxes.set('INBOX', { uidValidity: 5, messages: [messageOf(7)] });
    server.mailboxes.set('Work', { uidValidity: 6, messages: [messageOf(8)] });
    nights = new AccountNights(server.settings, { connections: 2 });
  });
  afterEach(async () => {
    await server.stop();
  });

  test('a message comes once whatever its labels, and the labels are kept', async () => {
    const night = await nights.night();
    assert.deepEqual(
      [...(await night.messages())].map(([name, messages]) => [name, messages.length]),
      [
        ['%5BGmail%5D%2FAll Mail', 4],
        ['%5BGmail%5D%2FSpam', 1],
      ],
    );
    const records = await night.text('folders/%5BGmail%5D%2FAll Mail/1.0000000/messages.jsonl');
    assert.ok(records.includes('"labels":["Work","\\\\Inbox","\\\\Starred"]'), records);
    assert.ok(records.includes('"emailId":"1001"'));
  });

  test('a change of labels alone is noticed, and fetches nothing', async () => {
    await nights.night();
    all.messages[1] = messageOf(2, { labels: ['Other'], modseq: 9 });
    const night = await nights.night();
    assert.equal(night.report.fetched.messages, 0);
    const records = await night.text('folders/%5BGmail%5D%2FAll Mail/1.0000000/messages.jsonl');
    assert.ok(records.includes('"labels":["Other"]'), records);
  });

  test('a filter of folders chooses by label', async () => {
    const of = async (filter: { include?: string[]; exclude?: string[] }): Promise<(string | number)[][]> => {
      const night = await new AccountNights(server.settings, { filter }).night();
      return [...(await night.messages())].map(([name, messages]) => [name, ...messages.map(({ uid }) => uid)]);
    };
    const mail = '%5BGmail%5D%2FAll Mail';
    assert.deepEqual(await of({ include: ['Work'] }), [[mail, 1, 2]]);
    assert.deepEqual(await of({ include: ['INBOX', '\\Sent'] }), [[mail, 1, 4]]);
    assert.deepEqual(await of({ exclude: ['\\Junk', 'Work'] }), [[mail, 1, 3, 4]]);
  });

  test('where All Mail is hidden from IMAP, folders are all there is', async () => {
    server.mailboxes.delete('[Gmail]/All Mail');
    const night = await nights.night();
    assert.equal((await night.messages()).get('Work')?.length, 1);
  });
});
