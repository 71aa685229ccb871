import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { AccountNights, type Night } from '../../../../test/servers/imap-account.ts';
import { type ScriptedServer, startScriptedServer } from '../scripted-server-fixture.ts';

const messagesOf = (...uids: readonly number[]) =>
  uids.map((uid) => ({ uid, flags: ['\\Seen'], content: Buffer.from(`Subject: ${uid}\r\n\r\n${uid}\r\n`) }));

describe('the first look into a folder', () => {
  let server: ScriptedServer;
  beforeEach(async () => {
    server = await startScriptedServer();
    server.mailboxes.set('INBOX', { uidValidity: 7, messages: messagesOf(1, 2, 5) });
    server.mailboxes.set('Empty', { uidValidity: 8, messages: [] });
    server.mailboxes.set('Other', { uidValidity: 9, messages: messagesOf(8, 9) });
  });
  afterEach(() => server.stop());

  const contentOf = async (night: Night) => [...(await night.messages())];

  test('asks for everything behind EXAMINE, in one round trip a folder, and it is the same', async () => {
    const nights = () => new AccountNights(server.settings, { connections: 1 });
    const usual = await nights().night();
    let held: (() => void) | undefined;
    const answered = new Set<string>();
    server.script = ({ verb, rest, tag, send }) => {
      if (verb === 'UID FETCH') {
        held?.();
        held = undefined;
      }
      if (verb !== 'EXAMINE' || answered.has(rest)) return false;
      answered.add(rest);
      const name = /"([^"]*)"/.exec(rest)?.[1] ?? '';
      const { uidValidity = 0, messages = [] } = server.mailboxes.get(name) ?? {};
      // Nothing is said before the next question is there.
      held = () => {
        send(`* ${messages.length} EXISTS\r\n* OK [UIDVALIDITY ${uidValidity}] valid`);
        send(`* OK [UIDNEXT ${(messages.at(-1)?.uid ?? 0) + 1}] next\r\n* OK [HIGHESTMODSEQ 1] highest`);
        send(`${tag} OK done`);
      };
      return true;
    };
    const held3 = await nights().night();
    assert.equal(answered.size, 3);
    assert.deepEqual(await contentOf(held3), await contentOf(usual));
    assert.deepEqual(held3.report.ledger, usual.report.ledger);
  });

  test('takes nothing of what is answered behind an EXAMINE that was refused', async () => {
    server.script = ({ verb, rest, tag, send }) => {
      if (verb !== 'EXAMINE' || !rest.includes('Other')) return false;
      send(`${tag} NO not today`);
      return true;
    };
    const night = await new AccountNights(server.settings, { connections: 1 }).night();
    assert.deepEqual(
      night.report.ledger.folders.map(({ name, inSnapshot, differences }) => [name, inSnapshot, differences[0]?.kind]),
      [
        ['Empty', 0, undefined],
        ['INBOX', 3, undefined],
        ['Other', 0, 'carried'],
      ],
    );
  });

  test('takes nothing for the new folder that is told of the one before', async () => {
    const plain = await new AccountNights(server.settings, { connections: 1 }).night();
    server.commands.length = 0;
    server.script = ({ verb, rest, send }) => {
      // Of INBOX, which is open as long as the server is not at EXAMINE.
      if (verb === 'EXAMINE' && rest.includes('Other')) send('* 3 FETCH (UID 5 FLAGS (\\Deleted))');
      return false;
    };
    const night = await new AccountNights(server.settings, { connections: 1 }).night();
    assert.deepEqual(await contentOf(night), await contentOf(plain));
    assert.deepEqual(night.report.ledger, plain.report.ledger);
    const asked = server.commands.filter((command) => command.startsWith('UID SEARCH'));
    assert.deepEqual(asked, [], 'no message was counted that is not there');
  });
});

describe('a look with QRESYNC', () => {
  test('takes nothing for changes of the new folder that came before the old one was closed', async () => {
    const server = await startScriptedServer();
    try {
      server.capabilities += ' QRESYNC';
      server.mailboxes.set('INBOX', { uidValidity: 7, messages: messagesOf(1, 2, 5) });
      server.mailboxes.set('Other', { uidValidity: 9, messages: messagesOf(8, 9) });
      const account = new AccountNights(server.settings, { connections: 1 });
      await account.night();
      for (const name of ['INBOX', 'Other']) {
        const [message] = server.mailboxes.get(name)?.messages.slice(-1) ?? [];
        if (message !== undefined) Object.assign(message, { flags: ['\\Flagged'], modseq: 5 });
      }
      const opened = (exists: number, uidValidity: number, next: number): string =>
        [
          `* ${exists} EXISTS`,
          `* OK [UIDVALIDITY ${uidValidity}] valid`,
          `* OK [UIDNEXT ${next}] next`,
          '* OK [HIGHESTMODSEQ 5] highest',
          `* ${exists} FETCH (UID ${next - 1} FLAGS (\\Flagged) MODSEQ (5))`,
        ].join('\r\n');
      server.script = ({ verb, rest, tag, send }) => {
        if (verb !== 'EXAMINE') return false;
        if (rest.includes('Other')) {
          send('* VANISHED 9\r\n* 1 FETCH (UID 8 FLAGS (\\Deleted) MODSEQ (6))\r\n* OK [CLOSED] closed');
          send(opened(2, 9, 10));
        } else send(opened(3, 7, 6));
        send(`${tag} OK done`);
        return true;
      };
      server.commands.length = 0;
      const night = await account.night();
      const lettersOf = (await night.messages()).get('Other')?.map(({ uid, letters }) => `${uid} ${letters}`);
      assert.deepEqual(lettersOf?.toSorted(), ['8 S', '9 F']);
      const all = server.commands.filter((command) => /^UID (?:SEARCH|FETCH 1:)/.test(command));
      assert.deepEqual(all, [], 'what was told adds up');
    } finally {
      await server.stop();
    }
  });
});
