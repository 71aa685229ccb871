import assert from 'node:assert/strict';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, describeTree, type Person } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { commandsToType } from '../stack/follow-runbook.ts';

/** Times of folders change with whatever is put into them, and a single file is written anew. */
const treeOf = (folder: string): readonly string[] =>
  describeTree(folder).map((line) =>
    line.replace(/( 4\d{4} \d+ \d+) \d+ $/, '$1').replace(/^(\.env \d+ \d+ \d+) \d+/, '$1'),
  );

describe('B11: the runbook of a backup in a repository', () => {
  let person: Person;
  const root = (): string => join(person.folder, "Bob's server");
  const mailkeep = (...args: readonly string[]) =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);

  before(async () => {
    person = await createPerson();
    const place = async (path: string, text: string, mode = 0o644): Promise<void> => {
      await mkdir(dirname(join(root(), path)), { recursive: true });
      await writeFile(join(root(), path), text);
      await chmod(join(root(), path), mode);
    };
    await place('config/dovecot/dovecot.conf', 'protocols = imap\n');
    await place('vmail/example.com/alice/cur/1700000000.M1P1.mail:2,S', 'From: a@example.org\r\n\r\nbody\r\n', 0o600);
    await place('.env', 'SECRET=1\n', 0o600);
    await writeFile(join(person.folder, 'password'), 'repository-password\n', { mode: 0o600 });
    const components = {
      config: { folders: { settings: 'config' }, files: ['.env'] },
      mail: { folders: { vmail: 'vmail' } },
    };
    const server = { root: root(), components, repository: 'main', gentle: { nice: 0, io: 'normal', cpu: '100%' } };
    const repositories = { main: { location: 'repository', password: { file: 'password' } } };
    await writeFile(
      join(person.folder, 'mailkeep.yaml'),
      JSON.stringify({ version: 1, repositories, servers: { mailserver: server } }),
      { mode: 0o600 },
    );
    const made = await mailkeep('init', '-r', 'main');
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const night = await mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stdout + night.stderr);
  });
  after(() => person.leave());

  test('restic brings the files back, as its commands are printed', async () => {
    const { code, stdout, stderr } = await mailkeep(
      'runbook',
      'mailserver',
      '--from',
      'repository',
      '--format',
      'markdown',
    );
    assert.equal(code, 0, stderr);
    const lost = `${root()}.lost`;
    await rename(root(), lost);
    const commands = commandsToType(stdout).filter((command) => /^(?:restic|mkdir|chown|chmod|\( umask)/.test(command));
    assert.ok(
      commands.some((command) =>
        /^restic --repo \S+ restore [0-9a-f]{64}:\/mailserver\/config\/settings/.test(command),
      ),
      stdout,
    );
    const restic = dirname(await resticBinary('0.19'));
    const env = {
      ...process.env,
      PATH: `${restic}:${process.env['PATH'] ?? ''}`,
      RESTIC_PASSWORD: 'repository-password',
    };
    for (const command of commands) await succeed('bash', ['-c', command], { env });
    assert.deepEqual(treeOf(root()).slice(1), treeOf(lost).slice(1));
  });

  test('a file is for its owner alone, and a location shows no password', async () => {
    const file = join(person.folder, 'recovery.html');
    const printed = await mailkeep('runbook', '--from', 'repository', '--language', 'ja', '--output', file);
    assert.equal(printed.code, 0, printed.stderr);
    assert.match(await succeed('stat', ['--format=%a', file]), /^600/);
    assert.match(await succeed('head', ['-c', '2000', file]), /<html lang="ja">/);
  });
});
