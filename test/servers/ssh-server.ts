import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { succeed } from '../requirement/command.ts';
import { freePort, untilListening } from './loopback.ts';

/** OpenSSH's server on a loopback port, with keys of its own and of one user, whoever runs the tests. */
export interface SshServer extends AsyncDisposable {
  readonly port: number;
  /** Everything lies in it: keys, and `files` to keep repositories in. */
  readonly folder: string;
  readonly files: string;
  readonly user: string;
  /** The server's own key as in known_hosts: type and base64. */
  readonly hostKey: string;
  /** The key that is let in, without a passphrase. */
  readonly identity: string;
  /** A file known_hosts that has this server, under that port. */
  readonly knownHosts: (port?: number) => Promise<string>;
  /** Arguments of ssh that make it use nothing of the user's own. */
  readonly args: (port?: number) => Promise<readonly string[]>;
}

export interface SshServerOptions {
  /** Arguments of sftp-server, such as `-P hardlink`. */
  readonly sftp?: string;
  readonly settings?: readonly string[];
}

const makeKey = (path: string, type = 'ed25519', passphrase = ''): Promise<string> =>
  succeed('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', path]);

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
  });

export const startSshServer = async (options: SshServerOptions = {}): Promise<SshServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-sshd-'));
  const at = (name: string): string => join(folder, name);
  await mkdir(at('files'));
  await makeKey(at('host'));
  await makeKey(at('id'));
  await makeKey(at('locked'), 'ed25519', 'open sesame');
  const authorized = [await readFile(at('id.pub'), 'utf8'), await readFile(at('locked.pub'), 'utf8')].join('');
  await writeFile(at('authorized'), authorized, { mode: 0o600 });
  const port = await freePort();
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('authorized')}`,
    `PidFile ${at('pid')}`,
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    // Without a shell: what its startup files do, and print, is nobody’s business here.
    `Subsystem sftp internal-sftp ${options.sftp ?? ''}`,
    ...(options.settings ?? []),
  ];
  await writeFile(at('sshd_config'), `${settings.join('\n')}\n`);
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('sshd_config')], { stdio: 'ignore' });
  await untilListening(port);
  const [type = '', key = ''] = (await readFile(at('host.pub'), 'utf8')).split(' ');
  const hostKey = `${type} ${key}`;
  const knownHosts = async (through = port): Promise<string> => {
    const path = at(`known_hosts-${through}`);
    await writeFile(path, `[127.0.0.1]:${through} ${hostKey}\n`);
    return path;
  };
  return {
    port,
    folder,
    files: at('files'),
    user: userInfo().username,
    hostKey,
    identity: at('id'),
    knownHosts,
    args: async (through = port) => {
      const known = await knownHosts(through);
      const options = ['IdentitiesOnly=yes', `UserKnownHostsFile=${known}`, 'GlobalKnownHostsFile=/dev/null'];
      return ['-F', '/dev/null', '-i', at('id'), ...options.flatMap((option) => ['-o', option])];
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
