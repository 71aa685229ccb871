import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand, succeed } from '../test/requirement/command.ts';
import { writeRelease } from './write-release.ts';

const usage = `npm run release [-- OPTIONS]: Mailkeep with Node in one archive for Linux, for this kind of processor

  --output DIR   where the archive and its checksum are put (dist-release)
  --no-build     take dist/ as it is

The times in it are SOURCE_DATE_EPOCH, else those of the last commit: the same sources and Node give the same bytes.
`;

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const epochOf = async (): Promise<number> => {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return Number(given);
  const { code, stdout } = await runCommand('git', ['log', '-1', '--format=%ct'], { cwd: root });
  return code === 0 ? Number(stdout) : 0;
};

const { values } = parseArgs({
  options: { output: { type: 'string' }, 'no-build': { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help === true) console.log(usage);
else {
  if (values['no-build'] !== true) await succeed('npm', ['run', '--silent', 'build'], { cwd: root });
  const output = values.output ?? join(root, 'dist-release');
  const archive = await writeRelease({ root, node: process.execPath, output, epoch: await epochOf() });
  console.log(`${archive}\n${archive}.sha256`);
}
