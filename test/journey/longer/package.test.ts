import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand, succeed } from '../../requirement/command.ts';
import { nodeBinary } from '../../requirement/node.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const installs = [
  { what: 'with its optional addon', flags: [] },
  { what: 'without optional addons', flags: ['--omit=optional'] },
] as const;

describe('the packed package', () => {
  let folder = '';
  let tarball = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-package-'));
    await succeed('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: project });
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
    tarball = join(folder, name);
    await Promise.all(installs.map(({ flags }, index) => install(join(folder, `${index}`), flags)));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  async function install(prefix: string, flags: readonly string[]): Promise<void> {
    const quiet = ['--no-audit', '--no-fund', '--no-save', '--prefer-offline'];
    await succeed('npm', ['install', '--prefix', prefix, ...quiet, ...flags, tarball], { cwd: folder });
  }

  /** A PATH on which nothing but this Node is called `node`. */
  async function pathWith(node: string): Promise<string> {
    const bin = await mkdtemp(join(folder, 'bin-'));
    await symlink(node, join(bin, 'node'));
    return [bin, '/usr/bin', '/bin'].join(delimiter);
  }

  test('it carries the compiled program and the documents, and neither sources nor tests', async () => {
    const files = (await succeed('tar', ['-tzf', tarball])).trim().split('\n');
    for (const file of ['bin/mailkeep.js', 'dist/cli/main.js', 'LICENSE', 'README.md', 'package.json']) {
      assert.ok(files.includes(`package/${file}`), `${file} is missing in ${files.join(', ')}`);
    }
    assert.deepEqual(
      files.filter((file) => /\.test\.|\.suite\.|-fixture\.|\.ts$|\/test\//.test(file)),
      [],
    );
  });

  for (const [index, { what, flags }] of installs.entries()) {
    test(`${what}, it runs on plain Node 22.18 and 24, and says nothing on stderr`, async () => {
      const command = join(folder, `${index}`, 'node_modules', '.bin', 'mailkeep');
      const addon = await runCommand('test', ['-d', join(folder, `${index}`, 'node_modules', 'koffi')]);
      assert.equal(addon.code === 0, flags.length === 0, 'the optional addon');
      for (const node of [await nodeBinary('22.18.0'), join(project, 'node_modules', 'node', 'bin', 'node')]) {
        const result = await runCommand(command, ['--version'], { cwd: folder, env: { PATH: await pathWith(node) } });
        assert.deepEqual({ code: result.code, stderr: result.stderr }, { code: 0, stderr: '' });
        assert.match(result.stdout, /^\d+\.\d+\.\d+\n$/);
      }
    });
  }
});
