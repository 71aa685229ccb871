import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, succeed } from '../requirement/command.ts';

/** What a container of the tests can run: servers of databases, and the shell that images of them have. */
const databasePrograms = [
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
  'printenv',
];

/** What they read besides. */
const databaseData = ['/usr/share/mysql', '/etc/ld.so.cache'];

/** Programs of this machine, by their names, and what they read besides, by paths. */
export interface ImageContent {
  readonly programs: readonly string[];
  /** Programs that are scripts, or links to others. */
  readonly scripts?: readonly string[];
  readonly data: readonly string[];
  /** A folder of programs and libraries, which need others. */
  readonly linked?: string;
  /** Programs that have another name there. */
  readonly named?: Readonly<Record<string, string>>;
  /** Lines of /etc/passwd. */
  readonly users?: readonly string[];
}

const whereIs = async (program: string): Promise<string> =>
  (await succeed('sh', ['-c', 'PATH=$PATH:/bin:/usr/sbin; command -v -- "$(which "$1")"', 'sh', program])).trim();

/** A tar of the root of a container, made of programs of this machine and the libraries that they need. */
export const makeImage = async (
  folder: string,
  content: ImageContent = { programs: databasePrograms, data: databaseData },
): Promise<string> => {
  const paths = await Promise.all(content.programs.map(whereIs));
  const scripts = await Promise.all((content.scripts ?? []).map(whereIs));
  const linkedFolder = content.linked === undefined ? [] : [content.linked];
  const own = content.linked === undefined ? [] : (await succeed('find', [content.linked, '-type', 'f'])).split('\n');
  // Of what is no program it says so, and ends with 1.
  const linked = (await runCommand('ldd', [...paths, ...own.slice(0, -1)])).stdout;
  const libraries = [...linked.matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)].flatMap(([, path = '']) =>
    path === '' || linkedFolder.some((one) => path.startsWith(`${one}/`)) ? [] : path,
  );
  const root = join(folder, 'image');
  for (const name of ['tmp', 'run/mysqld', 'etc', 'var/lib']) await mkdir(join(root, name), { recursive: true });
  const users = ['root:x:0:0:root:/:/bin/sh', ...(content.users ?? [])];
  await writeFile(join(root, 'etc/passwd'), `${users.join('\n')}\n`);
  await writeFile(
    join(root, 'etc/group'),
    users.map((line) => line.replace(/^([^:]+):x:\d+:(\d+):.*/, '$1:x:$2:\n')).join(''),
  );
  for (const [name, path] of Object.entries(content.named ?? {})) {
    await mkdir(join(root, 'opt/bin'), { recursive: true });
    await copyFile(path, join(root, 'opt/bin', name));
  }
  await mkdir(join(root, 'opt'), { recursive: true });
  const tar = join(folder, 'image.tar');
  const everything = [...new Set([...paths, ...scripts, ...libraries, ...content.data, ...linkedFolder])].map((path) =>
    path.slice(1),
  );
  await succeed('tar', [
    '--hard-dereference',
    '-chf',
    tar,
    '-C',
    '/',
    ...everything,
    '-C',
    root,
    'tmp',
    'run',
    'etc',
    'var',
    'opt',
  ]);
  await rm(root, { recursive: true });
  return tar;
};
