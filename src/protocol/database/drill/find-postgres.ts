import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../contract/run.ts';
import type { ProgramSite } from '../../../system/program-site.ts';

/** Programs of one version. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
  /** With which its own clients are found first. */
  readonly variables: ProgramSite['variables'];
}

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

/** Of the newest PostgreSQL that is installed: a dump can be loaded by its own version, or a later one. */
const findInstalled = async (path: string | undefined): Promise<string | undefined> => {
  const versioned = (await Promise.all(versionedPlaces.map(versionsIn))).flat();
  const newest = versioned.toSorted((one, other) => other.version - one.version).map(({ programs }) => programs);
  const searched = (path ?? '').split(':').filter((folder) => folder.startsWith('/'));
  for (const folder of [...newest, ...searched]) if (await hasAll(folder)) return folder;
  return undefined;
};

/** An image has one version of it, which is found by its PATH. */
const findInContainer = async (site: ProgramSite, { signal }: Run): Promise<PostgresPrograms | undefined> => {
  for (const program of needed) {
    const asked = await site.run({ program, parameters: ['--version'] }, signal);
    if (asked?.code !== 0) return undefined;
  }
  return { initdb: 'initdb', postgres: 'postgres', variables: site.variables };
};

export const findPostgres = async (site: ProgramSite, run: Run): Promise<PostgresPrograms | undefined> => {
  if (site.container !== undefined) return findInContainer(site, run);
  const { variables } = site;
  const folder = await findInstalled(variables['PATH']);
  if (folder === undefined) return undefined;
  const own = { ...variables, PATH: `${folder}:${variables['PATH'] ?? ''}` };
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres'), variables: own };
};
