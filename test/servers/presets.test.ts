import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import type { CommandResult } from '../requirement/command.ts';
import { createPerson, type Person } from '../journey/program.ts';

const compose = `services:
  mailserver:
    image: ghcr.io/docker-mailserver/docker-mailserver:latest
    container_name: mailserver
    env_file: mailserver.env
    volumes:
      - ./docker-data/dms/mail-data/:/var/mail/
      - ./docker-data/dms/mail-state/:/var/mail-state/
      - ./docker-data/dms/config/:/tmp/docker-mailserver/
`;

const message = 'From: alice@example.com\nSubject: Hello\n\nHello\n';

const place = async (root: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { mode: 0o600 });
  }
};

const mailbox = (folder: string, text = message): Readonly<Record<string, string>> => ({
  [`${folder}/cur/1700000001.M1P1.host:2,S`]: text,
  [`${folder}/new/1700000002.M2P1.host`]: text,
  [`${folder}/dovecot-uidlist`]: '3 V1 N3\n',
});

describe('B15: the backup of a mail server that is there', { concurrency: 1 }, () => {
  let person: Person;
  let dms = '';
  let disk = '';
  let file = '';

  const run = (...args: readonly string[]): Promise<CommandResult> => person.run(args);

  before(async () => {
    person = await createPerson();
    dms = join(person.folder, 'dms');
    disk = join(person.folder, 'disk');
    file = join(person.home, '.config/mailkeep/mailkeep.yaml');
    await place(dms, {
      'compose.yaml': compose,
      'mailserver.env': 'RELAY_PASSWORD=hidden-secret\n',
      ...mailbox('docker-data/dms/mail-data/example.com/alice'),
      'docker-data/dms/mail-state/lib-redis/dump.rdb': 'REDIS',
      'docker-data/dms/config/postfix-accounts.cf': 'alice@example.com|x\n',
      'docker-data/dms/config/opendkim/keys/example.com/mail.private': 'KEY',
    });
    await place(disk, { '.mailkeep-disk': '' });
  });
  after(() => person.leave());

  test('a dry run tells what it found, and writes nothing', async () => {
    const { code, stdout, stderr } = await run('init', '--preset', 'docker-mailserver', '--root', dms, '--dry-run');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^found {4}docker-mailserver, by .*compose\.yaml$/m);
    assert.match(stdout, /^found {4}mail: .*\/mail-data$/m);
    assert.match(stdout, /this would be added to .*mailkeep\.yaml:\nservers:\n {2}docker-mailserver:\n/);
    assert.doesNotMatch(stdout, /hidden-secret/);
    assert.equal(existsSync(dirname(file)), false, readdirSync(person.home).join());
  });

  test('the configuration that it writes is for the owner alone, is right, and backs everything up on the disk and in the repository', async () => {
    const made = await run(
      'init',
      '--preset',
      'docker-mailserver',
      '--root',
      dms,
      '--disk',
      disk,
      '-r',
      join(person.folder, 'repository'),
      '--json',
    );
    assert.equal(made.code, 0, made.stderr);
    const said: unknown = JSON.parse(made.stdout);
    assert.ok(typeof said === 'object' && said !== null && 'written' in said && said.written === true, made.stdout);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.doesNotMatch(await readFile(file, 'utf8'), /hidden-secret/);
    assert.equal((await run('config', 'check')).code, 0);
    const night = await run('run', 'docker-mailserver', '--daily');
    assert.equal(night.code, 0, night.stdout + night.stderr);
    const [day = ''] = readdirSync(join(disk, 'daily'));
    const folder = join(disk, 'daily', day);
    assert.deepEqual(
      readdirSync(folder).filter((name) => !name.startsWith('.') && !name.includes('.')),
      ['config', 'dkim', 'mail', 'state'],
    );
    assert.deepEqual(readdirSync(join(folder, 'config')).toSorted(), [
      'compose.yaml',
      'config.tar.gz',
      'mailserver.env',
    ]);
    assert.equal(
      await readFile(join(folder, 'mail/mail-data/example.com/alice/cur/1700000001.M1P1.host:2,S'), 'utf8'),
      message,
    );
    assert.match(
      (await run('ls', 'latest')).stdout,
      /\/docker-mailserver\/dkim\/opendkim\/keys\/example\.com\/mail\.private/,
    );
  });

  test('doctor finds nothing forgotten, and tells of keys and secrets that somebody takes out of it', async () => {
    const well = await run('doctor', 'docker-mailserver');
    assert.match(well.stdout, /docker-mailserver: stack: docker-mailserver in .*: everything/);
    const text = await readFile(file, 'utf8');
    const without = text
      .replace(/ +- mailserver\.env\n/, '')
      .replace(/ +dkim:\n +folders:\n.*\n/, '')
      .replace(/ {10}config: docker-data.*\n/, '          config: docker-data/dms/config/opendkim\n');
    await writeFile(file, without, { mode: 0o600 });
    const forgotten = await run('doctor', 'docker-mailserver');
    await writeFile(file, text, { mode: 0o600 });
    assert.match(
      forgotten.stdout,
      /WARNING {2}docker-mailserver: stack: .*mailserver\.env is in no component \(secrets/,
    );
    assert.match(forgotten.stdout, /stack: .*\/config is in no component/);
  });

  test('a second server is added beside it only when that is said, and never in its place; comments stay', async () => {
    const before = `${await readFile(file, 'utf8')}# the last word\n`;
    await writeFile(file, before, { mode: 0o600 });
    const preset = ['init', '--preset', 'docker-mailserver', '--root', dms];
    const refused = await run(...preset, '--server-name', 'other');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /nobody can be asked\n.*--yes/);
    const taken = await run(...preset, '--yes');
    assert.match(taken.stderr, /has servers\.docker-mailserver already/);
    assert.equal(await readFile(file, 'utf8'), before);
    const added = await run(...preset, '--server-name', 'other', '--yes');
    assert.equal(added.code, 0, added.stderr);
    const config: unknown = parse(await readFile(file, 'utf8'));
    assert.ok(typeof config === 'object' && config !== null && 'servers' in config && config.servers instanceof Object);
    assert.deepEqual(Object.keys(config.servers), ['docker-mailserver', 'other']);
    assert.match(await readFile(file, 'utf8'), /# the last word/);
  });

  test('mail that is encrypted and whose key is gone is told at once, and fails the night', async () => {
    const old = join(person.folder, 'old');
    await place(old, {
      'etc/dovecot/dovecot.conf':
        'mail_location = maildir:/var/vmail/%d/%n\nplugin {\n  mail_crypt_global_private_key = </srv/keys/ecprivkey.pem\n}\n',
      'etc/postfix/main.cf': '',
      'srv/keys/ecprivkey.pem': 'KEY',
      'etc/opendkim/keys/mail.private': 'KEY',
      ...mailbox('var/vmail/example.com/bob', 'CRYPTED\x03\x07…'),
    });
    const preset = ['init', '--preset', 'dovecot', '--root', old, '--yes', '--server-name', 'crypted'];
    const made = await run(...preset);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /encrypted; it can be read with .*\/srv\/keys\/ecprivkey\.pem only/);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/^ {2}crypted:\n/m, '  crypted:\n    retries: [1s]\n'), { mode: 0o600 });
    const good = await run('run', 'crypted');
    assert.equal(good.code, 0, good.stdout + good.stderr);
    await rm(join(old, 'srv/keys/ecprivkey.pem'));
    const again = await run(...preset.slice(0, -1), 'again', '--dry-run');
    assert.equal(again.code, 1);
    assert.match(again.stdout, /MISSING .*its key .*ecprivkey\.pem is not there/);
    const bad = await run('run', 'crypted');
    assert.equal(bad.code, 1, bad.stdout + bad.stderr);
    assert.match(bad.stdout + bad.stderr, /ecprivkey\.pem/);
  });

  test('what is not there, and options that say nothing without a stack, are refused in a sentence', async () => {
    const none = await run('init', '--preset', 'mailcow', '--root', disk);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /no mailcow was found at .*\n.*--root FOLDER/);
    const alone = await run('init', '--dry-run');
    assert.match(alone.stderr, /--dry-run are for --preset/);
  });
});
