import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPerson, describeTree, ended, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { flipByte, makeServerTree } from './mail-server.ts';
import { type Mariadb, startMariadb } from './mariadb.ts';

describe('a mail server that comes back', { skip: process.getuid?.() === 0 ? false : 'owners are for root' }, () => {
  let folder: string;
  let root: string;
  let person: Person;
  let stranger: Person;
  let mariadb: Mariadb;
  /** What was there when it was backed up. */
  let original: readonly string[];
  const places = ['config', 'data/mail/vmail', 'data/mail/sieve', 'data/certbot', 'docker-compose.yml', '.env'];
  const treeOf = (below: string): readonly string[] =>
    places.flatMap((place) => describeTree(join(below, place)).map((line) => `${place} ${line}`));
  const wasAt = (place: string): readonly string[] =>
    original.flatMap((line) => (line.startsWith(`${place} `) ? [line.slice(place.length + 1)] : []));
  const latest = (): string => join(folder, 'disk/latest');
  const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);
  const events = (): readonly string[] =>
    existsSync(join(folder, 'events')) ? readFileSync(join(folder, 'events'), 'utf8').trim().split('\n') : [];
  const alice = (): string => join(root, 'data/mail/vmail/example.com/alice/cur');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-server-restore-'));
    [person, stranger, mariadb] = await Promise.all([createPerson(), createPerson(), startMariadb()]);
    root = join(folder, 'opt/mailserver');
    makeServerTree(root, 60);
    await chown(join(root, 'data/mail/vmail'), 5000, 5000);
    await chmod(join(root, 'data/mail/vmail'), 0o700);
    await mariadb.sql('CREATE DATABASE usermgmt CHARACTER SET utf8mb4');
    await mariadb.sql(
      "CREATE TABLE mailbox (username VARCHAR(255) PRIMARY KEY, password TEXT); INSERT INTO mailbox VALUES ('alice@example.com', '{SHA512-CRYPT}$6$x')",
      'usermgmt',
    );
    const quoted = mariadb.password.replace(/[\\"']/g, '\\$&');
    await writeFile(join(folder, 'my.cnf'), `[client]\nuser=root\npassword="${quoted}"\n`, { mode: 0o600 });
    await writeFile(join(person.folder, 'password'), 'of the repository\n', { mode: 0o600 });
    await mkdir(join(folder, 'disk'));
    await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
    const command = (word: string): string => JSON.stringify(`sh -c 'echo ${word} >> ${folder}/events'`);
    const lines = [
      'version: 1',
      `repositories: {main: {location: ${folder}/repository, password: {file: password}}}`,
      'servers:',
      '  mailserver:',
      `    root: ${root}`,
      '    components:',
      '      mail: {folders: {vmail: data/mail/vmail, sieve: data/mail/sieve}}',
      `      mysql: {database: mariadb, socket: ${mariadb.socket}, databases: [usermgmt], defaultsFile: ${folder}/my.cnf}`,
      '      config: {folders: {config: config}, files: [docker-compose.yml, .env]}',
      '      ssl: {folders: {certbot: data/certbot}}',
      '      dkim: {folders: {opendkim-keys: config/opendkim/keys}}',
      `    disk: {path: ${folder}/disk, reserve: 1M}`,
      '    repository: main',
      '    gentle: {cpu: 100%, io: normal}',
      `    stop: {commands: {stop: ${command('stop')}, start: ${command('start')}}}`,
    ];
    await writeFile(join(person.folder, 'mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
    const made = await mailkeep('init', '-r', 'main');
    assert.equal(made.code, 0, made.stderr);
    const night = await mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stdout + night.stderr);
    original = treeOf(root);
  });
  after(async () => {
    await Promise.all([person.leave(), stranger.leave(), mariadb.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('B11: each component comes back alone, into an empty root, with owners, modes, times and links', async () => {
    const into = join(folder, 'alone');
    const wanted = {
      config: ['config', 'docker-compose.yml', '.env'],
      mail: ['data/mail/vmail', 'data/mail/sieve'],
      ssl: ['data/certbot'],
      dkim: ['config/opendkim/keys'],
    };
    for (const [component, own] of Object.entries(wanted)) {
      const target = join(into, component);
      const back = await mailkeep('restore', '--from', 'latest', '--component', component, '--into', target);
      assert.equal(back.code, 0, back.stdout + back.stderr);
      for (const place of own)
        assert.deepEqual(describeTree(join(target, root, place)), describeTree(join(root, place)));
    }
    assert.deepEqual(events(), [], 'no service is touched elsewhere');
  });

  test('B11: all of it from the repository into an empty root, databases as dumps; one byte later it is found', async () => {
    const into = join(folder, 'all');
    const back = await mailkeep('restore', '--from', 'repository', '--component', 'all', '--into', into, '--json');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.deepEqual(treeOf(join(into, root)), original);
    assert.match(readFileSync(join(into, 'mysql/usermgmt.sql'), 'utf8'), /alice@example\.com/);
    assert.match(back.stdout, /"message_type":"plan","server":"mailserver"/);
    assert.match(back.stdout, /"complete":true\}\n$/);
    const compare = ['restore', '--from', 'repository', '--component', 'config,ssl', '--into', into, '--compare'];
    const equal = await mailkeep(...compare);
    assert.equal(equal.code, 0, equal.stdout + equal.stderr);
    const key = join(into, root, 'data/certbot/archive/mail.example.com/privkey1.pem');
    const { atime, mtime } = statSync(key);
    await flipByte(key);
    utimesSync(key, atime, mtime);
    const differs = await mailkeep(...compare);
    assert.equal(differs.code, 1, differs.stdout);
    assert.match(differs.stdout + differs.stderr, /privkey1\.pem/);
  });

  test('B11: in place over a damaged server, with no configuration: services stop, all is mended, databases come back', async () => {
    const { atime, mtime } = statSync(join(root, 'config/postfix/main.cf'));
    await flipByte(join(root, 'config/postfix/main.cf'));
    utimesSync(join(root, 'config/postfix/main.cf'), atime, mtime);
    await rm(join(root, '.env'));
    await rm(join(root, 'data/certbot'), { recursive: true });
    await rm(join(root, 'data/mail/vmail'), { recursive: true });
    await chmod(join(root, 'docker-compose.yml'), 0o777);
    await mariadb.sql('DROP DATABASE usermgmt');
    const restore = ['restore', '--from', latest(), '--component', 'all'];
    const unasked = await stranger.run(restore);
    assert.equal(unasked.code, 2, unasked.stdout + unasked.stderr);
    assert.match(unasked.stderr, /--yes/);
    assert.deepEqual(events(), []);
    const back = await stranger.run([...restore, '--yes']);
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.deepEqual(treeOf(root), original);
    assert.match(await mariadb.sql('SELECT username FROM mailbox', 'usermgmt'), /alice@example\.com/);
    assert.deepEqual(events(), ['stop', 'start']);
    assert.match(back.stdout, /usermgmt/);
    await rm(join(folder, 'events'));
  });

  test('RR-04: mail that lives is added to: a message whose flags have changed does not come twice', async () => {
    const names = readdirSync(alice()).toSorted();
    const [first = '', second = ''] = names;
    await rename(join(alice(), first), join(alice(), first.replace(':2,S', ':2,FS')));
    await rm(join(alice(), second));
    const back = await mailkeep('restore', '--from', 'latest', '--component', 'mail', '--yes');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.deepEqual(readdirSync(alice()).toSorted(), [first.replace(':2,S', ':2,FS'), ...names.slice(1)].toSorted());
    await rename(join(alice(), first.replace(':2,S', ':2,FS')), join(alice(), first));
    assert.deepEqual(events(), ['stop', 'start']);
    await rm(join(folder, 'events'));
  });

  test('B11: what cannot be meant is refused, and nothing is done', async () => {
    const before = treeOf(root);
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['--from', 'latest', '--component', 'scripts', '--yes'], 2, /has no component “scripts”/],
      [['--from', '2001-01-01', '--component', 'mail', '--yes'], 2, /2001-01-01/],
      [['--from', join(folder, 'disk'), '--component', 'mail'], 2, /no folder of a backup/],
      [['latest', '--component', 'mail'], 2, /--component brings whole parts/],
      [['latest', '--into', folder], 2, /go with --component/],
      [[], 2, /not said what to restore/],
    ];
    for (const [args, code, said] of cases) {
      const refused = await mailkeep('restore', ...args);
      assert.equal(refused.code, code, args.join(' ') + refused.stderr);
      assert.match(refused.stderr, said);
    }
    assert.deepEqual(treeOf(root), before);
    assert.deepEqual(events(), []);
  });

  test('B11: a damaged backup is named before anything is done; what is whole of it comes back when that is said', async () => {
    const copy = join(folder, 'copy');
    await cp(join(folder, 'disk/daily'), copy, { recursive: true, verbatimSymlinks: true });
    const [day = ''] = readdirSync(copy);
    const damaged = join(copy, day, 'mail/sieve/vacation.sieve');
    await flipByte(damaged);
    const into = join(folder, 'despite');
    const restore = ['restore', '--from', join(copy, day), '--component', 'mail', '--into', into];
    const refused = await stranger.run(restore);
    assert.equal(refused.code, 1, refused.stdout + refused.stderr);
    assert.match(refused.stderr, /mail\/sieve\/vacation\.sieve/);
    assert.equal(existsSync(into), false);
    const others = await stranger.run(['restore', '--from', join(copy, day), '--component', 'dkim', '--into', into]);
    assert.equal(others.code, 0, others.stderr);
    const despite = await stranger.run([...restore, '--despite-damage']);
    assert.equal(despite.code, 1, despite.stdout + despite.stderr);
    assert.deepEqual(describeTree(join(into, root, 'data/mail/vmail')), wasAt('data/mail/vmail'));
    assert.equal(existsSync(join(into, root, 'data/mail/sieve/vacation.sieve')), false);
  });

  test('B11: a backup of an earlier version does not say where it came from: the configuration does, or --into', async () => {
    const old = join(folder, 'old/daily/2020-01-01');
    const [day = ''] = readdirSync(join(folder, 'disk/daily'));
    await cp(join(folder, 'disk/daily', day), old, { recursive: true, verbatimSymlinks: true });
    const description = join(old, '.mailkeep/backup.json');
    const text = await readFile(description, 'utf8');
    assert.match(text, /^ {2}"origin": \{$/m);
    await writeFile(description, text.replace(/^ {2}"origin": \{$/m, '  "formerly": {'));
    // What was altered is not believed; versions before this one made no checksum of it.
    const altered = await stranger.run(['restore', '--from', old, '--component', 'dkim', '--yes']);
    assert.equal(altered.code, 1, altered.stderr);
    assert.match(altered.stderr, /the description of a backup is not what was written/);
    await rm(`${description}.sha256`);
    const unknown = await stranger.run(['restore', '--from', old, '--component', 'dkim', '--yes']);
    assert.equal(unknown.code, 2, unknown.stderr);
    assert.match(unknown.stderr, /it is not known where opendkim-keys of dkim came from/);
    const elsewhere = join(folder, 'elsewhere');
    const into = await stranger.run(['restore', '--from', old, '--component', 'dkim', '--into', elsewhere]);
    assert.equal(into.code, 0, into.stderr);
    assert.deepEqual(
      describeTree(join(elsewhere, 'dkim/opendkim-keys')),
      describeTree(join(root, 'config/opendkim/keys')),
    );
    const known = await mailkeep('restore', '--from', old, '--server', 'mailserver', '--component', 'dkim', '--yes');
    assert.equal(known.code, 0, known.stdout + known.stderr);
    await rm(join(folder, 'events'), { force: true });
  });

  test('B11: killed in the middle it is run again, makes mail as it was, and starts what was stopped', async () => {
    await rm(join(root, 'data'), { recursive: true });
    const restore = ['restore', '--from', 'latest', '--component', 'mail', '--yes'];
    const child = person.start([...restore, '--config', join(person.folder, 'mailkeep.yaml')]);
    const done = ended(child);
    for (let tries = 0; tries < 6000 && !existsSync(alice()); tries++) await sleep(5);
    child.kill('SIGKILL');
    await done;
    assert.equal(events()[0], 'stop');
    const again = await mailkeep(...restore);
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.deepEqual(describeTree(join(root, 'data/mail/vmail')), wasAt('data/mail/vmail'));
    assert.equal(events().at(-1), 'start');
    assert.deepEqual(readdirSync(join(person.home, '.local/state/mailkeep/restore')), []);
  });
});
