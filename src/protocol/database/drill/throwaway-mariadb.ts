import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ThrowawayDatabase } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { isFault } from '../../../model/fault.ts';
import { Secret } from '../../../model/secret.ts';
import { errnoFault } from '../../../system/errno.ts';
import { imageOf } from '../../../system/program-site.ts';
import { type StartedService, untilReady } from '../../../system/started-service.ts';
import type { MariadbSetting } from '../config.ts';
import { createMariadbClient, type MariadbClient } from '../mariadb/client.ts';
import type { DatabaseParts } from '../parts.ts';
import { createMariadbTarget } from '../restore/mariadb-target.ts';
import { countRows } from './count-rows.ts';
import { findAccountTable } from './find-account-table.ts';
import { findAccounts } from './find-accounts.ts';
import { findRouting } from './find-routing.ts';
import { findWebmail } from './find-webmail.ts';
import { findMariadb, installMariadb, type MariadbPrograms } from './mariadb-programs.ts';
import { openWebmail } from './open-webmail.ts';
import { placeOf } from './site-place.ts';
import type { ThrowawayWish } from './throwaway-wish.ts';

const readyWithin = 120_000;
/**
 * A server that starts removes what others have left in its folder for temporary tables. In the usual one those of the live server
 * are, which still needs them.
 */
const ownTemporary = (folder: string): string => `--tmpdir=${folder}/temporary`;

/** What every program of it gets; its own files are the only ones that it reads. */
const commonOptions = ({ folder, isRoot }: ThrowawayWish): readonly string[] => [
  `--datadir=${folder}/data`,
  ownTemporary(folder),
  ...(isRoot ? ['--user=root'] : []),
];

const startServer = (
  { folder, site }: ThrowawayWish,
  { server, brand }: MariadbPrograms,
  options: readonly string[],
): Promise<StartedService | undefined> => {
  const parameters = [
    '--no-defaults',
    ...options,
    `--pid-file=${folder}/pid`,
    `--init-file=${folder}/init.sql`,
    '--skip-networking',
    '--skip-log-bin',
    '--character-set-server=utf8mb4',
    // Sockets and folders of its own, which are not there.
    ...(brand === 'mysql' ? ['--mysqlx=OFF', '--secure-file-priv=NULL'] : []),
  ];
  return site.start({ program: server, parameters, folder });
};

interface Access {
  readonly setting: MariadbSetting;
  readonly parts: DatabaseParts;
}

/** The password of its superuser is made here and is nowhere else: no other user of this machine gets in. */
const accessTo = (
  { folder, site }: ThrowawayWish,
  {
    brand,
    socket,
    password,
  }: { readonly brand: MariadbPrograms['brand']; readonly socket: string; readonly password: string },
): Access => ({
  setting: {
    database: brand,
    in: placeOf(site),
    socket,
    user: 'root',
    password: { kind: 'value', value: password },
    exclude: [],
    users: true,
  },
  parts: { readSecret: async () => new Secret(password), variables: site.variables, spool: join(folder, 'spool') },
});

const answers = async (client: MariadbClient, run: Run): Promise<boolean> => {
  try {
    await client.query('SELECT 1;', run);
    return true;
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted')) throw error;
    return false;
  }
};

/**
 * Starts a MariaDB that listens on a socket alone. Undefined: none is installed. Faults: `server-unavailable` when it does not come
 * up.
 */
export const startThrowawayMariadb = async (wish: ThrowawayWish, run: Run): Promise<ThrowawayDatabase | undefined> => {
  const { folder, site } = wish;
  const programs = await findMariadb(site, run);
  if (programs === undefined) return undefined;
  const { brand } = programs;
  const password = randomBytes(24).toString('hex');
  const common = commonOptions(wish);
  try {
    for (const name of ['data', 'temporary']) await mkdir(join(folder, name), { mode: 0o700 });
    const statement = `ALTER USER root@localhost IDENTIFIED BY '${password}';\n`;
    await writeFile(join(folder, 'init.sql'), statement, { mode: 0o600 });
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
  if (!(await installMariadb(programs, { site, common }, run))) return undefined;
  const socket = join(folder, 'socket');
  const service = await startServer(wish, programs, [...common, `--socket=${socket}`]);
  if (service === undefined) return undefined;
  const { setting, parts } = accessTo(wish, { brand, socket, password });
  try {
    await wish.noteService(service.pid);
    const client = await createMariadbClient(setting, parts, run);
    const name = brand === 'mysql' ? 'MySQL' : 'MariaDB';
    await untilReady(name, service, { isReady: () => answers(client, run), patience: readyWithin }, run.signal);
    const [[version = ''] = []] = await client.query('SELECT VERSION();', run);
    const options = { replace: false, users: true };
    return {
      program: { name: `${name} ${version.replace(/-.*/, '')}`, ...imageOf(site) },
      target: (_, targetRun) => createMariadbTarget(setting, { parts, options }, targetRun),
      rowCounts: (countRun) => countRows(client, countRun),
      accounts: (query, accountsRun) => findAccounts(client, query, accountsRun),
      mailTables: {
        routing: (routingRun) => findRouting(client, routingRun),
        accountTable: (tableRun) => findAccountTable(client, tableRun),
      },
      webmail: {
        kind: 'mariadb',
        tables: (webmailRun) => findWebmail(client, webmailRun),
        open: (entry, openRun) => openWebmail(client, { folder, socket }, entry, openRun),
      },
      stop: () => service.stop(),
    };
  } catch (error) {
    await service.stop();
    throw error;
  }
};
