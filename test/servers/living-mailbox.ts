import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { createPerson, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';

export interface SeenMessage {
  readonly uid: number;
  /** Flags and keywords, sorted; `\Recent` left out. */
  readonly flags: readonly string[];
  readonly date: number;
}

/** What a client sees of a folder. */
export interface SeenFolder {
  readonly uidValidity: string;
  readonly uidNext: number;
  /** By subject. */
  readonly messages: ReadonlyMap<string, SeenMessage>;
}

/** A Dovecot whose mail is backed up as that of a server, onto a disk and from there into a repository. */
export interface LivingMailbox extends AsyncDisposable {
  readonly dovecot: Dovecot;
  readonly person: Person;
  /** Alice's. */
  readonly maildir: string;
  /** Logs in as alice. */
  connect(): Promise<ImapFlow>;
  asAlice<Result>(work: (client: ImapFlow) => Promise<Result>): Promise<Result>;
  look(folder?: string): Promise<SeenFolder>;
  mailkeep(...args: readonly string[]): Promise<CommandResult>;
  arguments(...args: readonly string[]): readonly string[];
  /** What restores that were killed may leave. */
  leftovers(): Promise<readonly string[]>;
}

export const textOf = (subject: string, bytes = 0): string =>
  `From: a@example.org\r\nMessage-ID: <${subject}@example.org>\r\nDate: Fri, 07 Nov 2025 10:00:00 +0000\r\nSubject: ${subject}\r\n\r\n${subject}\r\n${'x'.repeat(bytes)}\r\n`;

const seenIn = async (client: ImapFlow, folder: string): Promise<SeenFolder> => {
  const status = await client.status(folder, { uidNext: true, uidValidity: true });
  assert.ok(status !== false);
  const messages = new Map<string, SeenMessage>();
  const lock = await client.getMailboxLock(folder);
  try {
    const query = { uid: true, flags: true, envelope: true, internalDate: true };
    for await (const { uid, flags, envelope, internalDate } of client.fetch('1:*', query)) {
      const subject = envelope?.subject ?? '';
      assert.ok(!messages.has(subject), `${subject} is there twice`);
      const own = [...(flags ?? [])].filter((flag) => flag !== '\\Recent').sort();
      messages.set(subject, { uid, flags: own, date: new Date(internalDate ?? 0).getTime() });
    }
  } finally {
    lock.release();
  }
  return { uidValidity: String(status.uidValidity), uidNext: status.uidNext ?? 0, messages };
};

export const startLivingMailbox = async (): Promise<LivingMailbox> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-living-'));
  const [dovecot, person] = [await startDovecot({ logCommands: false }), await createPerson()];
  const disk = join(folder, 'disk');
  await writeFile(join(person.folder, 'password'), 'correct horse\n', { mode: 0o600 });
  const config = join(person.folder, 'mailkeep.yaml');
  const lines = [
    'version: 1',
    'timeZone: UTC',
    `repositories: {main: {location: ${join(folder, 'repository')}, password: {file: password}}}`,
    'servers:',
    '  mailserver:',
    `    components: {mail: {folders: {home: ${join(dovecot.home('alice'), '..')}}}}`,
    `    disk: {path: ${disk}/mailserver, reserve: 1M}`,
    '    repository: main',
    '    gentle: {nice: 0, io: normal, cpu: 100%}',
  ];
  await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const given = (...args: readonly string[]): readonly string[] => [...args, '--config', config];
  const connect = async (): Promise<ImapFlow> => {
    const tls = { ca: dovecot.certificateAuthority, servername: 'localhost' };
    const auth = { user: 'alice', pass: 'secret' };
    const client = new ImapFlow({ host: '127.0.0.1', port: dovecot.tlsPort, secure: true, tls, auth, logger: false });
    await client.connect();
    return client;
  };
  const asAlice: LivingMailbox['asAlice'] = async (work) => {
    const client = await connect();
    try {
      return await work(client);
    } finally {
      await client.logout();
    }
  };
  const maildir = join(dovecot.home('alice'), 'Maildir');
  const box: LivingMailbox = {
    dovecot,
    person,
    maildir,
    connect,
    asAlice,
    look: (name = 'INBOX') => asAlice((client) => seenIn(client, name)),
    mailkeep: (...args) => person.run(given(...args)),
    arguments: given,
    leftovers: async () =>
      (await readdir(maildir, { recursive: true })).filter((path) => /\.mailkeep-|uidlist\.lock/.test(path)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([dovecot.stop(), person.leave()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await mkdir(join(disk, 'mailserver'), { recursive: true, mode: 0o700 });
  await writeFile(join(disk, 'mailserver/.mailkeep-disk'), '');
  const made = await box.mailkeep('init', '--repo', 'main');
  assert.equal(made.code, 0, made.stderr);
  return box;
};
