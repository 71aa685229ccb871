import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type MailStack, startMailStack } from '../stack/mail-stack.ts';
import { type PersonName, people } from '../stack/tables.ts';
import { whyNoLoop } from './mail-server.ts';

const why = await whyNoLoop();
assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);

const everybody = Object.keys(people).filter((name): name is PersonName => Object.hasOwn(people, name));

/** Waits until something is so. */
const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not come about`);
};

const leftOver = (): readonly string[] => readdirSync('/var/tmp').filter((name) => name.startsWith('mailkeep-drill-'));

describe('the drill of a whole mail server', { skip: why ?? false, timeout: 600_000 }, () => {
  let stack: MailStack;

  before(async () => {
    stack = await startMailStack();
    const { deliver, seenBy, asPerson } = stack.clients;
    for (let number = 0; number < 12; number++) {
      const to = everybody[number % 3] ?? '';
      await deliver(to, number % 4 === 0 ? `invoice ${number}` : `message ${number} 日本語`);
    }
    await until('the delivery', async () => {
      const seen = await Promise.all(everybody.map((name) => seenBy(name)));
      return seen.flatMap((one) => Object.values(one)).reduce((sum, { messages }) => sum + messages.length, 0) === 12;
    });
    await asPerson('alice@example.com', async (client) => {
      await client.mailboxCreate('仕事/Archive');
      await client.mailboxOpen('INBOX');
      await client.messageFlagsAdd('1:2', ['\\Seen', '\\Flagged', 'Important']);
      await client.messageMove('1', '仕事/Archive');
    });
    const night = await stack.mailkeep('run', 'mailserver', '--daily', '--quiet');
    assert.equal(night.code, 0, night.stdout + night.stderr);
  });
  after(() => stack[Symbol.asyncDispose]());

  test('B12: a good backup passes, and nothing of the drill is left', async () => {
    const { code, stdout, stderr } = await stack.mailkeep('drill');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Drill passed: mailserver can be brought back/);
    assert.deepEqual(leftOver(), []);
  });
});
