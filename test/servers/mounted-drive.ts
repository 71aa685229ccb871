import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';
import { startSshServer } from './ssh-server.ts';

/** A network drive that is mounted into a folder. */
export interface MountedDrive extends AsyncDisposable {
  readonly folder: string;
  /** Ends whatever keeps the drive, as when the line is cut: the folder is dead, and still mounted. */
  kill(): Promise<void>;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
  });

const untilMounted = async (folder: string, child: ChildProcess): Promise<void> => {
  const { dev } = await stat(dirname(folder));
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`nothing was mounted: it ended with ${child.exitCode}`);
    if ((await stat(folder)).dev !== dev) return;
    await sleep(50);
  }
  throw new Error('nothing was mounted within ten seconds');
};

/** Mounts by a program that stays in the foreground; `stopServer` is called when it is unmounted. */
const mount = async (
  command: readonly string[],
  folder: string,
  stopServer: () => Promise<void>,
): Promise<MountedDrive> => {
  const [program = '', ...args] = command;
  await mkdir(folder, { recursive: true });
  // A group of its own, so that all that it starts can be ended with it.
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, signal);
    }
    await ended(child);
  };
  const leave = async (): Promise<void> => {
    await runCommand('fusermount3', ['-u', '-z', folder]);
    await end('SIGTERM');
    await stopServer();
  };
  try {
    await untilMounted(folder, child);
  } catch (error) {
    await leave();
    throw error;
  }
  return {
    folder,
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: leave,
  };
};

/** A folder of an SSH server through sshfs, which is told to know no hard links, and nothing from before. */
export const mountSshfs = async (): Promise<MountedDrive> => {
  const server = await startSshServer();
  const folder = join(server.folder, 'mounted');
  const options = [
    `port=${server.port}`,
    `IdentityFile=${server.identity}`,
    `UserKnownHostsFile=${await server.knownHosts()}`,
    'disable_hardlink',
    'dir_cache=no',
    'attr_timeout=0',
  ];
  const where = `${server.user}@127.0.0.1:${server.files}`;
  const command = ['sshfs', '-f', '-F', '/dev/null', where, folder, ...options.flatMap((option) => ['-o', option])];
  return mount(command, folder, async () => server[Symbol.asyncDispose]());
};

/** Samba's settings; it has a network of its own, so that the port is the usual one, which its client insists on. */
const sambaSettings = (at: (name: string) => string): string => `
[global]
interfaces = lo
bind interfaces only = yes
server role = standalone server
disable netbios = yes
log file = ${at('log')}
private dir = ${at('private')}
state directory = ${at('state')}
cache directory = ${at('cache')}
lock directory = ${at('lock')}
pid directory = ${at('run')}
ncalrpc dir = ${at('run')}/ncalrpc
passdb backend = tdbsam:${at('private')}/passdb.tdb
load printers = no
[share]
path = ${at('files')}
read only = no
`;

/** Starts the server, waits for it, and starts the client. */
const script = `
ip link set lo up
smbd --foreground --no-process-group -s "$1/smb.conf" &
until smbclient -s /dev/null -p 445 -U "$2%secret" -c quit //127.0.0.1/share; do sleep 0.1; done
HOME="$1/home" smbnetfs "$1/mounted" -f -o "config=$1/home/.smb/smbnetfs.conf" &
wait
`;

/**
 * A share of a real Samba, mounted by Samba's own client library through FUSE, as not every kernel has SMB. It has no hard
 * links, and of permissions only whether a file may be written. Only root can do this.
 */
export const mountSamba = async (): Promise<MountedDrive> => {
  const base = await mkdtemp(join(tmpdir(), 'mailkeep-samba-'));
  const at = (name: string): string => join(base, name);
  for (const name of ['private', 'state', 'cache', 'lock', 'run', 'files', 'home/.smb']) {
    await mkdir(at(name), { recursive: true });
  }
  const { username } = userInfo();
  await writeFile(at('smb.conf'), sambaSettings(at));
  await succeed('sh', [
    '-c',
    'printf "secret\\nsecret\\n" | smbpasswd -c "$1" -s -a "$2"',
    'sh',
    at('smb.conf'),
    username,
  ]);
  const own = { mode: 0o600 };
  await writeFile(at('home/.smb/smb.conf'), '[global]\nclient min protocol = SMB2\n', own);
  await writeFile(at('home/.smb/smbnetfs.auth'), `auth "127.0.0.1" "${username}" "secret"\n`, own);
  await writeFile(at('home/.smb/smbnetfs.conf'), 'include "smbnetfs.auth"\nsmb_query_browsers "false"\n', own);
  const command = ['unshare', '--net', 'sh', '-c', script, 'sh', base, username];
  const drive = await mount(command, at('mounted'), () => rm(base, { recursive: true, force: true }));
  return { ...drive, folder: join(drive.folder, '127.0.0.1', 'share') };
};
