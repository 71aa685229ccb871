import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../requirement/command.ts';
import { nodeBinary } from '../requirement/node.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const pinned = join(project, 'node_modules', 'node', 'bin', 'node');

/** A program that stands in for Mailkeep's own, to see what the launcher passes on. */
const program = `
export async function main(argv: readonly string[]): Promise<number> {
  const [what = ''] = argv;
  if (what === 'warn') {
    await import('node:sqlite');
    process.emitWarning('new and untried', 'ExperimentalWarning');
    process.emitWarning('look here', 'RealWarning');
  }
  if (what === 'wait') {
    const timer = setInterval(() => {}, 1000);
    process.once('SIGTERM', () => { console.log('terminated'); process.exitCode = 130; clearInterval(timer); });
    console.log('waiting');
    return await new Promise((resolve) => process.once('SIGTERM', () => resolve(130)));
  }
  if (what === 'die') process.kill(process.pid, 'SIGKILL');
  console.log(process.versions.node.split('.')[0], argv.join('|'));
  return 3;
}
`;

describe('the launcher', () => {
  let folder = '';
  let old = '';
  let launcher = '';

  before(async () => {
    old = await nodeBinary('20.19.0');
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-launcher-'));
    launcher = join(folder, 'bin', 'mailkeep.js');
    for (const name of ['bin', 'src/cli', 'node_modules/node/bin'])
      await mkdir(join(folder, name), { recursive: true });
    await copyFile(join(project, 'bin', 'mailkeep.js'), launcher);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'src', 'cli', 'main.ts'), program);
    await symlink(pinned, join(folder, 'node_modules', 'node', 'bin', 'node'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test('an old Node hands over to the pinned one, with the arguments and the exit code', async () => {
    const result = await runCommand(old, [launcher, 'a b', '--c']);
    assert.deepEqual(result, { code: 3, stdout: '24 a b|--c\n', stderr: '' });
  });

  test('a Node that is new enough runs the program itself', async () => {
    const result = await runCommand(await nodeBinary('22.18.0'), [launcher, 'x']);
    assert.deepEqual(result, { code: 3, stdout: '22 x\n', stderr: '' });
  });

  test('notes on experimental features are dropped, other warnings stay', async () => {
    for (const node of [old, await nodeBinary('22.18.0'), pinned]) {
      const { stderr } = await runCommand(node, [launcher, 'warn']);
      assert.match(stderr, /RealWarning: look here/);
      assert.doesNotMatch(stderr, /[Ee]xperimental/);
    }
  });

  test('a signal to the launcher reaches the program', async () => {
    const child = spawn(old, [launcher, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said === 'waiting\n') child.kill('SIGTERM');
    });
    const closed: unknown[] = await once(child, 'close');
    assert.deepEqual([closed[0], said], [130, 'waiting\nterminated\n']);
  });

  test('a program that a signal ended ends the launcher by the same signal', async () => {
    const child = spawn(old, [launcher, 'die'], { stdio: 'ignore' });
    const closed: unknown[] = await once(child, 'close');
    assert.equal(closed[1], 'SIGKILL');
  });

  test('the compiled program is kept in the folder of caches, where nobody else can write', async () => {
    const homes = { own: join(folder, 'own'), open: join(folder, 'open') };
    await mkdir(homes.own, { mode: 0o700 });
    await mkdir(homes.open);
    await chmod(homes.open, 0o777);
    for (const HOME of Object.values(homes)) {
      const { code } = await runCommand(pinned, [launcher, 'x'], { env: { HOME } });
      assert.equal(code, 3);
    }
    assert.equal((await readdir(join(homes.own, '.cache', 'mailkeep', 'compiled'))).length, 1);
    assert.deepEqual(await readdir(homes.open), []);
  });

  test('an old Node alone says in one sentence what is needed, and exits with 2', async () => {
    await rm(join(folder, 'node_modules'), { recursive: true });
    const result = await runCommand(old, [launcher, '--version']);
    const stderr = 'mailkeep: this is Node 20.19.0, and Mailkeep needs Node 22.18 or newer.\n';
    assert.deepEqual(result, { code: 2, stdout: '', stderr });
  });
});
