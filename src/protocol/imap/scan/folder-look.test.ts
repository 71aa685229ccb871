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
});
