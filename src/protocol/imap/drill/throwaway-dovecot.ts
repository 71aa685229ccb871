import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { MailKeyPair, ServedMailbox, ThrowawayMail } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import { runProgram } from '../../../system/run-program.ts';
import { startService, type StartedService, untilReady } from '../../../system/started-service.ts';
import {
  type DovecotWish,
  fitsUsersFile,
  masterSeparator,
  mastersFile,
  settingsOf23,
  settingsOf24,
  userLine,
  usersFile,
} from './dovecot-settings.ts';
import { viewMail } from './view-mail.ts';

export interface ThrowawayDovecotWish {
  /** An empty folder for it, absolute, which others can go through. */
  readonly folder: string;
  readonly mailboxes: readonly ServedMailbox[];
  readonly scheme: string;
  readonly keys: MailKeyPair | undefined;
  /** What a program that is started may know. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Who we are; undefined: the superuser. */
  readonly user: DovecotWish['user'];
  readonly noteService: (pid: number) => Promise<void>;
}

const readyWithin = 30_000;

/** A port that nobody listens on just now. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(errnoFault(error, 'listen on', '127.0.0.1')));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Fault('io-failed', 'no port is free on 127.0.0.1'));
      });
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', () => resolve(false));
    // The greeting: that something listens says nothing of the processes behind it.
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('close', () => resolve(false));
  });

const versionOf = async ({ environment }: ThrowawayDovecotWish, run: Run): Promise<string | undefined> => {
  const asked = await runProgram({ program: 'dovecot', parameters: ['--version'], environment, signal: run.signal });
  return asked?.code === 0 ? /^\S+/.exec(asked.stdout)?.[0] : undefined;
};

/** Links of plain names to the Maildirs: a path with a space or a colon cannot stand in a file of users. */
const linkMailboxes = async ({ folder, mailboxes }: ThrowawayDovecotWish): Promise<readonly string[]> => {
  const box = join(folder, 'box');
  await mkdir(box, { mode: 0o711 });
  await chmod(box, 0o711);
  const links: string[] = [];
  for (const [at, { maildir }] of mailboxes.entries()) {
    const link = join(box, String(at));
    await symlink(maildir, link);
    links.push(link);
  }
  return links;
};

interface Prepared {
  readonly configuration: string;
  readonly port: number;
  readonly master: { readonly name: string; readonly password: string };
}

const prepare = async (wish: ThrowawayDovecotWish, version: string): Promise<Prepared> => {
  const { folder, mailboxes, user, scheme, keys } = wish;
  const is24 = !version.startsWith('2.3');
  const master = { name: `drill-${randomBytes(4).toString('hex')}`, password: randomBytes(24).toString('hex') };
  const port = await freePort();
  const settings = { folder, port, user, scheme, keys };
  const configuration = join(folder, 'dovecot.conf');
  try {
    for (const name of ['run', 'state']) await mkdir(join(folder, name), { mode: 0o755 });
    const links = await linkMailboxes(wish);
    const lines = mailboxes.flatMap((mailbox, at) =>
      [mailbox.address, mailbox.hash].every(fitsUsersFile)
        ? [userLine({ ...mailbox, maildir: links[at] ?? mailbox.maildir }, is24)]
        : [],
    );
    await writeFile(join(folder, usersFile), lines.join(''), { mode: 0o600 });
    await writeFile(join(folder, mastersFile), `${master.name}:${master.password}\n`, { mode: 0o600 });
    await writeFile(configuration, is24 ? settingsOf24(settings, version) : settingsOf23(settings), { mode: 0o600 });
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
  return { configuration, port, master };
};

/** What Dovecot has complained of last, for a fault; without a log, that it did not start is all there is to tell. */
const lastComplaint = async (folder: string): Promise<string> => {
  const log = await readFile(join(folder, 'dovecot.log'), 'utf8').catch(() => '');
  const complaints = log.split('\n').filter((line) => /\b(?:Error|Fatal|Panic): /.test(line));
  return complaints.slice(-2).join(' ').slice(-400);
};

const start = async (wish: ThrowawayDovecotWish, { configuration, port }: Prepared, run: Run) => {
  const { folder, environment } = wish;
  const parameters = ['-F', '-c', configuration];
  const service = await startService({ program: 'dovecot', parameters, environment, folder });
  if (service === undefined) return undefined;
  try {
    await wish.noteService(service.pid);
    await untilReady('Dovecot', service, { isReady: () => answers(port), patience: readyWithin }, run.signal);
    return service;
  } catch (error) {
    await service.stop();
    if (!(error instanceof Fault) || error.code !== 'server-unavailable') throw error;
    const complaint = await lastComplaint(folder);
    if (complaint === '') throw error;
    throw new Fault(error.code, `the Dovecot of the drill does not start: ${complaint}`, { cause: error });
  }
};

/**
 * Starts a Dovecot that serves these mailboxes on a loopback port, and knows nothing but what is given here. Undefined: none is installed.
 * Faults: `server-unavailable` when it does not come up.
 */
export const startThrowawayDovecot = async (
  wish: ThrowawayDovecotWish,
  run: Run,
): Promise<ThrowawayMail | undefined> => {
  const version = await versionOf(wish, run);
  if (version === undefined) return undefined;
  const prepared = await prepare(wish, version);
  const service: StartedService | undefined = await start(wish, prepared, run);
  if (service === undefined) return undefined;
  const { port, master } = prepared;
  return {
    description: `Dovecot ${version}`,
    login: (address, password, loginRun) => {
      const name = password === undefined ? `${address}${masterSeparator}${master.name}` : address;
      return viewMail({ port, user: name, password: password ?? master.password }, loginRun);
    },
    stop: () => service.stop(),
  };
};
