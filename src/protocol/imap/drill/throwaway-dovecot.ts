import { randomBytes } from 'node:crypto';
import { access, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailKeyPair, MailSockets, ServedMailbox, ThrowawayMail } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import { errnoFault } from '../../../system/errno.ts';
import { freePort } from '../../../system/free-port.ts';
import { greets } from '../../../system/greets.ts';
import { openBridge } from '../../../system/loopback-bridge.ts';
import { makeFolder } from '../../../system/make-folder.ts';
import { imageOf, type ProgramSite } from '../../../system/program-site.ts';
import { type StartedService, untilReady } from '../../../system/started-service.ts';
import {
  type DovecotListen,
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
  /** Where its programs are. */
  readonly site: ProgramSite;
  /** Who we are; undefined: the superuser. */
  readonly user: DovecotWish['user'];
  /** Whom a mail transport runs as, which hands it mail; undefined: there is none. */
  readonly transportUser: string | undefined;
  readonly noteService: (pid: number) => Promise<void>;
}

const readyWithin = 30_000;
/** Dovecot looks at its file of users once a second, and tells two states of it apart by their time in seconds. */
const unseenFor = 1100;

const versionOf = async ({ site }: ThrowawayDovecotWish, run: Run): Promise<string | undefined> => {
  const asked = await site.run({ program: 'dovecot', parameters: ['--version'] }, run.signal);
  return asked?.code === 0 ? /^\S+/.exec(asked.stdout)?.[0] : undefined;
};

/** Where its programs are that take mail; undefined: it cannot, as its package for LMTP is not there. */
const socketsOf = async (
  { folder, site, transportUser }: ThrowawayDovecotWish,
  run: Run,
): Promise<MailSockets | undefined> => {
  if (transportUser === undefined) return undefined;
  const parameters = ['-d', '-h', 'libexec_dir'];
  const asked = await site.run({ program: 'doveconf', parameters }, run.signal);
  const isThere = await access(join(asked?.stdout.trim() ?? '', 'lmtp')).then(
    () => true,
    () => false,
  );
  return isThere
    ? { delivery: join(folder, 'run/transport-lmtp'), logins: join(folder, 'run/transport-auth') }
    : undefined;
};

interface Users {
  readonly folder: string;
  /** Links of plain names to Maildirs: a path with a space or a colon cannot stand in a file of users. */
  readonly links: Map<string, string>;
  readonly is24: boolean;
}

/** Writes who is served. A line that cannot be written is left out: that mailbox is refused, which is told. */
const writeUsers = async ({ folder, links, is24 }: Users, mailboxes: readonly ServedMailbox[]): Promise<void> => {
  const lines: string[] = [];
  for (const mailbox of mailboxes) {
    const link = links.get(mailbox.maildir) ?? join(folder, 'box', String(links.size));
    if (!links.has(mailbox.maildir)) await symlink(mailbox.maildir, link);
    links.set(mailbox.maildir, link);
    if (![mailbox.address, mailbox.hash].every(fitsUsersFile)) continue;
    lines.push(userLine({ ...mailbox, maildir: link }, is24));
  }
  const file = join(folder, usersFile);
  await writeFile(`${file}.new`, lines.join(''), { mode: 0o600 });
  await rename(`${file}.new`, file);
};

interface Prepared {
  readonly configuration: string;
  readonly listen: DovecotListen;
  readonly master: { readonly name: string; readonly password: string };
  readonly users: Users;
  readonly sockets: MailSockets | undefined;
}

const prepare = async (wish: ThrowawayDovecotWish, version: string, run: Run): Promise<Prepared> => {
  const { folder, mailboxes, user, scheme, keys, transportUser } = wish;
  const is24 = !version.startsWith('2.3');
  const master = { name: `drill-${randomBytes(4).toString('hex')}`, password: randomBytes(24).toString('hex') };
  const listen: DovecotListen =
    wish.site.container === undefined
      ? { kind: 'port', port: await freePort() }
      : { kind: 'socket', path: join(folder, 'run/imap-drill') };
  const sockets = await socketsOf(wish, run);
  const transport =
    sockets === undefined || transportUser === undefined ? undefined : { ...sockets, user: transportUser };
  const settings = { folder, listen, user, scheme, keys, transport };
  const configuration = join(folder, 'dovecot.conf');
  const users: Users = { folder, links: new Map(), is24 };
  try {
    for (const name of ['run', 'state']) await makeFolder(join(folder, name), 0o755);
    await makeFolder(join(folder, 'box'), 0o711);
    await writeUsers(users, mailboxes);
    await writeFile(join(folder, mastersFile), `${master.name}:${master.password}\n`, { mode: 0o600 });
    await writeFile(configuration, is24 ? settingsOf24(settings, version) : settingsOf23(settings), { mode: 0o600 });
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
  return { configuration, listen, master, users, sockets };
};

/** What Dovecot has complained of last, for a fault; without a log, that it did not start is all there is to tell. */
const lastComplaint = async (folder: string): Promise<string> => {
  const log = await readFile(join(folder, 'dovecot.log'), 'utf8').catch(() => '');
  const complaints = log.split('\n').filter((line) => /\b(?:Error|Fatal|Panic): /.test(line));
  return complaints.slice(-2).join(' ').slice(-400);
};

const start = async (
  wish: ThrowawayDovecotWish,
  { configuration, port }: { readonly configuration: string; readonly port: number },
  run: Run,
) => {
  const { folder, site } = wish;
  const parameters = ['-F', '-c', configuration];
  const service = await site.start({ program: 'dovecot', parameters, folder });
  if (service === undefined) return undefined;
  try {
    await wish.noteService(service.pid);
    await untilReady('Dovecot', service, { isReady: () => greets(port), patience: readyWithin }, run.signal);
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
 * Starts a Dovecot that serves these mailboxes on a loopback port, which in a container is that of a bridge to its socket, and knows
 * nothing but what is given here. Undefined: none is installed.
 * Faults: `server-unavailable` when it does not come up.
 */
export const startThrowawayDovecot = async (
  wish: ThrowawayDovecotWish,
  run: Run,
): Promise<ThrowawayMail | undefined> => {
  const version = await versionOf(wish, run);
  if (version === undefined) return undefined;
  const { configuration, listen, master, users, sockets } = await prepare(wish, version, run);
  const bridge = listen.kind === 'socket' ? await openBridge(listen.path) : undefined;
  const port = listen.kind === 'socket' ? (bridge?.port ?? 0) : listen.port;
  let service: StartedService | undefined;
  try {
    service = await start(wish, { configuration, port }, run);
  } finally {
    if (service === undefined) await bridge?.close();
  }
  if (service === undefined) return undefined;
  const { stop } = service;
  return {
    program: { name: `Dovecot ${version}`, ...imageOf(wish.site) },
    port,
    login: (address, password, loginRun) => {
      const name = password === undefined ? `${address}${masterSeparator}${master.name}` : address;
      return viewMail({ port, user: name, password: password ?? master.password }, loginRun);
    },
    sockets,
    serve: async (mailboxes, serveRun) => {
      await writeUsers(users, mailboxes).catch((error: unknown) => {
        throw errnoFault(error, 'write', wish.folder);
      });
      await sleep(unseenFor, serveRun.signal);
    },
    stop: async () => {
      await bridge?.close();
      await stop();
    },
  };
};
