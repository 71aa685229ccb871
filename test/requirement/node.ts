import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fillCache } from './cache-folder.ts';
import { runCommand } from './command.ts';
import { MissingRequirement } from './debian.ts';

/** The path of a Node of exactly this version, kept in the cache; it comes from the npm package `node`. */
export async function nodeBinary(version: string): Promise<string> {
  const name = `node-${version}`;
  const path = join(cacheFolder(), name, 'node_modules', 'node', 'bin', 'node');
  if (await isThere(path)) return path;
  await fillCache(name, async (folder) => {
    const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node@${version}`];
    const result = await runCommand('npm', install, { cwd: folder });
    if (result.code !== 0) throw new MissingRequirement(`Node ${version} is missing: ${result.stderr.trim()}`);
  });
  const answer = await runCommand(path, ['--version']);
  if (answer.stdout.trim() !== `v${version}`) throw new MissingRequirement(`Node ${version} does not run here.`);
  return path;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
