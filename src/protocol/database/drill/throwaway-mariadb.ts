import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ThrowawayDatabase } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { Secret } from '../../../model/secret.ts';
import { errnoFault } from '../../../system/errno.ts';
import { runProgram } from '../../../system/run-program.ts';
import { startService, type StartedService, untilReady } from '../../../system/started-service.ts';
import type { MariadbSetting } from '../config.ts';
import { createMariadbClient, type MariadbClient } from '../mariadb/client.ts';
import type { DatabaseParts } from '../parts.ts';
import { createMariadbTarget } from '../restore/mariadb-target.ts';
import { countRows } from './count-rows.ts';
import { findAccountTable } from './find-account-table.ts';
import { findAccounts } from './find-accounts.ts';
import { findRouting } from './find-routing.ts';
import { findWebmail } from './find-webmail.ts';
import { openWebmail } from './open-webmail.ts';
import type { ThrowawayWish } from './throwaway-wish.ts';

const readyWithin = 120_000;
const installers: readonly string[] = ['mariadb-install-db', 'mysql_install_db'];
const servers: readonly string[] = ['mariadbd', 'mysqld'];

/**
 * A server that starts removes what others have left in its folder for temporary tables. In the usual one those of the live server
 * are, which still needs them.
 */
const ownTemporary = (folder: string): string => `--tmpdir=${folder}/temporary`;

/** Makes the files of a server without any data; false: no program for it is installed. */
const install = async ({ folder, environment, isRoot }: ThrowawayWish, run: Run): Promise<boolean> => {
  const parameters = [
    '--no-defaults',
    `--datadir=${folder}/data`,
    ownTemporary(folder),
    ...(isRoot ? ['--user=root'] : []),
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ];
  for (const program of installers) {
    const ended = await runProgram({ program, parameters, environment, signal: run.signal });
    if (ended === undefined) continue;
    if (ended.code === 0) return true;
    const said = `${ended.stdout}${ended.stderr}`.trim().slice(-400);
    throw new Fault('server-unavailable', `${program} cannot make a database for the drill: ${said}`);
  }
  return false;
};

const startServer = async (
  { folder, environment, isRoot }: ThrowawayWish,
  socket: string,
): Promise<StartedService | undefined> => {
  const parameters = [
    '--no-defaults',
    ...(isRoot ? ['--user=root'] : []),
    `--datadir=${folder}/data`,
    ownTemporary(folder),
    `--socket=${socket}`,
    `--pid-file=${folder}/pid`,
    `--init-file=${folder}/init.sql`,
    '--skip-networking',
    '--skip-log-bin',
    '--character-set-server=utf8mb4',
  ];
  for (const program of servers) {
    const service = await startService({ program, parameters, environment, folder });
    if (service !== undefined) return service;
  }
  return undefined;
};

interface Access {
  readonly setting: MariadbSetting;
  readonly parts: DatabaseParts;
}

/** The password of its superuser is made here and is nowhere else: no other user of this machine gets in. */
const accessTo = ({ folder, environment }: ThrowawayWish, socket: string, password: string): Access => ({
  setting: {
    database: 'mariadb',
    socket,
    user: 'root',
    password: { kind: 'value', value: password },
    exclude: [],
    users: true,
  },
  parts: { readSecret: async () => new Secret(password), variables: environment, spool: join(folder, 'spool') },
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
  const { folder } = wish;
  const password = randomBytes(24).toString('hex');
  try {
    for (const name of ['data', 'temporary']) await mkdir(join(folder, name), { mode: 0o700 });
    const statement = `ALTER USER root@localhost IDENTIFIED BY '${password}';\n`;
    await writeFile(join(folder, 'init.sql'), statement, { mode: 0o600 });
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
  if (!(await install(wish, run))) return undefined;
  const socket = join(folder, 'socket');
  const service = await startServer(wish, socket);
  if (service === undefined) return undefined;
  const { setting, parts } = accessTo(wish, socket, password);
  try {
    await wish.noteService(service.pid);
    const client = await createMariadbClient(setting, parts, run);
    await untilReady('MariaDB', service, { isReady: () => answers(client, run), patience: readyWithin }, run.signal);
    const [[version = ''] = []] = await client.query('SELECT VERSION();', run);
    const options = { replace: false, users: true };
    return {
      description: `MariaDB ${version.replace(/-.*/, '')}`,
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
