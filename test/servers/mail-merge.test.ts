import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasDovecot, mailOwner } from './dovecot.ts';
import { recordsOf } from './json-lines.ts';
import { type LivingMailbox, startLivingMailbox, textOf } from './living-mailbox.ts';
import { mountLoop, whyNoLoop } from './loop-disk.ts';

const here = await hasDovecot();
assert.ok(here || process.env['CI'] !== 'true', 'Dovecot is missing');

const subjects = (count: number, start = 0): readonly string[] =>
  Array.from({ length: count }, (_, at) => `m${String(start + at).padStart(4, '0')}`);

/** Puts messages there as a mail server that is not running would have them. */
const deliver = (box: LivingMailbox, names: readonly string[], bytes = 0): void => {
  const script = `
    const { writeFileSync, utimesSync, chownSync } = require('node:fs');
    process.setegid(${mailOwner}); process.seteuid(${mailOwner});
    for (const name of ${JSON.stringify(names)}) {
      const path = ${JSON.stringify(join(box.maildir, 'cur'))} + '/1762500000.' + name + '.host:2,S';
      writeFileSync(path, ${JSON.stringify(textOf('NAME', bytes))}.replaceAll('NAME', name), { mode: 0o600 });
      utimesSync(path, 1762500000, 1762500000);
    }`;
  execFileSync(process.execPath, ['--eval', script]);
};

const restoreAlice = async (box: LivingMailbox, ...more: readonly string[]) => {
  const result = await box.mailkeep('restore', '--user', 'alice@example.com', '--yes', '--json', ...more);
  const records = recordsOf(result.stdout);
  return { ...result, summary: records.find((one) => one['message_type'] === 'summary') ?? {} };
};

describe('B11 RR-04 mail comes back into a living mailbox', { skip: !here }, () => {
  let box: LivingMailbox;

  before(async () => {
    box = await startLivingMailbox();
    await box.asAlice(async (client) => {
      await client.mailboxCreate('Archive');
      await client.mailboxSubscribe('Archive');
      for (const [at, name] of subjects(6).entries())
        await client.append('INBOX', textOf(name), at < 2 ? ['Work', 'Urgent'] : []);
      await client.append('Archive', textOf('old'), ['\\Seen', 'Home']);
    });
    const night = await box.mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stdout + night.stderr);
  });
  after(() => box[Symbol.asyncDispose]());

  test('what was deleted comes back while a client watches, and all else stays as it was', async () => {
    const first = await box.look();
    const old = await box.look('Archive');
    await box.asAlice(async (client) => {
      const lock = await client.getMailboxLock('INBOX');
      await client.messageDelete('1:2');
      await client.messageFlagsAdd({ uid: String(first.messages.get('m0002')?.uid) }, ['\\Seen', 'Fresh']);
      lock.release();
      await client.append('INBOX', textOf('later'), ['Later']);
      await client.mailboxDelete('Archive');
    });
    const before = await box.look();
    assert.deepEqual([...before.messages.keys()], ['m0002', 'm0003', 'm0004', 'm0005', 'later']);

    const watching = await box.connect();
    await watching.mailboxOpen('INBOX');
    const told: number[] = [];
    watching.on('exists', ({ count }: { count: number }) => void told.push(count));
    void watching.idle();
    const { code, stderr, summary } = await restoreAlice(box);
    assert.equal(code, 0, stderr);
    assert.equal(summary['entries_failed'], 0);
    for (let attempt = 0; attempt < 300 && told.at(-1) !== 7; attempt++) await sleep(100);
    assert.equal(told.at(-1), 7, 'the client is told of them');
    watching.close();

    const after = await box.look();
    assert.equal(after.uidValidity, first.uidValidity);
    assert.ok(after.uidNext > before.uidNext);
    for (const [subject, message] of before.messages) assert.deepEqual(after.messages.get(subject), message);
    for (const subject of ['m0000', 'm0001']) {
      const [was, is] = [first.messages.get(subject), after.messages.get(subject)];
      assert.deepEqual([is?.flags, is?.date], [was?.flags, was?.date]);
      assert.ok((is?.uid ?? 0) >= before.uidNext, 'a UID that was gone never comes back');
    }
    const archive = await box.look('Archive');
    assert.deepEqual([archive.uidValidity, archive.messages], [old.uidValidity, old.messages]);
    assert.ok(archive.uidNext > old.uidNext);
    const folders = await box.asAlice((client) => client.list());
    assert.ok(folders.some(({ path, subscribed }) => path === 'Archive' && subscribed));
    assert.deepEqual(await box.leftovers(), []);
  });

  test('a second time nothing is added, from the disk or from the repository', async () => {
    const before = await box.look();
    for (const from of ['latest', 'repository']) {
      const { code, stderr, summary } = await restoreAlice(box, '--from', from);
      assert.equal(code, 0, stderr);
      assert.equal(summary['files_restored'], 0);
    }
    assert.deepEqual(await box.look(), before);
  });

  test('one message comes from the repository, into a folder of its own that is subscribed', async () => {
    const before = await box.look();
    const wish = ['--from', 'repository', '--message', '<m0001@example.org>', '--restored-folder'];
    for (const restored of [2, 0]) {
      const { code, stderr, summary } = await restoreAlice(box, ...wish);
      assert.equal(code, 0, stderr);
      assert.equal(Number(summary['files_restored']) >= 1, restored > 0, JSON.stringify(summary));
    }
    const folders = await box.asAlice((client) => client.list());
    const own = folders.find(({ path }) => /^Restored-\d{4}-\d\d-\d\d$/.test(path));
    assert.equal(own?.subscribed, true);
    const { messages } = await box.look(own?.path);
    assert.deepEqual([...messages.keys()], ['m0001']);
    assert.deepEqual(messages.get('m0001')?.flags, before.messages.get('m0001')?.flags);
    assert.deepEqual(await box.look(), before);
  });

  test('only the folder that is asked for comes, and who has no mailbox is told so', async () => {
    await box.asAlice(async (client) => {
      await client.mailboxDelete('Archive');
      const lock = await client.getMailboxLock('INBOX');
      await client.messageDelete('1');
      lock.release();
    });
    const before = await box.look();
    const { code, stderr } = await restoreAlice(box, '--folder', 'archive');
    assert.equal(code, 0, stderr);
    assert.deepEqual([...(await box.look('Archive')).messages.keys()], ['old']);
    assert.deepEqual(await box.look(), before);
    const nobody = await box.mailkeep('restore', '--user', 'carol@example.com', '--yes');
    assert.equal(nobody.code, 2);
    assert.match(nobody.stderr, /carol@example\.com/);
    const unasked = await box.mailkeep('restore', '--user', 'alice@example.com');
    assert.notEqual(unasked.code, 0, 'in place it asks');
    assert.deepEqual(await box.look(), before);
  });

  test('killed in the middle, and run again, all is there once', async () => {
    const names = subjects(1500, 1000);
    deliver(box, names, 4000);
    assert.equal((await box.look()).messages.has('m1000'), true);
    assert.equal((await box.mailkeep('run', 'mailserver', '--daily')).code, 0);
    const before = await box.look();
    await box.asAlice(async (client) => {
      const lock = await client.getMailboxLock('INBOX');
      await client.messageDelete('10:*');
      lock.release();
    });
    const left = await box.look();
    const child = box.person.start(box.arguments('restore', '--user', 'alice@example.com', '--yes', '--quiet'));
    const staged = (): number => readdirSync(join(box.maildir, 'tmp')).length;
    while (staged() < 300 && child.exitCode === null) await sleep(1);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    assert.equal(child.signalCode, 'SIGKILL');
    for (const name of readdirSync(join(box.maildir, 'cur'))) {
      assert.match(readFileSync(join(box.maildir, 'cur', name), 'latin1'), /\n$/, 'what can be seen is whole');
    }
    const { code, stderr } = await restoreAlice(box);
    assert.equal(code, 0, stderr);
    const after = await box.look();
    assert.deepEqual([...after.messages.keys()].toSorted(), [...before.messages.keys()].toSorted());
    assert.equal(after.uidValidity, before.uidValidity);
    assert.ok(after.uidNext >= left.uidNext);
    assert.deepEqual(await box.leftovers(), []);
  });
});

const whyNot = here ? await whyNoLoop() : 'Dovecot is missing';

test(
  'B11 a disk that gets full leaves the mailbox whole, and the mail server with the room that it had',
  { skip: whyNot ?? false },
  async () => {
    await using box = await startLivingMailbox();
    await using disk = await mountLoop('ext4', 16);
    const home = box.dovecot.home('alice');
    execFileSync('chown', [`${mailOwner}:${mailOwner}`, disk.folder]);
    execFileSync('mount', ['--bind', disk.folder, home]);
    try {
      await box.asAlice((client) => client.append('INBOX', textOf('first')));
      deliver(box, subjects(60), 60_000);
      await box.look();
      assert.equal((await box.mailkeep('run', 'mailserver', '--daily')).code, 0);
      await box.asAlice(async (client) => {
        const lock = await client.getMailboxLock('INBOX');
        await client.messageDelete('2:*');
        lock.release();
      });
      const { bavail, bsize } = statfsSync(home);
      execFileSync('fallocate', ['-l', String(bavail * bsize - 1_500_000), join(home, 'ballast')]);
      const free = statfsSync(home).bavail;
      const full = await restoreAlice(box);
      assert.notEqual(full.code, 0);
      assert.match(full.stderr, /no space is left/);
      assert.deepEqual(await box.leftovers(), []);
      assert.ok(Math.abs(statfsSync(home).bavail - free) < 64, 'what was written is gone again');
      const seen = await box.look();
      assert.deepEqual([...seen.messages.keys()], ['first']);
      execFileSync('rm', [join(home, 'ballast')]);
      const again = await restoreAlice(box);
      assert.equal(again.code, 0, again.stderr);
      assert.equal((await box.look()).messages.size, 61);
    } finally {
      execFileSync('umount', ['-l', home]);
    }
  },
);
