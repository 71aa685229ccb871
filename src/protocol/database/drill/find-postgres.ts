import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where packages have a folder for each version: Debian's, and those of PGDG for Rocky and others. */
const versionedPlaces: readonly { readonly folder: string; readonly prefix: string }[] = [
  { folder: '/usr/lib/postgresql', prefix: '' },
  { folder: '/usr', prefix: 'pgsql-' },
];
const needed: readonly string[] = ['initdb', 'postgres', 'psql'];

const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);

const versionsIn = async ({ folder, prefix }: (typeof versionedPlaces)[number]) =>
  (await namesIn(folder)).flatMap((name) => {
    const version = Number(name.startsWith(prefix) ? name.slice(prefix.length) : Number.NaN);
    return version > 0 ? [{ version, programs: join(folder, name, 'bin') }] : [];
  });

const hasAll = async (folder: string): Promise<boolean> => {
  try {
    for (const program of needed) await access(join(folder, program), constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The folder with the programs of the newest PostgreSQL that is installed: a dump can be loaded by its own version, or a later one. */
export const findPostgres = async (path: string | undefined): Promise<string | undefined> => {
  const versioned = (await Promise.all(versionedPlaces.map(versionsIn))).flat();
  const newest = versioned.toSorted((one, other) => other.version - one.version).map(({ programs }) => programs);
  const searched = (path ?? '').split(':').filter((folder) => folder.startsWith('/'));
  for (const folder of [...newest, ...searched]) if (await hasAll(folder)) return folder;
  return undefined;
};
