import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeRelease } from '../../release/write-release.ts';
import { createPerson } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { compilePackage } from './compiled-package.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

test('a release is the same twice, runs without Node, and goes on with the state, the cache and the configuration that are there', async (t) => {
  const person = await createPerson();
  await using compiled = await compilePackage();
  t.after(() => person.leave());
  const root = dirname(dirname(compiled.program));
  for (const document of ['LICENSE', 'README.md', 'README.ja.md', 'CHANGELOG.md'])
    await copyFile(join(project, document), join(root, document));
  const wish = { root, node: process.execPath, epoch: 1_762_484_400 };
  const [first, second] = [join(person.folder, 'first'), join(person.folder, 'second')];
  const archive = await writeRelease({ ...wish, output: first });
  const again = await writeRelease({ ...wish, output: second });
  assert.equal(basename(archive), basename(again));
  assert.equal(await readFile(`${archive}.sha256`, 'utf8'), await readFile(`${again}.sha256`, 'utf8'));
  await succeed('sha256sum', ['--check', '--quiet', `${basename(archive)}.sha256`], { cwd: first });

  const [mail, bin] = [join(person.folder, 'mail'), join(person.folder, 'bin')];
  for (const folder of [join(mail, 'cur'), join(mail, 'new'), bin]) await mkdir(folder, { recursive: true });
  await writeFile(join(mail, 'cur/1:2,S'), 'Subject: kept\r\n\r\ntext\r\n');
  const before = await person.run(['backup', mail]);
  assert.equal(before.code, 0, before.stderr);

  await succeed('tar', ['-xzf', archive, '-C', person.folder]);
  const program = join(person.folder, basename(archive, '.tar.gz'), 'mailkeep');
  for (const name of ['sh', 'dirname', 'readlink']) {
    await symlink((await succeed('sh', ['-c', `command -v ${name}`])).trim(), join(bin, name));
  }
  const env = { ...person.environment, PATH: bin };
  assert.match(await succeed(program, ['--version'], { env }), /^\d+\.\d+\.\d+\n$/);
  assert.match(await succeed(program, ['backup', mail], { env }), /1 unmodified/);
  const snapshots: unknown = JSON.parse(await succeed(program, ['snapshots', '--json'], { env }));
  assert.ok(Array.isArray(snapshots) && snapshots.length === 2);
  await succeed(program, ['check', '--read-data'], { env });
});
