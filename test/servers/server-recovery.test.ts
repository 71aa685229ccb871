import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeTree } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import type { SeenAccount } from '../stack/clients.ts';
import { followRunbook, mailkeepRestores } from '../stack/follow-runbook.ts';
import { type MailStack, startMailStack } from '../stack/mail-stack.ts';
import { type PersonName, people } from '../stack/tables.ts';
import { publicKeyOf } from '../stack/write-tree.ts';
import { flipByte, whyNoLoop } from './mail-server.ts';

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

const dkimKey = 'config/opendkim/keys/example.com/default.private';

/** A tree but for when its folders were changed: whatever is put into one changes that. */
const treeOf = (folder: string): readonly string[] =>
  describeTree(folder).map((line) => line.replace(/( 4\d{4} \d+ \d+) \d+ $/, '$1'));

const messagesIn = (account: SeenAccount): number =>
  Object.values(account).reduce((sum, { messages }) => sum + messages.length, 0);

describe('the recovery of a whole mail server', { skip: why ?? false, timeout: 600_000 }, () => {
  let stack: MailStack;
  /** What everybody had before the backup began. */
  let had: ReadonlyMap<PersonName, SeenAccount>;
  const look = async (): Promise<ReadonlyMap<PersonName, SeenAccount>> =>
    new Map(await Promise.all(everybody.map(async (name) => [name, await stack.clients.seenBy(name)] as const)));
  /** Everything is as it was, and the server lives. `lost`: what the old one left. */
  const assertRecovered = async (lost: string): Promise<void> => {
    const { root } = stack.places;
    for (const folder of ['config', 'data/certbot', 'scripts', 'data/mail/sieve/alice@example.com/scripts']) {
      assert.deepEqual(treeOf(join(root, folder)), treeOf(join(lost, folder)), folder);
    }
    const owned = (folder: string) => ({ mode: statSync(folder).mode, uid: statSync(folder).uid });
    assert.deepEqual(owned(join(root, 'data/mail/vmail')), owned(join(lost, 'data/mail/vmail')));
    assert.ok(
      (await readFile(join(root, dkimKey.replace('.private', '.txt')), 'utf8')).includes(
        await publicKeyOf(join(root, dkimKey)),
      ),
    );
    await stack.services.start();
    await assertMailIsThere();
    await assertMailFlows();
    assert.equal(
      await stack.database.sql('SELECT COUNT(*), MAX(signature) FROM contacts, identities', 'roundcubemail'),
      '200\t-- \\nアリス\n',
    );
  };

  /** Old passwords log in, over TLS with the old certificate; what was there before the backup is there as it was. */
  const assertMailIsThere = async (): Promise<void> => {
    const now = await look();
    for (const [name, account] of had) {
      for (const [folder, { uidValidity, messages }] of Object.entries(account)) {
        const found = now.get(name)?.[folder];
        assert.equal(found?.uidValidity, uidValidity, `${name} ${folder}`);
        for (const message of messages) {
          assert.deepEqual(
            found?.messages.find(({ uid }) => uid === message.uid),
            message,
          );
        }
      }
    }
  };

  /** An alias, a filter of sieve, and the way out with a login. */
  const assertMailFlows = async (): Promise<void> => {
    const { deliver, seenBy, send } = stack.clients;
    const [alice, bob] = [await seenBy('alice@example.com'), await seenBy('bob@example.com')];
    await deliver('sales@example.com', 'invoice after the recovery');
    await until('the delivery to an alias', async () => {
      const filed = (await seenBy('alice@example.com'))['Bills']?.messages.length ?? 0;
      const inbox = (await seenBy('bob@example.com'))['INBOX']?.messages.length ?? 0;
      return filed > (alice['Bills']?.messages.length ?? 0) && inbox > (bob['INBOX']?.messages.length ?? 0);
    });
    const before = stack.outside.received.length;
    await send('bob@example.com', 'friend@example.net', 'it works again');
    await until('the mail outside', async () => stack.outside.received.length > before);
  };

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
      for (let number = 1000; !isOver && number < 1200; number++) {
        await stack.clients.deliver('bob@example.com', `night ${number}`);
      }
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

  test('B11: each night leaves on the disk how it is brought back, for its owner alone', async () => {
    const file = join(stack.backups, 'RECOVERY.md');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const printed = await stack.mailkeep('runbook', '--format', 'markdown');
    assert.equal(printed.code, 0, printed.stderr);
    assert.equal(printed.stdout, await readFile(file, 'utf8'));
    for (const wanted of [
      `UUID ${stack.disk.uuid}, ext4`,
      'usermgmt',
      'postfix',
      `23450:23450`,
      join(stack.places.root, '.env'),
    ]) {
      assert.ok(printed.stdout.includes(wanted), wanted);
    }
    const japanese = await stack.mailkeep('runbook', '--language', 'ja', '--format', 'html');
    assert.match(japanese.stdout, /<h1>mailserver の完全復旧手順/);
  });

  test('B11, IT-03: the runbook on the disk brings everything back with coreutils, tar, gzip and the database alone', async () => {
    const runbook = await readFile(join(stack.backups, 'RECOVERY.md'), 'utf8');
    const lost = await stack.lose();
    await stack.disk.unmount();
    const device = (await succeed('losetup', ['--find', '--show', stack.disk.image])).trim();
    try {
      const { done } = await followRunbook(runbook, stack);
      assert.ok(done.some(({ command }) => command.startsWith('mount -o ro UUID=')));
      assert.ok(done.some(({ command, stdout }) => command.includes('sha256sum --check') && stdout === 'OK\n'));
      const key = done.find(({ command }) => command.startsWith('openssl rsa'));
      assert.equal(key?.stdout.trim(), await publicKeyOf(join(lost, dkimKey)));
    } finally {
      await stack.disk.unmount();
      await succeed('losetup', ['--detach', device]);
      await stack.disk.mount();
    }
    await assertRecovered(lost);
  });

  test('B11, IT-03: on a bare machine without any configuration each part is restored by the printed commands, then the databases', async () => {
    const printed = mailkeepRestores(await readFile(join(stack.backups, 'RECOVERY.md'), 'utf8'));
    const lost = await stack.lose();
    const restore = (component: string) =>
      stack.person.run([...(printed.get(component) ?? []), '--yes'], { environment: stack.database.variables });
    const files = [...printed.keys()].filter((component) => component !== 'mysql');
    assert.deepEqual(files, ['config', 'scripts', 'ssl', 'dkim', 'mail', 'logs']);
    for (const component of files) {
      const { code, stdout, stderr } = await restore(component);
      assert.equal(code, 0, `${component}: ${stdout}${stderr}`);
    }
    await stack.database.prepare();
    await stack.database.start();
    await stack.database.settle();
    const { code, stdout, stderr } = await restore('mysql');
    assert.equal(code, 0, stdout + stderr);
    await assertRecovered(lost);
  });

  test('B11: one byte changed after the restore is found and named', async () => {
    const compare = () => stack.mailkeep('restore', '--from', 'latest', '--component', 'config,dkim', '--compare');
    const same = await compare();
    assert.equal(same.code, 0, same.stdout + same.stderr);
    const file = join(stack.places.root, 'config/opendkim/TrustedHosts');
    const { atime, mtime } = statSync(file);
    await flipByte(file);
    await utimes(file, atime, mtime);
    const different = await compare();
    assert.equal(different.code, 1, different.stdout);
    assert.match(different.stdout + different.stderr, /TrustedHosts/);
  });
});
