import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertSameTrees } from '../journey/compare-trees.ts';
import { noise } from '../journey/mixed-source.ts';
import { createPerson, ended } from '../journey/program.ts';
import { resticOn } from '../journey/restic-runner.ts';

test('a backup that is killed five times at any moment harms nothing, and the sixth holds everything', async () => {
  const person = await createPerson();
  try {
    const repository = join(person.folder, 'repository');
    const source = join(person.folder, 'source');
    const passwordFile = join(person.folder, 'password');
    await writeFile(passwordFile, 'geheim');
    await mkdir(source);
    for (let file = 0; file < 60; file++) await writeFile(join(source, `file ${file}`), noise(1_500_000, file + 1));
    const ours = ['--repo', repository, '--password-file', passwordFile];
    assert.equal((await person.run(['init', ...ours])).code, 0);
    const backup = ['backup', ...ours, '--pack-size', '4', source];
    const started = performance.now();
    const whole = await person.run(['backup', ...ours, '--dry-run', source]);
    const length = performance.now() - started;
    assert.equal(whole.code, 0, whole.stderr);
    for (let kill = 0; kill < 5; kill++) {
      const child = person.start(backup);
      const end = ended(child);
      await new Promise((resolve) => setTimeout(resolve, length * (0.2 + 0.8 * Math.random())));
      child.kill('SIGKILL');
      await end;
    }
    const last = await person.run(backup);
    assert.equal(last.code, 0, last.stderr);
    const restic = await resticOn(repository);
    assert.match(await restic(['check', '--read-data']), /no errors were found/);
    const target = join(person.folder, 'restored');
    await restic(['restore', 'latest', '--target', target]);
    await assertSameTrees(source, join(target, source));
    assert.equal((await person.run(['check', ...ours, '--read-data'])).code, 0);
  } finally {
    await person.leave();
  }
});
