import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommand, succeed } from '../../requirement/command.ts';
import { resticBinary } from '../../requirement/restic.ts';
import { createPerson } from '../program.ts';

const makeHousehold = async (t: TestContext, ...initOptions: readonly string[]) => {
  const person = await createPerson();
  t.after(() => person.leave());
  const repository = join(person.folder, 'repository');
  const mail = join(person.folder, 'mail');
  const environment = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'only a test' };
  const binary = await resticBinary('0.19');
  const restic = (...args: readonly string[]): Promise<string> =>
    succeed(binary, ['--no-cache', '--quiet', ...args], { env: { ...person.environment, ...environment } });
  const ours = async (code: number, ...args: readonly string[]): Promise<string> => {
    const result = await person.run(args, { environment });
    assert.equal(result.code, code, `${args.join(' ')}:\n${result.stdout}\n${result.stderr}`);
    return result.stdout;
  };
  const restored = async (snapshot: string): Promise<string> => {
    const target = join(person.folder, `restored-${String(Math.random())}`);
    await restic('restore', snapshot, '--target', target);
    return join(target, mail);
  };
  await mkdir(join(mail, 'folder'), { recursive: true });
  await restic('init', ...initOptions);
  return { person, repository, mail, restic, ours, restored };
};

test('repair: an index that was lost and a pack that was cut off are mended so that restic 0.19 finds nothing amiss', async (t) => {
  const { repository, mail, restic, ours, restored } = await makeHousehold(t);
  await writeFile(join(mail, 'folder', 'first'), randomBytes(600_000));
  await ours(0, 'backup', mail);
  await writeFile(join(mail, 'folder', 'second'), randomBytes(900_000));
  await ours(0, 'backup', mail);
  for (const name of await readdir(join(repository, 'index'))) await rm(join(repository, 'index', name));
  await ours(1, 'check');
  assert.match(await ours(0, 'repair', 'index', '--yes'), /written/);
  await restic('check', '--read-data');
  await succeed('diff', ['-r', mail, await restored('latest')]);

  const packs = (await readdir(join(repository, 'data'), { recursive: true })).filter((name) => name.length > 60);
  const sizes = await Promise.all(
    packs.map(async (name) => ({ name, size: (await readFile(join(repository, 'data', name))).length })),
  );
  const largest = sizes.sort((left, right) => right.size - left.size)[0]?.name ?? '';
  await truncate(join(repository, 'data', largest), 700_000);
  const id = largest.slice(3);
  assert.match(await ours(1, 'repair', 'packs', '--yes', id.slice(0, 12)), /lost/);
  await ours(1, 'repair', 'snapshots', '--dry-run');
  await ours(0, 'repair', 'snapshots', '--forget', '--yes');
  await restic('check', '--read-data');
  await ours(0, 'check');
  assert.deepEqual(await readdir(join(await restored('latest'), 'folder')), ['first']);
});

test('rewrite and migrate: restic 0.19 reads what is left, and compression comes with prune', async (t) => {
  const { person, repository, mail, restic, ours, restored } = await makeHousehold(t, '--repository-version', '1');
  await writeFile(join(mail, 'folder', 'text'), 'a line of a message\n'.repeat(20_000));
  await writeFile(join(mail, 'secret'), randomBytes(300_000));
  await restic('backup', mail);
  await ours(0, 'rewrite', '--exclude', 'secret', '--new-host', 'elsewhere', '--forget', '--yes');
  assert.match(await restic('snapshots'), /elsewhere/);
  assert.deepEqual(await readdir(await restored('latest')), ['folder']);
  assert.match(await restic('rewrite', '--exclude', 'nothing like this', '--dry-run'), /^/);
  await restic('check', '--read-data');

  assert.match(await ours(0, 'migrate'), /upgrade_repo_v2/);
  await ours(0, 'migrate', 'upgrade_repo_v2', '--yes');
  assert.equal((await readdir(join(person.home, '.local', 'share', 'mailkeep', 'config-copies'))).length, 1);
  await ours(2, 'migrate', 'upgrade_repo_v2', '--yes');
  await ours(0, 'prune', '--repack-uncompressed', '--grace', '0', '--yes');
  await restic('check', '--read-data');
  const { stdout } = await runCommand('du', ['-sb', join(repository, 'data')]);
  assert.ok(Number.parseInt(stdout, 10) < 100_000 + 257 * 4096 + 200_000, stdout);
  await succeed('diff', ['-r', join(mail, 'folder'), join(await restored('latest'), 'folder')]);
});
