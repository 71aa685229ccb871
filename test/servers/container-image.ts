import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { succeed } from '../requirement/command.ts';

/** What a container of the tests can run: servers of databases, and the shell that images of them have. */
const programs = [
  'mariadbd',
  'mariadb',
  'mariadb-dump',
  'redis-check-rdb',
  'redis-cli',
  'sh',
  'mktemp',
  'rm',
  'cat',
  'sleep',
  'kill',
];

/** What they read besides. */
const data = ['/usr/share/mysql', '/etc/ld.so.cache'];

/** A tar of the root of a container, made of programs of this machine and the libraries that they need. */
export const makeImage = async (folder: string): Promise<string> => {
  const paths: string[] = [];
  for (const program of programs)
    paths.push(
      (await succeed('sh', ['-c', 'PATH=$PATH:/bin:/usr/sbin; command -v -- "$(which "$1")"', 'sh', program])).trim(),
    );
  const linked = await succeed('ldd', paths);
  const libraries = [...linked.matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
  const root = join(folder, 'image');
  for (const name of ['tmp', 'run/mysqld', 'etc', 'var/lib']) await mkdir(join(root, name), { recursive: true });
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  const tar = join(folder, 'image.tar');
  const everything = [...new Set([...paths, ...libraries, ...data])].map((path) => path.slice(1));
  await succeed('tar', ['-chf', tar, '-C', '/', ...everything, '-C', root, 'tmp', 'run', 'etc', 'var']);
  return tar;
};
