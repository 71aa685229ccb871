import { plural } from './plural.ts';

/** Of `run`, `status` and `doctor`, where they are of servers. */
export const runServerMessages = {
  serverKept: (daily: number, weekly: number): string =>
    `${plural(daily, 'day', 'days')}, ${plural(weekly, 'week', 'weeks')}`,
  serverHeld: (name: string): string =>
    `the brake holds, nothing older leaves; when all is right: mailkeep run ${name} --confirm`,
  serverUnjudged: (name: string): string =>
    `the newest snapshot could not be compared with the one before, so the brake holds and nothing older leaves; when all is right on the server: mailkeep run ${name} --confirm`,
  serverDamaged: (backup: string): string => `${backup} is damaged`,
  doctorSources: (files: number, bytes: string): string =>
    `${plural(files, 'file', 'files')}, ${bytes}; all can be read`,
  doctorDisk: (path: string, mountPoint: string): string =>
    `${path} is on the right disk (${mountPoint}), and can be written`,
  doctorDiskSpaceHint: (): string => 'Keep fewer days or weeks, or take a larger disk.',
  doctorDatabase: (name: string, server: string): string => `${name}: ${server} answers`,
  tablesLocked: (database: string, tables: readonly string[], more: number): string =>
    `The database ${database} has tables that no transaction covers: ${tables.join(', ')}${more === 0 ? '' : ` and ${more} more`}. ` +
    'Its tables are locked while it is dumped.',
  runNoServer: (): string => '--daily and --weekly are for servers, and none of these is one',
  serverFailed: (sentence: string): string => `FAILED: ${sentence}`,
};
