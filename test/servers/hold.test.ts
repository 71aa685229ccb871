import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { createPerson, type Person } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';

const snapshots = z.array(z.object({ id: z.string(), hostname: z.string() }));

const deliver = async (person: Person, user: string): Promise<void> => {
  for (const folder of ['cur', 'new'])
    await mkdir(join(person.folder, 'mail/example.com', user, folder), { recursive: true });
  await writeFile(join(person.folder, 'mail/example.com', user, 'cur/1:2,S'), `mail for ${user}\n`);
};

/** Two repositories in the configuration, the first of which is the default. */
const place = async (person: Person): Promise<void> => {
  const configuration = join(person.home, '.config/mailkeep');
  await mkdir(configuration, { recursive: true });
  await writeFile(join(configuration, 'password'), 'a good password\n', { mode: 0o600 });
  await writeFile(
    join(configuration, 'mailkeep.yaml'),
    `version: 1
defaultRepository: main
repositories:
  main: { location: ${person.folder}/main, password: { file: ${configuration}/password }, retention: { keepLast: 1 } }
  other: { location: ${person.folder}/other, password: { file: ${configuration}/password } }
`,
    { mode: 0o600 },
  );
  const binary = await resticBinary('0.19');
  for (const name of ['main', 'other']) {
    await succeed(binary, ['init', '-r', join(person.folder, name), '-p', join(configuration, 'password')], {
      env: person.environment,
    });
  }
};

test('S8: a held mailbox leaves by no command, also not in a copy, until it is released; restic lists and checks all', async (t) => {
  const person = await createPerson();
  t.after(() => person.leave());
  await place(person);
  const ours = async (expected: number, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await person.run(args);
    assert.equal(code, expected, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  const binary = await resticBinary('0.19');
  const restic = (...args: readonly string[]): Promise<string> =>
    succeed(
      binary,
      ['-r', join(person.folder, 'main'), '-p', join(person.home, '.config/mailkeep/password'), ...args],
      {
        env: person.environment,
      },
    );
  await deliver(person, 'alice');
  await ours(0, 'backup', join(person.folder, 'mail'));
  await succeed('rm', ['-r', join(person.folder, 'mail/example.com/alice')]);
  await deliver(person, 'bob');
  for (const _ of [1, 2]) await ours(0, 'backup', join(person.folder, 'mail'));

  const added = await ours(0, 'hold', 'add', '--mailbox', 'alice@example.com', '--reason', 'suit', '--case', '12/26');
  const id = /hold ([0-9a-f]{16})/.exec(added)?.[1] ?? '';
  assert.match(added, /main: 1 snapshot is held/);
  const misspelled = await ours(2, 'hold', 'add', '--server', 'mailsever', '--reason', 'suit');
  assert.match(misspelled, /there is no server mailsever/);
  assert.match(await ours(0, 'hold', 'list'), /alice@example\.com.*suit/);

  const list = snapshots.parse(JSON.parse(await ours(0, 'snapshots', '--json')));
  assert.equal(list.length, 3);
  const [first] = list;
  assert.ok(first !== undefined);
  assert.match(await ours(2, 'forget', '--yes', first.id), new RegExp(`held \\(${id}\\)`));
  assert.match(await ours(0, 'forget', '--keep-last', '1', '--prune', '--yes'), new RegExp(`held \\(${id}\\)`));
  assert.match(await ours(2, 'rewrite', '--exclude', 'alice', '--forget', '--yes'), /held/);
  await ours(0, 'tag', '--add', 'seen', '--host', first.hostname);
  await ours(0, 'forget', '--keep-last', '1', '--yes');
  await ours(0, 'copy', '--from-repo', 'main', '-r', 'other');
  await ours(0, 'forget', '-r', 'other', '--keep-last', '1', '--yes');
  for (const name of ['main', 'other']) {
    const left: unknown = JSON.parse(await ours(0, 'snapshots', '-r', name, '--json'));
    assert.ok(Array.isArray(left) && left.length === 2, name);
  }
  await ours(0, 'maintain');

  // restic sees notes as snapshots; by a policy it keeps one of each group, so all of them.
  await restic('check', '--read-data');
  await restic('forget', '--keep-daily', '7');
  assert.match(await ours(0, 'hold', 'list', '-r', 'main'), new RegExp(id));

  await ours(0, 'hold', 'release', id.slice(0, 6), '--reason', 'settled');
  assert.match(await ours(0, 'hold', 'list'), /nothing is held/);
  assert.match(await ours(0, 'hold', 'list', '--all'), /settled/);
  await ours(0, 'forget', '--keep-last', '1', '--yes');
  const left: unknown = JSON.parse(await ours(0, 'snapshots', '--json'));
  assert.ok(Array.isArray(left) && left.length === 1);
});
