import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, describeTree, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';

/** The first minutes with an account: `init`, by options as a script gives them. */
describe('setting up an account', { concurrency: 1 }, () => {
  let person: Person;
  let dovecot: Dovecot;
  let folder = '';
  let file = '';
  let password = '';

  before(async () => {
    [person, dovecot] = await Promise.all([createPerson(), startDovecot()]);
    folder = join(person.home, '.config/mailkeep');
    file = join(folder, 'mailkeep.yaml');
    password = join(person.folder, 'login');
    await writeFile(password, 'secret\n', { mode: 0o600 });
    await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
  });
  after(async () => {
    await dovecot.stop();
    await person.leave();
  });

  const init = (...more: readonly string[]): Promise<CommandResult> => {
    const server = ['--host', 'localhost', '--port', String(dovecot.tlsPort)];
    const trust = ['--certificate-authority', join(person.folder, 'ca.pem')];
    return person.run(['init', '--account', 'alice@example.com', '--user', 'alice', ...server, ...trust, ...more]);
  };

  test('a login that fails leaves no configuration and no repository behind', async () => {
    await writeFile(join(person.folder, 'wrong'), 'wrong\n', { mode: 0o600 });
    const { code, stderr } = await init('--login-password-file', join(person.folder, 'wrong'));
    assert.equal(code, 2);
    assert.match(stderr, /does not accept this user and password/);
    await assert.rejects(stat(folder), { code: 'ENOENT' });
    await assert.rejects(stat(join(person.home, '.local/share/mailkeep/repository')));
  });

  test('a good one makes the configuration, for the owner only, and the repository; doctor finds all well', async () => {
    const { code, stdout, stderr } = await init('--login-password-file', password, '--exclude-folder', '\\Trash');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /logged in as alice: \d+ folders?, 0 messages/);
    assert.match(stdout, /the account example is in .*mailkeep\.yaml; `mailkeep doctor example`/);
    assert.match(stderr, /KEEP A COPY/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(await readFile(file, 'utf8'), /^# Mailkeep\.[\s\S]*accounts:\n {2}example:\n {4}host: localhost\n/);
    const checked = await person.run(['doctor']);
    assert.equal(checked.code, 0, checked.stdout);
    assert.match(checked.stdout, /example: login: logged in as alice/);
    assert.match(checked.stdout, /main: writable/);
  });

  test('a second account is added only when that is said; comments and what was there stay', async () => {
    const before = `${await readFile(file, 'utf8')}# the last word\n`;
    await writeFile(file, before, { mode: 0o600 });
    const options = ['--login-password-command', `cat ${password}`, '--user', 'bob', '--account-name', 'second'];
    const refused = await init(...options);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /nobody can be asked\n.*--yes/);
    assert.equal(await readFile(file, 'utf8'), before);
    const { code, stderr } = await init(...options, '--yes');
    assert.equal(code, 0, stderr);
    const text = await readFile(file, 'utf8');
    assert.match(text, /example:[\s\S]*second:[\s\S]*# the last word/);
    assert.equal(await readFile(`${file}~`, 'utf8'), before);
    assert.doesNotMatch(stderr, /KEEP A COPY/, 'the repository is the one that is there');
    assert.equal((await person.run(['config', 'check'])).code, 0);
  });

  test('a name that is taken, an address that is none, and nothing to log in with are refused, and change nothing', async () => {
    const before = describeTree(folder);
    const taken = await init('--login-password-file', password, '--account-name', 'second', '--yes');
    assert.match(taken.stderr, /has accounts\.second already\n.*another name/);
    const nothing = await init('--yes');
    assert.match(nothing.stderr, /nothing says how to log in\n.*--login-password-file/);
    const address = await person.run(['init', '--account', 'alice']);
    assert.match(address.stderr, /alice is no mail address/);
    assert.deepEqual([taken.code, nothing.code, address.code], [2, 2, 2]);
    assert.deepEqual(describeTree(folder), before);
  });

  test('no secret is told on the way', async () => {
    const { stdout, stderr } = await init('--login-password-file', password, '--account-name', 'third', '--yes', '-vv');
    assert.doesNotMatch(stdout + stderr, /secret\b(?!s)/);
  });
});
