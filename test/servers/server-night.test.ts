import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { chmod, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { describeTree, ended } from '../journey/program.ts';
import { findMovedClock } from '../life/moved-clock.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { deliver, flipByte, type MailServer, startMailServer, whyNoLoop } from './mail-server.ts';

const why = await whyNoLoop();
assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);

const today = (): string => new Date().toISOString().slice(0, 10);
const subjectsOf = (mails: readonly string[]): readonly string[] =>
  mails.map((mail) => /^Subject: (.*)$/m.exec(mail)?.[1] ?? '');

describe('the night of a mail server', { skip: why ?? false }, () => {
  let server: MailServer;
  /** How many mails there were before. */
  let known = 0;
  const newMails = async (count: number): Promise<readonly string[]> => {
    const all = await server.postfix.delivered(known + count);
    const fresh = all.slice(known);
    known = all.length;
    return fresh;
  };
  const day = (): string => join(server.backups, 'daily', today());

  before(async () => {
    server = await startMailServer();
  });
  after(() => server[Symbol.asyncDispose]());

  test('IT-01, TC-04, TC-05: the daily backup has every component, gzip and coreutils agree with it, and nobody is told', async () => {
    let number = 10_000;
    const delivering = setInterval(() => number < 10_200 && deliver(server.root, number++), 20);
    const night = await server
      .mailkeep('run', 'mailserver', '--daily', '--scheduled', '--quiet')
      .finally(() => clearInterval(delivering));
    assert.equal(night.code, 0, night.stderr);
    assert.deepEqual(readdirSync(day()).toSorted(), [
      '.mailkeep',
      'backup.log',
      'checksums.sha256',
      'config',
      'dkim',
      'mail',
      'mysql',
      'ssl',
    ]);
    assert.deepEqual(readdirSync(join(day(), 'config')).toSorted(), ['.env', 'config.tar.gz', 'docker-compose.yml']);
    assert.deepEqual(readdirSync(join(day(), 'ssl')), ['certbot.tar.gz']);
    assert.deepEqual(readdirSync(join(day(), 'dkim')), ['opendkim-keys.tar.gz']);
    await succeed('sha256sum', ['-c', '--quiet', 'checksums.sha256'], { cwd: day() });
    await succeed('gzip', ['-t', join(day(), 'mysql/usermgmt.sql.gz')]);
    const listed = await succeed('tar', ['-tvzf', join(day(), 'ssl/certbot.tar.gz')]);
    assert.match(listed, /privkey\.pem -> \.\.\/\.\.\/archive\/mail\.example\.com\/privkey1\.pem/);
    assert.equal(statSync(server.backups).mode & 0o777, 0o700);
    assert.match(await server.log(), /^\[[-\d]{10} [:\d]{8}\] \[INFO\] \[MAIL\] \d+ files, /m);
  });

  test('IT-02: the weekly backup is made of the daily one by links', async () => {
    const weekly = await server.mailkeep('run', 'mailserver', '--weekly');
    assert.equal(weekly.code, 0, weekly.stderr);
    const [week = ''] = readdirSync(join(server.backups, 'weekly'));
    assert.match(week, /^\d{4}-week-\d\d$/);
    const inode = (folder: string): number => statSync(join(folder, 'mysql/usermgmt.sql.gz')).ino;
    assert.equal(inode(join(server.backups, 'weekly', week)), inode(day()));
    await succeed('sha256sum', ['-c', '--quiet', 'checksums.sha256'], { cwd: join(server.backups, 'weekly', week) });
  });

  test('IT-05, TC-07: a database that is down is tried four times, told by mail, and the others are backed up', async () => {
    const before = describeTree(day());
    await rename(server.mariadb.socket, `${server.mariadb.socket}.aside`);
    const night = await server.mailkeep('run', 'mailserver', '--daily');
    await rename(`${server.mariadb.socket}.aside`, server.mariadb.socket);
    assert.equal(night.code, 1, night.stderr);
    const errors = await server.errorLog();
    for (const attempt of [1, 2, 3, 4])
      assert.match(errors, new RegExp(`\\[ERROR\\] \\[MYSQL\\] attempt ${attempt}/4 failed`));
    const [mail = ''] = await newMails(1);
    assert.deepEqual(subjectsOf([mail]), [`[ALERT] Mailserver Backup Failed - ${today()}`]);
    assert.match(mail, /Component: mysql/);
    assert.match(mail, /Component: mail/);
    // The good one of the date stays, and the incomplete one lies beside it.
    assert.deepEqual(describeTree(day()), before);
    assert.deepEqual(readdirSync(join(server.backups, 'daily')).sort(), [`.failed-${today()}`, today()]);
    assert.equal((await server.mailkeep('run', 'mailserver', '--daily')).code, 0);
    assert.deepEqual(readdirSync(join(day(), 'mysql')).includes('usermgmt.sql.gz'), true);
  });

  test('B6: a wrong password is an error of that component alone, and is told nowhere', async () => {
    await writeFile(join(server.person.folder, 'wrong.cnf'), '[client]\nuser=root\npassword=wrong-password-4711\n', {
      mode: 0o600,
    });
    const components = `{dkim: {folders: {keys: config/opendkim/keys}}, mysql: {database: mariadb, socket: ${server.mariadb.socket}, defaultsFile: wrong.cnf}}`;
    await server.configure({ components, retries: '[]' });
    const night = await server.mailkeep('run', 'mailserver', '--daily', '--json');
    await server.configure();
    assert.equal(night.code, 1, night.stderr);
    assert.match(night.stdout, /"component":"mysql","outcome":"failed","fault":"credentials-refused"/);
    const [mail = ''] = await newMails(1);
    assert.doesNotMatch(`${night.stdout}${night.stderr}${mail}${await server.log()}`, /4711/);
  });

  test('TC-02: a disk that is not mounted: 2, CRITICAL, a mail, and nothing is written into the empty mount point', async () => {
    await server.disk.unmount();
    const night = await server.mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 2, night.stderr);
    assert.deepEqual(readdirSync(server.disk.mountPoint), []);
    assert.match(await server.errorLog(), /\[CRITICAL\] \[mailserver\] failed \(disk-missing\)/);
    const [mail = ''] = await newMails(1);
    assert.deepEqual(subjectsOf([mail]), [`[ALERT] Mailserver Backup Failed - ${today()}`]);
    await server.disk.mount();
  });

  test('B8: another disk in its place is not taken for it, nor one without its marker', async () => {
    const other = `{path: ${server.backups}, mounts: [{uuid: ${crypto.randomUUID()}}], reserve: 1M}`;
    await server.configure({ disk: other });
    assert.equal((await server.mailkeep('run', 'mailserver')).code, 2);
    await server.configure({ disk: `{path: ${server.backups}, mounts: [{uuid: ${server.disk.uuid}, marker: other}]}` });
    assert.equal((await server.mailkeep('run', 'mailserver')).code, 2);
    await server.configure();
    await newMails(2);
  });

  test('B6: a disk that is mounted read-only ends at once, and older days stay as they are', async () => {
    const before = describeTree(day());
    await server.disk.unmount();
    await server.disk.mount('ro');
    const night = await server.mailkeep('run', 'mailserver', '--daily', '--json');
    assert.equal(night.code, 2, night.stderr);
    assert.match(night.stdout, /"fault":"read-only"/);
    await server.disk.unmount();
    await server.disk.mount();
    assert.deepEqual(describeTree(day()), before);
    await newMails(1);
  });

  test('IT-04: a disk that is full in the middle ends at once, leaves nothing, and older days stay', async () => {
    const before = describeTree(day());
    const filler = join(server.disk.mountPoint, 'filler');
    await mkdir(join(server.root, 'data/big'));
    await writeFile(
      join(server.root, 'data/big/random'),
      crypto.getRandomValues(new Uint8Array(60_000)).toString().repeat(200),
    );
    await runCommand('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1M', 'count=70']);
    const components = '{dkim: {folders: {keys: config/opendkim/keys}}, scripts: {folders: {big: data/big}}}';
    await server.configure({ components });
    const night = await server.mailkeep('run', 'mailserver', '--daily', '--json');
    assert.equal(night.code, 2, night.stdout + night.stderr);
    assert.match(night.stdout, /"fault":"disk-full"/);
    const published = readdirSync(join(server.backups, 'daily')).filter((name) => !name.startsWith('.failed-'));
    assert.deepEqual(published, [today()]);
    assert.deepEqual(describeTree(day()), before);
    assert.deepEqual(subjectsOf(await newMails(1)).filter((subject) => subject.startsWith('[ALERT]')).length, 1);
    await rm(filler);
    await rm(join(server.root, 'data/big'), { recursive: true });
    await server.configure();
  });

  test('IT-04: one that would be too full is not begun', async () => {
    await server.configure({ disk: `{path: ${server.backups}, mounts: [{uuid: ${server.disk.uuid}}], reserve: 500M}` });
    const night = await server.mailkeep('run', 'mailserver', '--daily', '--json');
    assert.equal(night.code, 2);
    assert.match(night.stdout, /"fault":"disk-full","message":"the disk for [^"]* is too full: about /);
    await server.configure();
    await newMails(1);
  });

  test('FR-07: at 81 % a warning goes out, and the night is good', async () => {
    const filler = join(server.disk.mountPoint, 'filler');
    const { stdout } = await runCommand('df', ['--output=used,avail', '-B1', server.disk.mountPoint]);
    const [used = 0, free = 0] = (stdout.split('\n')[1] ?? '').trim().split(/\s+/).map(Number);
    const wanted = Math.ceil(0.81 * (used + free)) - used;
    await runCommand('fallocate', ['-l', String(wanted), filler]);
    const night = await server.mailkeep('run', 'mailserver', '--daily', '--quiet');
    assert.equal(night.code, 0, night.stderr);
    const [mail = ''] = await newMails(1);
    assert.match(subjectsOf([mail])[0] ?? '', /^\[WARNING\] Backup Disk Capacity at 8\d%$/);
    await rm(filler);
  });

  test('B6: a mail that cannot be sent is a warning, and the exit code stays what it was', async () => {
    const text = readFileSync(join(server.person.folder, 'mailkeep.yaml'), 'utf8');
    await writeFile(
      join(server.person.folder, 'mailkeep.yaml'),
      text.replace(server.postfix.sendmail, '/bin/false').replace('when: trouble', 'when: always'),
    );
    const night = await server.mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stderr);
    assert.match(night.stderr, /sendmail ended with 1/);
    await server.configure();
  });

  test('B8: of two runs at once one waits or is told; the lock of a killed run is taken over', async () => {
    await server.configure({ gentle: '{cpu: 100%, bandwidth: 20k}' });
    const first = server.person.start([
      'run',
      'mailserver',
      '--daily',
      '--config',
      join(server.person.folder, 'mailkeep.yaml'),
    ]);
    const done = ended(first);
    for (let tries = 0; tries < 200 && !(await server.log()).trimEnd().endsWith('[MAIL] begins'); tries++)
      await sleep(50);
    const second = await server.mailkeep('run', 'mailserver', '--daily');
    assert.equal(second.code, 11, second.stderr);
    first.kill('SIGKILL');
    // The launcher passes SIGTERM on; what it started is ended by its own end of the pipe.
    await done;
    await server.configure();
    const before = describeTree(day());
    assert.ok(before.length > 10);
    const third = await server.mailkeep('run', 'mailserver', '--daily', '--wait', '1m');
    assert.equal(third.code, 0, third.stderr);
    assert.deepEqual(readdirSync(join(server.backups, 'daily')), [today()]);
  });

  test('B10: SIGTERM in the middle ends with 130, and leaves no half day', async () => {
    const before = describeTree(day());
    await server.configure({ gentle: '{cpu: 100%, bandwidth: 20k}' });
    const child = server.person.start([
      'run',
      'mailserver',
      '--daily',
      '--rescan',
      '--config',
      join(server.person.folder, 'mailkeep.yaml'),
    ]);
    const done = ended(child);
    const begun = (await server.log()).length;
    for (let tries = 0; tries < 200 && !(await server.log()).slice(begun).includes('[MAIL] begins'); tries++)
      await sleep(50);
    child.kill('SIGTERM');
    assert.equal((await done).code, 130);
    assert.deepEqual(readdirSync(join(server.backups, 'daily')), [today()]);
    assert.deepEqual(describeTree(day()), before);
    await server.configure();
  });

  test('TC-06, B3: what is beyond the count leaves once a newer one was read again; a corrupted newer one keeps it', async () => {
    const at = await findMovedClock();
    await server.configure({
      disk: `{path: ${join(server.disk.mountPoint, 'years')}, mounts: [{uuid: ${server.disk.uuid}}], reserve: 1M, keepDaily: 1, verifyWithin: 1d}`,
      components: '{mail: {folders: {vmail: data/mail/vmail}}}',
    });
    const config = join(server.person.folder, 'mailkeep.yaml');
    const runAt = (days: number) =>
      server.person.run(['run', 'mailserver', '--daily', '--json', '--config', config], {
        environment: at(Date.now() - days * 86_400_000),
      });
    const daily = join(server.disk.mountPoint, 'years', 'daily');
    const daysThere = (): readonly string[] => readdirSync(daily).toSorted();
    const dayOf = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    assert.equal((await runAt(9)).code, 0);
    assert.equal((await runAt(6)).code, 0);
    // All of the newer one was read again, as nothing of its evidence is fresh.
    assert.deepEqual(daysThere(), [dayOf(6)]);
    const folder = join(daily, dayOf(6), 'mail/vmail/example.com/alice/cur');
    const [one = ''] = readdirSync(folder);
    const { atime, mtime } = statSync(join(folder, one));
    await flipByte(join(folder, one));
    await utimes(join(folder, one), atime, mtime);
    const damaged = await runAt(3);
    assert.equal(damaged.code, 1, damaged.stderr);
    // The scrub of the night meets it before anything asks for the newest one.
    assert.match(damaged.stdout, /a file of the disk went bad, in 2 backups, so nothing leaves tonight/);
    assert.deepEqual(daysThere(), [dayOf(6), dayOf(3)]);
    await newMails(1);
    // A clock that was set back: what is newer than now is kept, and nothing leaves because of it.
    const back = await runAt(20);
    assert.deepEqual(daysThere(), [dayOf(20), dayOf(6), dayOf(3)]);
    assert.equal(readlinkSync(join(server.disk.mountPoint, 'years', 'latest')).includes(dayOf(20)), false, back.stderr);
    await server.configure();
  });

  test('doctor tries the disk, the sources and the database', async () => {
    const { code, stdout } = await server.mailkeep('doctor', 'mailserver');
    assert.equal(code, 0, stdout);
    for (const check of ['sources', 'disk', 'space', 'database']) assert.match(stdout, new RegExp(check));
    await chmod(join(server.root, '.env'), 0o600);
  });

  test('a server shows in status, history and the report', async () => {
    assert.equal((await server.mailkeep('run', 'mailserver', '--daily')).code, 0);
    const status = await server.mailkeep('status');
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /mailserver/);
    assert.match((await server.mailkeep('history')).stdout, /good/);
    assert.match((await server.mailkeep('report')).stdout, /^All good: mailserver is backed up, /);
  });
});
