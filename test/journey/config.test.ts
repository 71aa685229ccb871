import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from './program.ts';

describe('the configuration', { concurrency: 1 }, () => {
  let person: Person;
  let file = '';
  before(async () => {
    person = await createPerson();
    await chmod(person.folder, 0o755);
    file = join(person.home, '.config/mailkeep/mailkeep.yaml');
    await mkdir(join(person.home, '.config/mailkeep'), { recursive: true });
  });
  after(() => person.leave());

  test('without one, every command says how to get one', async () => {
    const { code, stderr } = await person.run(['config', 'check']);
    assert.equal(code, 2);
    assert.match(stderr, /no configuration yet\n.*mailkeep init/);
  });

  test('the sample is right as it is, and shown with its defaults', async () => {
    const { stdout: sample } = await person.run(['config', 'sample']);
    await writeFile(file, sample);
    const checked = await person.run(['config', 'check']);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /is right: 1 account, 1 repository/);
    const { stdout } = await person.run(['config', 'show']);
    assert.match(stdout, /host: imap\.fastmail\.com\n[\s\S]*security: tls\n {4}connections: 4\n/);
    assert.equal((await person.run(['config', 'path'])).stdout, `${file}\n`);
  });

  test('everything that is wrong is told at once, in text and in JSON, and exits with 2', async () => {
    await writeFile(file, 'version: 1\nacounts: {}\nlanguage: fr\n');
    const { code, stdout } = await person.run(['config', 'check']);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /mailkeep\.yaml:2:1: acounts is not known\n {2}Is accounts meant\?\n.*:3:11: language must be/,
    );
    const json: unknown = JSON.parse((await person.run(['config', 'check', '--json'])).stdout);
    assert.ok(typeof json === 'object' && json !== null && 'problems' in json && Array.isArray(json.problems));
    assert.equal(json.problems.length, 2);
    const { stderr } = await person.run(['run']);
    assert.equal(stderr.split('the configuration cannot be used').length, 2, stderr);
  });

  test('an older version is shown as the newest would be, and brought there with --yes; the old file stays', async () => {
    const old = '# ours\naccounts: {}\nrepositories: {main: {location: /nowhere, password: {value: hunter2}}}\n';
    await writeFile(file, old, { mode: 0o600 });
    await chmod(file, 0o600);
    assert.match((await person.run(['config', 'check'])).stdout, /version is missing\n {2}`mailkeep config migrate`/);
    const asked = await person.run(['config', 'migrate']);
    assert.equal(asked.code, 2);
    assert.match(asked.stdout, /of version 0; in version 1 [^]*\n\+version: 1$/m);
    assert.doesNotMatch(asked.stdout, /hunter2/);
    assert.match(asked.stderr, /nobody to ask\n.*--yes/);
    assert.equal(await readFile(file, 'utf8'), old);
    const done = await person.run(['config', 'migrate', '--yes', '--json']);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /"migrated":true,"kept":"[^"]*mailkeep\.yaml\.version-0"/);
    assert.equal(await readFile(file, 'utf8'), old.replace('\n', '\nversion: 1\n'));
    assert.equal(await readFile(`${file}.version-0`, 'utf8'), old);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await person.run(['config', 'check'])).code, 0);
    assert.match((await person.run(['config', 'migrate'])).stdout, /newest version already/);
  });

  test('B8: secrets in it are for the owner only, and never shown', async () => {
    const secret = 'version: 1\nrepositories: {main: {location: /nowhere, password: {value: hunter2}}}\n';
    await writeFile(file, secret);
    await chmod(file, 0o644);
    const refused = await person.run(['snapshots']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /others may read it/);
    await chmod(file, 0o600);
    const { stdout } = await person.run(['config', 'show']);
    assert.match(stdout, /value: •••/);
    const missing = await person.run(['snapshots', '-vv']);
    assert.equal(missing.code, 10, missing.stderr);
    assert.doesNotMatch([refused.stderr, stdout, missing.stderr].join(), /hunter2/);
  });

  test('a repository is known by its name, and is the usual one where there is no other', async () => {
    const password = join(person.home, 'password');
    await writeFile(password, 'hunter2\n', { mode: 0o600 });
    await writeFile(file, 'version: 1\nrepositories:\n  main: {location: ~/backup, password: {file: ~/password}}\n');
    const made = await person.run(['init', '-r', 'main']);
    assert.equal(made.code, 0, made.stderr);
    const listed = await person.run(['snapshots']);
    assert.match(listed.stdout, /^0 snapshots/, listed.stderr);
    const elsewhere = await person.run(['snapshots', '-r', './main', '-p', password]);
    assert.equal(elsewhere.code, 10, 'a path is a path');
  });

  test('a broken configuration stops nobody who names a location', async () => {
    await writeFile(file, 'version: [\n');
    const password = join(person.home, 'password');
    const { code, stderr } = await person.run(['snapshots', '-r', join(person.home, 'backup'), '-p', password]);
    assert.equal(code, 0, stderr);
    assert.equal((await person.run(['snapshots'])).code, 2);
  });

  test('the schema is JSON Schema, and knows what a person may write', async () => {
    const schema: unknown = JSON.parse((await person.run(['config', 'schema'])).stdout);
    assert.ok(typeof schema === 'object' && schema !== null && '$schema' in schema && 'properties' in schema);
    assert.match(JSON.stringify(schema), /"enum":\["tls","starttls","none"\]/);
  });

  test('whoever logs in to an account that is not there is told which there are', async () => {
    await writeFile(file, 'version: 1\naccounts: {gmail: {host: x, user: y, login: {password: {file: z}}}}\n');
    const { code, stderr } = await person.run(['login', 'gmial']);
    assert.equal(code, 2);
    assert.match(stderr, /no account gmial[\s\S]*Is gmail meant\?/);
    assert.match((await person.run(['login', 'gmail'])).stderr, /logs in without a person/);
  });
});
