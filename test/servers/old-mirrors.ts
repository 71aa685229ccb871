import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type CommandResult, runCommand } from '../requirement/command.ts';
import type { Dovecot } from './dovecot.ts';

/** A mirror of an account that another program keeps. */
export interface OldMirror {
  /** What `adopt --from` is to be given. */
  readonly folder: string;
  /** Where the program keeps its records; undefined: in the Maildirs themselves. */
  readonly state: string | undefined;
  /** Runs the program once more. */
  sync(): Promise<CommandResult>;
}

const succeeded = async (result: Promise<CommandResult>): Promise<CommandResult> => {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(`it ended with ${code}: ${stdout}${stderr}`);
  return { code, stdout, stderr };
};

const started = async (mirror: OldMirror): Promise<OldMirror> => {
  await mirror.sync();
  return mirror;
};

export interface OfflineImapOptions {
  readonly local?: string;
  readonly remote?: string;
  readonly user?: string;
}

/** Real OfflineIMAP; `local` are further lines for its local repository, such as `sep = /`. */
export const offlineImapMirror = async (
  dovecot: Dovecot,
  place: string,
  { local = '', remote = '', user = 'alice' }: OfflineImapOptions = {},
): Promise<OldMirror> => {
  await mkdir(place, { recursive: true });
  const state = join(place, 'state');
  const folder = join(place, 'mail');
  const configuration = join(place, 'offlineimaprc');
  const text = `[general]
accounts = Old
metadata = ${state}
ui = quiet
[Account Old]
localrepository = Local
remoterepository = Remote
[Repository Local]
type = Maildir
localfolders = ${folder}
${local}
[Repository Remote]
type = IMAP
remotehost = localhost
remoteport = ${dovecot.tlsPort}
remoteuser = ${user}
remotepass = secret
ssl = yes
sslcacertfile = ${dovecot.folder}/ca.pem
createfolders = no
${remote}
`;
  await writeFile(configuration, text, { mode: 0o600 });
  return started({ folder, state, sync: () => succeeded(runCommand('offlineimap', ['-c', configuration, '-o'])) });
};

const killedMbsync = async (args: readonly string[], folder: string, isTime: (messages: number) => boolean) => {
  const child = spawn('mbsync', args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (child.exitCode === null && child.signalCode === null) {
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    if (isTime(names.filter((name) => /\/(?:cur|new)\/./.test(name)).length)) child.kill('SIGKILL');
    await setImmediate();
  }
  await ended;
};

export type MbsyncLayout = 'Verbatim' | 'Maildir++' | 'Legacy';

export interface MbsyncOptions {
  readonly stateFolder?: string;
  /** The server is the near side. */
  readonly reversed?: boolean;
  readonly user?: string;
  /** It is killed as soon as so many messages are there. */
  readonly isCutOff?: (messages: number) => boolean;
}

/** Real mbsync. With `stateFolder` its records lie there instead of in the Maildirs. */
export const mbsyncMirror = async (
  dovecot: Dovecot,
  place: string,
  layout: MbsyncLayout,
  { stateFolder, reversed = false, user = 'alice', isCutOff }: MbsyncOptions = {},
): Promise<OldMirror> => {
  await mkdir(place, { recursive: true });
  const folder = join(place, 'mail');
  const configuration = join(place, 'mbsyncrc');
  const places = layout === 'Maildir++' ? `Inbox ${folder}` : `Path ${folder}/\nInbox ${folder}/INBOX`;
  if (stateFolder !== undefined) await mkdir(stateFolder, { recursive: true });
  if (layout !== 'Maildir++') await mkdir(folder, { recursive: true });
  const [far, near] = reversed ? ['local', 'remote'] : ['remote', 'local'];
  const text = `IMAPAccount account
Host localhost
Port ${dovecot.tlsPort}
User ${user}
Pass secret
SSLType IMAPS
CertificateFile ${dovecot.folder}/ca.pem

IMAPStore remote
Account account

MaildirStore local
${places}
SubFolders ${layout}

Channel channel
Far :${far}:
Near :${near}:
Patterns *
Create ${reversed ? 'Far' : 'Near'}
Sync ${reversed ? 'Push' : 'Pull'}
SyncState ${stateFolder === undefined ? '*' : `${stateFolder}/`}
`;
  await writeFile(configuration, text, { mode: 0o600 });
  const args = ['-c', configuration, 'channel'];
  if (isCutOff !== undefined) await killedMbsync(args, folder, isCutOff);
  const mirror = { folder, state: stateFolder, sync: () => succeeded(runCommand('mbsync', args)) };
  return isCutOff === undefined ? started(mirror) : mirror;
};
