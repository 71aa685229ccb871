import { randomBytes } from 'node:crypto';
import { chmod, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ThrowawayDatabase } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { Secret } from '../../../model/secret.ts';
import { errnoFault } from '../../../system/errno.ts';
import { imageOf, type ProgramSite } from '../../../system/program-site.ts';
import { prepareServiceFolder } from '../../../system/service-folder.ts';
import { type ServiceIdentity, untilReady } from '../../../system/started-service.ts';
import type { PostgresSetting } from '../config.ts';
import type { DatabaseParts } from '../parts.ts';
import { createPostgresClient, identifier, type PostgresClient } from '../postgres/client.ts';
import { createPostgresTarget } from '../restore/postgres-target.ts';
import { findPostgres, type PostgresPrograms } from './find-postgres.ts';
import { countPostgresRows, findPostgresAccounts, loadedDatabases } from './postgres-content.ts';
import { placeOf, userIn } from './site-place.ts';
import type { ThrowawayWish } from './throwaway-wish.ts';

/** A superuser of a name that no dump has: the roles of the dumps are loaded too, with their passwords. */
const superuser = 'mailkeep_drill';
/** Every server has a database of this name already, where one stands while others are made: that of the backup gets another. */
const usual = 'postgres';
const usualRestored = 'mailkeep_drill_postgres';
const readyWithin = 120_000;

interface Cluster {
  readonly programs: PostgresPrograms;
  readonly data: string;
  readonly identity: ServiceIdentity | undefined;
  readonly site: ProgramSite;
}

/** Makes the files of a server without any data. Its locale is the one that every machine has. */
const install = async (
  { programs, data, identity, site }: Cluster,
  { folder, password }: { readonly folder: string; readonly password: string },
  run: Run,
): Promise<void> => {
  const file = join(folder, 'password');
  try {
    await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (identity !== undefined) {
      await chown(file, 0, identity.gid);
      await chmod(file, 0o640);
    }
  } catch (error) {
    throw errnoFault(error, 'write', file);
  }
  const program = programs.initdb;
  const how = [`--username=${superuser}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const parameters = [`--pgdata=${data}`, `--pwfile=${file}`, ...how];
  const ended = await site.run({ program, parameters, identity, folder: data }, run.signal);
  if (ended?.code === 0) return;
  const said = `${ended?.stdout ?? ''}${ended?.stderr ?? ''}`.trim().slice(-400);
  throw new Fault('server-unavailable', `${program} cannot make a database for the drill: ${said}`);
};

/** What is thrown away needs no care: nothing is written twice, or waited for. */
const settings: readonly string[] = [
  'listen_addresses=',
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'autovacuum=off',
  'logging_collector=off',
  'max_connections=20',
  // Nothing of it outside its own folder, should it be killed.
  'dynamic_shared_memory_type=mmap',
];

const startServer = ({ programs, data, identity, site }: Cluster) =>
  site.start({
    program: programs.postgres,
    parameters: ['-D', data, ...[...settings, `unix_socket_directories=${data}`].flatMap((setting) => ['-c', setting])],
    folder: data,
    identity,
  });

const answers = async (client: PostgresClient, run: Run): Promise<boolean> => {
  try {
    await client.query('SELECT 1;', {}, run);
    return true;
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted')) throw error;
    return false;
  }
};

interface Access {
  readonly setting: PostgresSetting;
  readonly parts: DatabaseParts;
}

const accessTo = (cluster: Cluster, folder: string, password: string): Access => ({
  setting: {
    database: 'postgres',
    in: placeOf(cluster.site),
    systemUser: userIn(cluster),
    host: cluster.data,
    user: superuser,
    password: { kind: 'value', value: password },
    exclude: [],
    globals: true,
  },
  parts: {
    readSecret: async () => new Secret(password),
    variables: cluster.programs.variables,
    spool: join(folder, 'spool'),
  },
});

interface ShownServer {
  readonly version: string;
  readonly image: ReturnType<typeof imageOf>;
  readonly stop: () => Promise<void>;
}

const databaseOf = (
  client: PostgresClient,
  { setting, parts }: Access,
  { version, image, stop }: ShownServer,
): ThrowawayDatabase => {
  const loaded = (run: Run) => loadedDatabases(client, { own: usual, shownAs: { [usualRestored]: usual } }, run);
  const options = { replace: false, users: true, rename: { [usual]: usualRestored } };
  return {
    program: { name: `PostgreSQL ${version.replace(/ .*/, '')}`, ...image },
    target: (_, run) => createPostgresTarget(setting, { parts, options, locale: 'C' }, run),
    rowCounts: async (run) => {
      const counts: Record<string, number> = {};
      for (const database of await loaded(run)) Object.assign(counts, await countPostgresRows(client, database, run));
      return counts;
    },
    accounts: async (query, run) => findPostgresAccounts(client, { databases: await loaded(run), query }, run),
    stop,
  };
};

/**
 * Starts a PostgreSQL that listens on a socket in its own folder alone, never as the superuser. Undefined: none is installed. Faults:
 * `server-unavailable` when it does not come up.
 */
export const startThrowawayPostgres = async (wish: ThrowawayWish, run: Run): Promise<ThrowawayDatabase | undefined> => {
  const { folder, site } = wish;
  const programs = await findPostgres(site, run);
  if (programs === undefined) return undefined;
  const password = randomBytes(24).toString('hex');
  const cluster = { programs, site, ...(await prepareServiceFolder(wish)) };
  await install(cluster, { folder, password }, run);
  const service = await startServer(cluster);
  if (service === undefined) return undefined;
  try {
    await wish.noteService(service.pid);
    const access = accessTo(cluster, folder, password);
    const client = await createPostgresClient(access.setting, access.parts, run);
    await untilReady('PostgreSQL', service, { isReady: () => answers(client, run), patience: readyWithin }, run.signal);
    const [version = ''] = await client.query('SHOW server_version;', {}, run);
    // Owner of what a server has of its own, there on every one, also where roles are not in the backup.
    await client.query(`CREATE ROLE ${identifier(usual)} SUPERUSER;`, {}, run);
    return databaseOf(client, access, { version, image: imageOf(site), stop: () => service.stop() });
  } catch (error) {
    await service.stop();
    throw error;
  }
};
