import { randomBytes } from 'node:crypto';
import { chmod, chown, constants, copyFile, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  StartedWebmail,
  WebmailDatabase,
  WebmailOutcome,
  WebmailVisitor,
  WebmailWish,
} from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { freePort } from '../../../system/free-port.ts';
import { prepareServiceFolder, type ServiceFolder } from '../../../system/service-folder.ts';
import { startService, type StartedService, untilReady } from '../../../system/started-service.ts';
import { createBrowser } from './browser.ts';
import { type Complaints, complaintsIn } from './complaints.ts';
import { findPhp } from './find-php.ts';
import { findRoundcube, type InstalledRoundcube } from './find-roundcube.ts';
import {
  configurationFolder,
  mailHost,
  phpParameters,
  routerFile,
  routerText,
  settingsFile,
} from './roundcube-settings.ts';
import { visitRoundcube } from './visit-roundcube.ts';

export interface ThrowawayRoundcubeWish extends WebmailWish {
  /** An empty folder for it, absolute, for us alone. */
  readonly folder: string;
  /** What a program that is started may know. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly noteService: (pid: number) => Promise<void>;
}

const readyWithin = 30_000;
/** Of the log, its end. */
const readAtMost = 256 * 1024;
/** What a Roundcube has of its own in its folder of settings, and does not start without. */
const ownSettings: readonly string[] = ['defaults.inc.php', 'mimetypes.php'];

/** Whether there was one. */
const copyIfThere = async (from: string, to: string): Promise<boolean> => {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
};

interface Prepared extends ServiceFolder {
  readonly installed: InstalledRoundcube;
  readonly port: number;
}

/** Writes what it is started with: it may read that, and nobody else. */
const write = async (
  { folder }: ThrowawayRoundcubeWish,
  { data, identity, installed }: Prepared,
  settings: string,
): Promise<void> => {
  const own = join(folder, configurationFolder);
  const files = [join(folder, routerFile), join(own, 'config.inc.php')];
  const texts = [routerText({ folder, data }, installed), settings];
  try {
    await mkdir(own, { mode: 0o700 });
    for (const [at, file] of files.entries()) await writeFile(file, texts[at] ?? '', { mode: 0o600 });
    for (const name of ownSettings) {
      if (await copyIfThere(join(installed.folder, 'config', name), join(own, name))) files.push(join(own, name));
    }
    const folders = ['logs', 'temp'].map((name) => join(data, name));
    for (const path of folders) await mkdir(path, { mode: 0o700 });
    if (identity === undefined) return;
    for (const path of folders) await chown(path, identity.uid, identity.gid);
    for (const path of [own, ...files]) {
      await chown(path, 0, identity.gid);
      await chmod(path, path === own ? 0o710 : 0o640);
    }
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
};

interface Log {
  readonly size: number;
  readonly text: string;
}

/** The log behind a place, its end at most; empty when there is none. What is no plain file was not written by it. */
const logBehind = async (data: string, since: number): Promise<Log> => {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(data, 'logs/errors.log'), flags).catch(() => undefined);
  if (file === undefined) return { size: 0, text: '' };
  try {
    const { size } = await file.stat();
    const from = Math.max(since, size - readAtMost);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - from)), { position: from });
    return { size, text: buffer.toString('utf8', 0, bytesRead) };
  } finally {
    await file.close();
  }
};

const start = async (wish: ThrowawayRoundcubeWish, { data, identity, port }: Prepared, run: Run) => {
  const { folder, environment, noteService } = wish;
  const parameters = phpParameters({ folder, data }, port);
  const service = await startService({ program: 'php', parameters, environment, folder: data, identity });
  if (service === undefined) return undefined;
  try {
    await noteService(service.pid);
    const isReady = async (): Promise<boolean> => {
      try {
        return (await createBrowser(`http://127.0.0.1:${port}`, run.signal).get('/ready')).status === 404;
      } catch (error) {
        if (!isFault(error, 'server-unavailable')) throw error;
        return false;
      }
    };
    await untilReady('PHP', service, { isReady, patience: readyWithin }, run.signal);
    return service;
  } catch (error) {
    await service.stop();
    throw error;
  }
};

/** Let in to the tables; a fault: what the database said to that. */
const opened = async (
  { open: ask }: ThrowawayRoundcubeWish,
  { identity, data }: ServiceFolder,
  run: Run,
): Promise<WebmailDatabase | Fault> => {
  try {
    return await ask({ identity, folder: data, mailHost }, run);
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
    return error;
  }
};

/** What the log says counts more than what the page says: a database that refuses is seen there alone. */
const judged = (outcome: WebmailOutcome, { database, last }: Complaints): WebmailOutcome => {
  if (database !== undefined) return { kind: 'database-refused', said: database };
  return outcome.kind === 'shown' ? outcome : { ...outcome, said: last ?? outcome.said };
};

const webmailOf = (
  service: StartedService,
  { data, port, installed }: Prepared,
  secrets: readonly string[],
): StartedWebmail => ({
  kind: 'started',
  webmail: {
    description: `Roundcube ${installed.version}`,
    visit: async (visitor: WebmailVisitor, run: Run) => {
      const before = await logBehind(data, 0);
      const outcome = await visitRoundcube(createBrowser(`http://127.0.0.1:${port}`, run.signal), visitor);
      const { text } = await logBehind(data, before.size);
      return judged(outcome, complaintsIn(text, [visitor.password, ...secrets]));
    },
    stop: () => service.stop(),
  },
});

/**
 * Starts the Roundcube of this machine in the web server of PHP, on a loopback port, as nobody, with a configuration of its own. Of the live
 * one nothing is read but the files of the program. Fault `server-unavailable` when it does not come up.
 */
export const startThrowawayRoundcube = async (wish: ThrowawayRoundcubeWish, run: Run): Promise<StartedWebmail> => {
  const { environment, mailPort, kind } = wish;
  const installed = await findRoundcube();
  if (installed === undefined) return { kind: 'missing', what: 'Roundcube (roundcube-core)' };
  const service = await prepareServiceFolder(wish);
  const { identity, data } = service;
  const file = join(installed.folder, installed.page);
  const php = await findPhp({ environment, identity, folder: data, file, kind }, run);
  if (php.kind === 'closed') return { kind: 'closed', folder: installed.folder };
  if (php.kind === 'missing') return php;
  const database = await opened(wish, service, run);
  if (database instanceof Fault) return { kind: 'database-refused', said: database.message };
  const key = randomBytes(12).toString('hex');
  const prepared = { ...service, installed, port: await freePort() };
  await write(wish, prepared, settingsFile({ folder: wish.folder, data }, { database, mailPort, key }));
  const started = await start(wish, prepared, run);
  if (started === undefined) return { kind: 'missing', what: 'PHP (php-cli)' };
  const secrets = database.kind === 'mariadb' ? [database.password.reveal(), key] : [key];
  return webmailOf(started, prepared, secrets);
};
