import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { isFault } from '../../model/fault.ts';
import { programFault } from './program-fault.ts';
import { readOutput } from './read-output.ts';
import { type ProgramCall, startProgram } from './start-program.ts';

describe('a program of a database', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-program-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const start = (call: Partial<ProgramCall>, run = createTestRun()) =>
    startProgram(
      {
        place: undefined,
        systemUser: undefined,
        variables: { PATH: process.env['PATH'], TMPDIR: folder, HOME: '/home/alice', MAILKEEP_PASSWORD: 'not for it' },
      },
      { candidates: ['sh'], parameters: [], secret: '', hidden: [], ownFiles: true, mode: 'fed', ...call },
      run,
    );
  const said = async (call: Partial<ProgramCall>, input = '') => {
    const run = createTestRun();
    return readOutput(await start(call, run), input, run);
  };

  test('B13: it finds its secret in a file that has no name, whatever is in it, and nothing stays', async () => {
    const secret = `[client]\npassword="a\\b $HOME %s \`x\`"\n\n  -n indented\n`;
    const { output, end } = await said({
      candidates: ['nonexistent-program', 'cat'],
      parameters: ['/dev/fd/3'],
      secret,
    });
    assert.deepEqual([output, end.code], [secret, 0]);
    assert.deepEqual(await readdir(folder), []);
  });

  test('it gets its input, and little of the environment', async () => {
    const { output } = await said({ candidates: ['cat'] }, 'INSERT …\n');
    assert.equal(output, 'INSERT …\n');
    const { output: variables } = await said({ candidates: ['env'] });
    assert.match(variables, /^HOME=\/home\/alice$/m);
    assert.match(variables, /^LC_ALL=C$/m);
    assert.doesNotMatch(variables, /MAILKEEP|not for it/);
  });

  test('with a secret of ours no file of the user counts', async () => {
    const { output } = await said({ candidates: ['env'], ownFiles: false });
    assert.match(output, /^HOME=\/dev\/null$/m);
    assert.match(output, /^PGPASSFILE=\/dev\/fd\/3$/m);
  });

  for (const mode of ['fed', 'watched'] as const) {
    test(`how it ends and what it says comes back, without secrets (${mode})`, async () => {
      const parameters = ['-c', 'echo out; echo "no hunter2 here" >&2; exit 7'];
      const program = await start({ parameters, hidden: ['hunter2'], mode });
      // Its input stays open: that is what keeps one that is watched alive.
      const output = Buffer.concat(await Array.fromAsync<Buffer>(program.output)).toString();
      assert.deepEqual(
        { output, end: await program.ended },
        { output: 'out\n', end: { code: 7, said: 'no ••• here' } },
      );
      await program.stop();
    });
  }

  test('one that is not there is told with its names', async () => {
    const { end } = await said({ candidates: ['nobody-dump', 'nobody-else-dump'] });
    const fault = programFault(end, 'it cannot be dumped');
    assert.ok(isFault(fault, 'configuration'));
    assert.equal(fault.message, 'it cannot be dumped: there is no program nobody-dump or nobody-else-dump');
  });

  test('stopped or interrupted, one that never ends by itself ends', async () => {
    for (const by of ['stop', 'abort'] as const) {
      const run = createTestRun();
      const parameters = ['-c', 'echo begun; exec sleep 1000'];
      const program = await start({ parameters, mode: 'watched' }, run);
      await new Promise((resolve) => program.output.once('data', resolve));
      if (by === 'abort') run.abort();
      else await program.stop();
      assert.notEqual((await program.ended).code, 0);
    }
  });
});
