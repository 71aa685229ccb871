import { access, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fillCache } from './cache-folder.ts';
import { runCommand } from './command.ts';
import { MissingRequirement, unpackFromSuite } from './debian.ts';

const ownPlace = 'usr/libexec/docker/cli-plugins';

/**
 * A folder that makes `docker compose` there when DOCKER_CONFIG names it: the plugin of Debian's suite trixie, as older ones have only
 * the program before it. Rejects with `MissingRequirement` when it cannot be had.
 */
export async function composePlugin(): Promise<string> {
  const name = 'docker-compose-2';
  const folder = join(cacheFolder(), name);
  const isThere = await access(join(folder, 'cli-plugins/docker-compose')).then(
    () => true,
    () => false,
  );
  if (!isThere) await fillCache(name, fill);
  const answer = await runCommand(join(folder, 'cli-plugins/docker-compose'), ['version']);
  if (answer.code !== 0) throw new MissingRequirement(`docker compose does not run here: ${answer.stderr.trim()}`);
  return folder;
}

async function fill(folder: string): Promise<void> {
  await unpackFromSuite({ suite: 'trixie', names: ['docker-compose'], into: folder });
  await rename(join(folder, ownPlace), join(folder, 'cli-plugins'));
}
