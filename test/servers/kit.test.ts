import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeDatedFixture, placeMessages } from '../../src/store/dated/dated-fixture.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { type CompiledPackage, compilePackage } from './compiled-package.ts';

const message = 'From: alice@example.com\r\nSubject: kept\r\n\r\n\0\xff a message\r\n';

/** A person with one repository in the configuration, and a message in it. */
const withMail = async (person: Person): Promise<string> => {
  const configuration = join(person.home, '.config/mailkeep');
  await mkdir(configuration, { recursive: true });
  await writeFile(join(configuration, 'password'), 'correct horse battery\n', { mode: 0o600 });
  await writeFile(
    join(configuration, 'mailkeep.yaml'),
    `version: 1
repositories:
  main:
    location: ${person.folder}/store
    password: { file: ${configuration}/password }
    environment: { TOKEN: { value: a secret of the configuration } }
`,
    { mode: 0o600 },
  );
  const mail = join(person.folder, 'mail');
  await mkdir(join(mail, 'cur'), { recursive: true });
  await mkdir(join(mail, 'new'));
  await writeFile(join(mail, 'cur/1:2,S'), message, 'latin1');
  await ours(person, 'init');
  await ours(person, 'backup', mail);
  return mail;
};

const ours = async (person: Person, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await person.run(args);
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
};

let compiled: Promise<CompiledPackage> | undefined;
const installed = async (): Promise<string> => (await (compiled ??= compilePackage())).program;
after(async () => (await compiled)?.[Symbol.asyncDispose]());

test('S8: with nothing but the kit and the store, three of five people open the repository and restore a message', async (t) => {
  const person = await createPerson();
  t.after(() => person.leave());
  const mail = await withMail(person);
  const kit = join(person.folder, 'kit');
  const program = await installed();
  await succeed(process.execPath, [program, 'kit', '--output', kit, '--with-program', '--shares', '5:3'], {
    env: person.environment,
  });
  const listed = await readdir(kit);
  for (const name of ['kit.html', 'kit.txt', 'mailkeep.yaml', 'open.sh', 'checksums.sha256'])
    assert.ok(listed.includes(name), name);
  await succeed('sh', ['-c', `cd ${kit} && sha256sum --check --quiet checksums.sha256`]);
  const everything = await succeed('sh', ['-c', `cat ${kit}/kit.* ${kit}/mailkeep.yaml`]);
  assert.ok(!everything.includes('correct horse') && !everything.includes('a secret of the configuration'));
  assert.ok(everything.includes(`${person.folder}/store`));
  assert.equal((await stat(join(kit, 'shares/main-1-of-5.txt'))).mode & 0o777, 0o600);

  // Another machine: no home, no program, no configuration; only the kit.
  await succeed('rm', ['-r', person.home, mail]);
  const bare = { PATH: '/usr/bin:/bin', HOME: join(person.folder, 'bare') };
  const opened = (...args: readonly string[]): Promise<string> =>
    succeed(join(kit, 'open.sh'), args, { env: bare, cwd: kit });
  await mkdir(bare.HOME);
  const shares = [2, 5, 3].map((number) => `shares/main-${number}-of-5.txt`);
  await assert.rejects(opened('kit', 'join', ...shares.slice(1), '--password-to', 'password'));
  await opened('kit', 'join', ...shares, '--password-to', 'password');
  assert.equal(await readFile(join(kit, 'password'), 'utf8'), 'correct horse battery\n');
  const at = ['-r', join(person.folder, 'store'), '--password-file', 'password'];
  await opened('restore', 'latest', '--target', join(person.folder, 'restored'), ...at);
  const back = await readFile(join(person.folder, 'restored', mail, 'cur/1:2,S'), 'latin1');
  assert.equal(back, message);
});

test('S8: passwords are written only when that was said twice; a kit overwrites nothing', async (t) => {
  const person = await createPerson();
  t.after(() => person.leave());
  await withMail(person);
  const kit = join(person.folder, 'kit');
  const said = await person.run(['kit', '--output', kit, '--with-secrets']);
  assert.equal(said.code, 2);
  assert.match(await ours(person, 'kit', '--output', kit, '--dry-run'), /kit\.html/);
  assert.match(await ours(person, 'doctor', 'main'), /no recovery kit/);
  await ours(person, 'kit', '--output', kit, '--with-secrets', '--yes', '--language', 'ja');
  assert.equal(await readFile(join(kit, 'secrets/main.password'), 'utf8'), 'correct horse battery\n');
  assert.match(await readFile(join(kit, 'kit.html'), 'utf8'), /lang="ja".*復旧キット/s);
  assert.equal((await stat(kit)).mode & 0o777, 0o700);
  assert.match(await ours(person, 'doctor', 'main'), /kit says what is so/);
  await ours(person, 'key', 'add', '--generate-password', join(person.folder, 'second'));
  assert.match(await ours(person, 'doctor', 'main'), /have changed since its recovery kit/);
  assert.equal((await person.run(['kit', '--output', kit])).code, 2);
});

/** A machine on which there is nothing but what a shell script needs: no Node, no configuration, an empty home. */
const bareMachine = async (person: Person): Promise<NodeJS.ProcessEnv> => {
  const [bin, home, temporary] = [join(person.folder, 'bin'), join(person.folder, 'bare'), join(person.folder, 'tmp')];
  for (const folder of [bin, home, temporary]) await mkdir(folder);
  const found = await succeed('sh', ['-c', `for name in ${tools.join(' ')}; do command -v $name; done`]);
  for (const path of found.trim().split('\n')) await symlink(path, join(bin, path.slice(path.lastIndexOf('/') + 1)));
  return { PATH: bin, HOME: home, TMPDIR: temporary };
};

const tools = ['sh', 'tail', 'gzip', 'tar', 'mktemp', 'readlink', 'dirname', 'sha256sum', 'cut', 'rm', 'sed', 'mkdir'];

test('S8: one file is all that a fresh machine needs: it opens a repository by shares, and brings mail back from it and from a disk', async (t) => {
  const person = await createPerson();
  const disk = await makeDatedFixture();
  t.after(async () => {
    disk.close();
    await person.leave();
  });
  const mail = await withMail(person);
  placeMessages(join(disk.mail, 'bob'), { 'cur/2.host:2,S': 'Subject: on the disk\r\n\r\ntext\r\n' });
  await disk.night('2025-11-07');
  const stick = join(person.folder, 'stick');
  await mkdir(stick);
  const kit = join(stick, 'kit.sh');
  await succeed(process.execPath, [await installed(), 'kit', '--out', kit, '--shares', '3:2'], {
    env: person.environment,
  });
  assert.deepEqual((await readdir(stick)).toSorted(), ['kit.sh', 'kit.sh.html', 'kit.sh.shares', 'kit.sh.txt']);
  assert.equal((await stat(kit)).mode & 0o777, 0o700);
  const page = await readFile(`${kit}.txt`, 'utf8');
  assert.match(page, /sh kit\.sh snapshots -r main --password-file password/);
  assert.match(await readFile(`${kit}.html`, 'utf8'), /sh kit\.sh kit join/);

  await succeed('rm', ['-r', person.home, mail]);
  const env = await bareMachine(person);
  const opened = (...args: readonly string[]): Promise<string> => succeed('sh', [kit, ...args], { env, cwd: stick });
  const shares = [3, 1].map((number) => `kit.sh.shares/main-${number}-of-3.txt`);
  await opened('kit', 'join', ...shares, '--password-to', 'password');
  await opened('restore', 'latest', '--target', join(person.folder, 'a'), '-r', 'main', '--password-file', 'password');
  assert.equal(await readFile(join(person.folder, 'a', mail, 'cur/1:2,S'), 'latin1'), message);
  const day = join(disk.root, 'daily/2025-11-07');
  await opened('restore', '--from', day, '--component', 'mail', '--into', join(person.folder, 'b'), '--yes');
  const back = (await readdir(join(person.folder, 'b'), { recursive: true })).find((name) =>
    name.endsWith('2.host:2,S'),
  );
  assert.match(await readFile(join(person.folder, 'b', back ?? ''), 'latin1'), /^Subject: on the disk/);
  assert.deepEqual(await readdir(join(person.folder, 'tmp')), []);

  await opened('unpack', 'folder');
  await succeed('sha256sum', ['--check', '--quiet', 'checksums.sha256'], { cwd: join(stick, 'folder') });
  const inside = await succeed('sh', ['-c', 'find . -path ./program -prune -o -type f -print'], {
    cwd: join(stick, 'folder'),
  });
  assert.ok(!inside.includes('share') && !inside.includes('password'), inside);
  await writeFile(kit, 'x', { flag: 'a' });
  await assert.rejects(opened('--version'), /damaged/);
});
