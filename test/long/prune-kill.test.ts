import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { createPerson, ended } from '../journey/program.ts';

const kills = 100;

/* The program is killed at moments spread over the whole of a prune, in which it repacks, notes or removes. */
test(
  'S5: a prune killed a hundred times at any moment loses nothing, and the next one finishes its work',
  { timeout: 60 * 60_000 },
  async (t) => {
    const person = await createPerson();
    t.after(() => person.leave());
    const mail = join(person.folder, 'mail');
    const base = join(person.folder, 'base');
    const password = join(person.folder, 'password');
    await writeFile(password, 'only a test\n');
    await mkdir(mail);
    const binary = await resticBinary('0.19');
    const restic = (repository: string, ...args: readonly string[]): Promise<string> =>
      succeed(binary, ['--no-cache', '--quiet', '-r', repository, '--password-file', password, ...args]);
    const ours = (repository: string, ...args: readonly string[]): readonly string[] => [
      ...args,
      '-r',
      repository,
      '--password-file',
      password,
      '--no-cache',
    ];
    const good = async (repository: string, ...args: readonly string[]): Promise<void> => {
      const result = await person.run(ours(repository, ...args));
      assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
    };
    await restic(base, 'init');
    for (let round = 0; round < 6; round++) {
      for (let file = 0; file < 30; file++) {
        if (round === 0 || file % 6 === round)
          await writeFile(join(mail, `message-${String(file)}`), randomBytes(100_000));
      }
      await good(base, 'backup', mail);
    }
    await restic(base, 'forget', '--keep-last', '1');
    await good(
      base,
      'prune',
      '--yes',
      '--max-unused',
      '0',
      '--repack-smaller-than',
      '4M',
      '--pack-size',
      '4M',
      '--dry-run',
    );

    const prune = ['prune', '--yes', '--max-unused', '0', '--pack-size', '4M'];
    const started = performance.now();
    const timed = join(person.folder, 'timed');
    await cp(base, timed, { recursive: true });
    await good(timed, ...prune, '--grace', '0');
    const duration = performance.now() - started;
    for (let kill = 0; kill < kills; kill++) {
      const repository = join(person.folder, `killed-${String(kill)}`);
      await cp(base, repository, { recursive: true });
      const grace = kill % 2 === 0 ? ['--grace', '0'] : [];
      const child = person.start(ours(repository, ...prune, ...grace));
      const over = ended(child);
      await wait((duration * kill) / kills);
      child.kill('SIGKILL');
      await over;
      await good(repository, 'unlock');
      await restic(repository, 'check', '--read-data');
      await good(repository, ...prune, '--grace', '0');
      await restic(repository, 'check', '--read-data');
      const target = join(person.folder, 'restored');
      await restic(repository, 'restore', 'latest', '--target', target);
      await succeed('diff', ['-r', mail, join(target, mail)]);
      await rm(target, { recursive: true });
      await rm(repository, { recursive: true });
    }
  },
);
