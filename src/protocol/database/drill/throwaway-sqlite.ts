import { join } from 'node:path';
import type { FoundAccounts, ThrowawayDatabase } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import type { Source } from '../../../contract/source.ts';
import { type Fault, isFault } from '../../../model/fault.ts';
import { Secret } from '../../../model/secret.ts';
import { databaseOfDump } from '../dump-file.ts';
import { listDumps } from '../restore/dump-files.ts';
import { createSqliteTarget } from '../restore/sqlite-target.ts';
import { countSqliteRows, findSqliteAccounts, type SqliteFile, withSqlite } from './sqlite-content.ts';
import { sqliteWebmail } from './sqlite-webmail.ts';
import type { ThrowawayWish } from './throwaway-wish.ts';

const suffix = '.sqlite';

/** The files that the dumps become, by what each is called in the backup. */
const filesIn = async (dumps: Source, folder: string, run: Run): Promise<readonly SqliteFile[]> => {
  const names = [...(await listDumps(dumps, run)).keys()].filter((file) => file.endsWith(suffix));
  // By numbers: a name is the backup's, and might lead elsewhere.
  return names.map((file, at) => ({
    name: databaseOfDump(file, suffix),
    path: join(folder, 'data', `${at}${suffix}`),
  }));
};

/** `query` can only be right in one of the files. Fault of the last, when it is wrong in all. */
const accountsIn = async (
  files: readonly SqliteFile[],
  query: string | undefined,
): Promise<readonly FoundAccounts[]> => {
  const found: FoundAccounts[] = [];
  let refused: Fault | undefined;
  for (const file of files) {
    try {
      found.push(...((await withSqlite(file, (database) => findSqliteAccounts(database, { file, query }))) ?? []));
    } catch (error) {
      if (query === undefined || !isFault(error)) throw error;
      refused = error;
    }
  }
  if (found.length === 0 && refused !== undefined) throw refused;
  return found;
};

/** Files of SQLite in a folder of their own. Each is read through when it is brought back. */
export const createThrowawaySqlite = ({ folder, site }: ThrowawayWish): ThrowawayDatabase => {
  let files: readonly SqliteFile[] = [];
  const parts = { readSecret: async () => new Secret(''), variables: site.variables, spool: join(folder, 'spool') };
  return {
    program: { name: 'SQLite' },
    target: async (dumps, run) => {
      files = await filesIn(dumps, folder, run);
      const paths = Object.fromEntries(files.map(({ name, path }) => [name, path]));
      return createSqliteTarget(
        { database: 'sqlite', files: paths },
        { parts, options: { replace: false, users: true } },
      );
    },
    rowCounts: async () => {
      const counts: Record<string, number> = {};
      for (const file of files) {
        Object.assign(counts, await withSqlite(file, (database) => countSqliteRows(database, file)));
      }
      return counts;
    },
    accounts: (query) => accountsIn(files, query),
    webmail: sqliteWebmail(() => files),
    stop: () => Promise.resolve(),
  };
};
