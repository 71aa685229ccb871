import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fillCache } from './cache-folder.ts';
import { runCommand } from './command.ts';
import { debianMirror, MissingRequirement } from './debian.ts';

/** What the container of the tests has besides a small Debian: servers of databases, as an image of such a server has them. */
const packages = ['mariadb-server-core', 'mariadb-client', 'redis-tools'];

/** What is in no use in a container, and most of its size. */
const superfluous = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'var/cache/apt', 'var/lib/apt/lists'];

/** A tar of the root of a container with these servers, kept in the cache; made by debootstrap, as root. */
export async function databaseImage(): Promise<string> {
  const name = 'database-image';
  const tar = join(cacheFolder(), name, 'root.tar');
  const isThere = await access(tar).then(
    () => true,
    () => false,
  );
  if (isThere) return tar;
  const { suite, mirror } = await debianMirror();
  await fillCache(name, async (folder) => {
    const root = join(folder, 'root');
    const wanted = ['--variant=minbase', `--include=${packages.join(',')}`, suite, root, mirror];
    const made = await runCommand('debootstrap', wanted);
    if (made.code !== 0) throw new MissingRequirement(`debootstrap made no image: ${made.stdout.slice(-500)}`);
    for (const path of superfluous) await rm(join(root, path), { recursive: true, force: true });
    const packed = await runCommand('tar', ['-C', root, '-cf', join(folder, 'root.tar'), '.']);
    await rm(root, { recursive: true, force: true });
    if (packed.code !== 0) throw new MissingRequirement(`the image cannot be packed: ${packed.stderr}`);
  });
  return tar;
}
