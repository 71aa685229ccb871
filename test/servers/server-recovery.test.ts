import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeTree } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import type { SeenAccount } from '../stack/clients.ts';
import { type MailStack, startMailStack } from '../stack/mail-stack.ts';
import { type PersonName, people } from '../stack/tables.ts';
import { whyNoLoop } from './mail-server.ts';

const why = await whyNoLoop();
assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);

const everybody = Object.keys(people).filter((name): name is PersonName => Object.hasOwn(people, name));
const today = (): string => new Date().toISOString().slice(0, 10);

/** Waits until something is so. */
const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not come about`);
};

const messagesIn = (account: SeenAccount): number =>
  Object.values(account).reduce((sum, { messages }) => sum + messages.length, 0);

describe('the recovery of a whole mail server', { skip: why ?? false, timeout: 240_000 }, () => {
  let stack: MailStack;
  /** What everybody had before the backup began. */
  let had: ReadonlyMap<PersonName, SeenAccount>;
  const look = async (): Promise<ReadonlyMap<PersonName, SeenAccount>> =>
    new Map(await Promise.all(everybody.map(async (name) => [name, await stack.clients.seenBy(name)] as const)));
  const day = (): string => join(stack.backups, 'daily', today());

  before(async () => {
    stack = await startMailStack();
    const { deliver, seenBy, asPerson } = stack.clients;
    for (let number = 0; number < 20; number++) {
      const to = ['alice@example.com', 'bob@example.com', 'carol@example.com', 'sales@example.com'][number % 4] ?? '';
      await deliver(to, number % 5 === 0 ? `invoice ${number}` : `message ${number} 日本語`);
    }
    await until('the delivery', async () => {
      const counts = await Promise.all(everybody.map(async (name) => messagesIn(await seenBy(name))));
      return counts.reduce((sum, count) => sum + count, 0) === 25;
    });
    await asPerson('alice@example.com', async (client) => {
      await client.mailboxCreate('仕事/Archive');
      await client.mailboxOpen('INBOX');
      await client.messageFlagsAdd('1:2', ['\\Seen', '\\Flagged', 'Important']);
      await client.messageMove('1', '仕事/Archive');
    });
    had = await look();
  });
  after(() => stack[Symbol.asyncDispose]());

  test('IT-01: the daily backup of the whole stack, while mail is delivered', async () => {
    let isOver = false;
    const delivering = (async () => {
      for (let number = 1000; !isOver; number++) await stack.clients.deliver('bob@example.com', `night ${number}`);
    })();
    const night = await stack.mailkeep('run', 'mailserver', '--daily', '--scheduled', '--quiet');
    isOver = true;
    await delivering;
    assert.equal(night.code, 0, night.stdout + night.stderr);
    for (const component of ['mail', 'mysql', 'config', 'ssl', 'dkim', 'logs', 'scripts']) {
      assert.ok(readdirSync(day()).includes(component), component);
    }
    await succeed('sha256sum', ['-c', '--quiet', 'checksums.sha256'], { cwd: day() });
  });

  test('IT-02: the weekly backup is made of it', async () => {
    assert.equal((await stack.mailkeep('run', 'mailserver', '--weekly')).code, 0);
    const [week = ''] = readdirSync(join(stack.backups, 'weekly'));
    const inode = (folder: string): number => statSync(join(folder, 'mysql/usermgmt.sql.gz')).ino;
    assert.equal(inode(join(stack.backups, 'weekly', week)), inode(day()));
  });

  test('IT-05: a night whose database is down ends with 1 and a mail, and older days stay as they are', async () => {
    const before = describeTree(day());
    await stack.database.stop();
    const night = await stack.mailkeep('run', 'mailserver', '--daily', '--json');
    await stack.database.start();
    assert.equal(night.code, 1, night.stdout + night.stderr);
    assert.match(night.stdout, /"component":"mysql","outcome":"failed","fault":"server-unavailable"/);
    assert.match(night.stdout, /"component":"mail","outcome":"good"/);
    const [mail = ''] = await stack.postmaster.delivered(1);
    assert.match(mail, new RegExp(`^Subject: \\[ALERT\\] Mailserver Backup Failed - ${today()}`, 'm'));
    assert.match(mail, /Component: mysql/);
    assert.deepEqual(describeTree(day()), before);
  });

  test('what everybody had is still there', async () => {
    const now = await look();
    for (const [name, account] of had) assert.ok(messagesIn(now.get(name) ?? {}) >= messagesIn(account), name);
  });
});
