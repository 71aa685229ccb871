import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { createPerson } from './program.ts';

test('S4: copy, to and from a repository of restic, checked by restic 0.19; neither program copies anything twice', async (t) => {
  const person = await createPerson();
  t.after(() => person.leave());
  const [one, two, mail] = ['one', 'two', 'mail'].map((name) => join(person.folder, name));
  assert.ok(one !== undefined && two !== undefined && mail !== undefined);
  await mkdir(mail);
  await writeFile(join(mail, 'large'), randomBytes(1_500_000));
  await writeFile(join(mail, 'small'), 'a message\n');
  const between = (from: string, to: string): NodeJS.ProcessEnv => ({
    RESTIC_REPOSITORY: to,
    RESTIC_PASSWORD: `password of ${to}`,
    RESTIC_FROM_REPOSITORY: from,
    RESTIC_FROM_PASSWORD: `password of ${from}`,
  });
  const binary = await resticBinary('0.19');
  const restic = (environment: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> =>
    succeed(binary, ['--no-cache', '--quiet', ...args], { env: { ...person.environment, ...environment } });
  const ours = async (environment: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await person.run(args, { environment });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const [there, back] = [between(one, two), between(two, one)];
  for (const [repository, chunks] of [
    [one, []],
    [two, ['--copy-chunker-params']],
  ] as const) {
    const alone = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: `password of ${repository}` };
    await restic(chunks.length === 0 ? alone : there, 'init', ...chunks);
  }
  await ours(back, 'backup', mail);
  await writeFile(join(mail, 'more'), 'another message\n');
  await restic(back, 'backup', mail);

  assert.match(await ours(there, 'copy'), /2 snapshots copied/);
  await restic(there, 'check', '--read-data');
  assert.match(await ours(there, 'copy', '--json'), /"snapshots_copied":0,.*"blobs_copied":0,/);
  await restic(there, 'copy');
  const list: unknown = JSON.parse(await restic(there, 'snapshots', '--json'));
  assert.ok(Array.isArray(list) && list.length === 2);
  await restic(there, 'restore', 'latest', '--target', join(person.folder, 'restored'));
  await succeed('diff', ['-r', mail, join(person.folder, 'restored', mail)]);

  // The other way, after restic has written more over there.
  await writeFile(join(mail, 'last'), 'the last message\n');
  await restic(there, 'backup', mail);
  assert.match(await ours(back, 'copy'), /1 snapshot copied/);
  await restic(back, 'check', '--read-data');
  await ours(back, 'check');
});
