import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { resticBinary } from '../../requirement/restic.ts';
import { type CommandResult, runCommand, succeed } from '../../requirement/command.ts';
import { createPerson, type Person } from '../program.ts';

/* Prune by us and by restic 0.19, on one repository, in turns. */

interface Household {
  readonly person: Person;
  readonly repository: string;
  readonly mail: string;
  ours(...args: readonly string[]): Promise<CommandResult>;
  restic(...args: readonly string[]): Promise<string>;
}

const createHousehold = async (): Promise<Household> => {
  const person = await createPerson();
  const repository = join(person.folder, 'repository');
  const mail = join(person.folder, 'mail');
  await mkdir(mail);
  const environment = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'only a test' };
  const binary = await resticBinary('0.19');
  const restic = (...args: readonly string[]): Promise<string> =>
    succeed(binary, ['--no-cache', '--quiet', ...args], { env: { ...person.environment, ...environment } });
  await restic('init');
  return { person, repository, mail, restic, ours: (...args) => person.run(args, { environment }) };
};

const good = (result: CommandResult): string => {
  assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  return result.stdout;
};

const sizeOf = async (folder: string): Promise<number> => {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
};

const fill = async (folder: string, names: readonly string[], bytes: number): Promise<void> => {
  for (const name of names) await writeFile(join(folder, name), randomBytes(bytes));
};

const firstSnapshot = async ({ restic }: Household): Promise<string> => {
  const list: unknown = JSON.parse(await restic('snapshots', '--json'));
  assert.ok(Array.isArray(list));
  const ids = list.flatMap((snapshot: unknown) =>
    typeof snapshot === 'object' && snapshot !== null && 'id' in snapshot && !('tags' in snapshot)
      ? [String(snapshot.id)]
      : [],
  );
  return ids[0] ?? '';
};

test('S4: space comes back, restic finds the repository whole, and its own prune has nothing left to do', async (t) => {
  const household = await createHousehold();
  t.after(() => household.person.leave());
  const { mail, ours, restic, repository } = household;
  await fill(mail, ['a', 'b', 'c', 'd'], 700_000);
  good(await ours('backup', mail));
  await rm(join(mail, 'a'));
  await rm(join(mail, 'b'));
  await fill(mail, ['e'], 100_000);
  good(await ours('backup', mail));
  await restic('forget', await firstSnapshot(household));
  const before = await sizeOf(repository);

  // Noted only: everything stays, and restic sees nothing amiss.
  good(await ours('prune', '--yes', '--max-unused', '0'));
  await restic('check', '--read-data');
  assert.match(await restic('snapshots'), /mailkeep:prune/);

  const summary: unknown = JSON.parse(
    good(await ours('prune', '--yes', '--max-unused', '0', '--grace', '0', '--json')),
  );
  assert.ok(typeof summary === 'object' && summary !== null && 'removed_bytes' in summary);
  assert.ok(Number(summary.removed_bytes) > 1_400_000);
  assert.ok((await sizeOf(repository)) < before - 1_300_000);
  await restic('check', '--read-data');
  good(await ours('check', '--read-data'));
  const packs = await readdir(join(repository, 'data'), { recursive: true });
  await restic('prune', '--max-unused', '0');
  assert.deepEqual(await readdir(join(repository, 'data'), { recursive: true }), packs);
  await restic('restore', 'latest', '--target', join(household.person.folder, 'restored'));
  await succeed('diff', ['-r', mail, join(household.person.folder, 'restored', mail)]);
});

test('S4: what restic prunes after us, and before us, checks clean in both programs', async (t) => {
  const household = await createHousehold();
  t.after(() => household.person.leave());
  const { mail, ours, restic } = household;
  await fill(mail, ['same', 'only'], 300_000);
  good(await ours('backup', mail));
  await restic('backup', mail);
  await rm(join(mail, 'only'));
  good(await ours('backup', mail));
  await restic('forget', await firstSnapshot(household));
  good(await ours('prune', '--yes', '--max-unused', '0'));
  await restic('forget', await firstSnapshot(household));
  await restic('prune', '--max-unused', '0');
  good(await ours('prune', '--yes', '--max-unused', '0', '--grace', '0'));
  await restic('check', '--read-data');
  good(await ours('check', '--read-data'));
});

test('B7: without anybody to ask, prune wants --yes; a dry run changes nothing; --no-lock is refused', async (t) => {
  const household = await createHousehold();
  t.after(() => household.person.leave());
  const { mail, ours, repository } = household;
  await fill(mail, ['a'], 1000);
  good(await ours('backup', mail));
  const before = await readdir(repository, { recursive: true });
  const refused = await ours('prune');
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--yes/);
  assert.match(good(await ours('prune', '--dry-run')), /remaining:/);
  assert.match(good(await ours('prune', '--dry-run', '--no-lock', '--json')), /"message_type":"summary"/);
  assert.equal((await ours('prune', '--yes', '--no-lock')).code, 2);
  assert.equal((await ours('prune', '--yes', '--max-unused', '100%')).code, 2);
  assert.deepEqual(await readdir(repository, { recursive: true }), before);
  const none = await runCommand('ls', [join(repository, 'locks')]);
  assert.equal(none.stdout, '');
});
