import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
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

/** The package as it is installed: compiled, in a node_modules of its own. */
const installed = async (person: Person): Promise<string> => {
  const place = join(person.folder, 'package');
  await mkdir(place);
  for (const name of ['bin', 'src']) await cp(join(root, name), join(place, name), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json'])
    await copyFile(join(root, name), join(place, name));
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  await succeed(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(place, 'tsconfig.build.json')],
    {
      env: person.environment,
    },
  );
  await succeed('rm', ['-r', join(place, 'src')]);
  return join(place, 'bin/mailkeep.js');
};

test('S8: with nothing but the kit and the store, three of five people open the repository and restore a message', async (t) => {
  const person = await createPerson();
  t.after(() => person.leave());
  const mail = await withMail(person);
  const kit = join(person.folder, 'kit');
  const program = await installed(person);
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
  await succeed('rm', ['-r', person.home, join(person.folder, 'package'), mail]);
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
