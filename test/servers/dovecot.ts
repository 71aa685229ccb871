import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';

export interface DovecotOptions {
  /** What it says after a login that it can do; default all that it can. */
  readonly capability?: string;
  /** Name and password; default alice and bob, whose password is `secret`. */
  readonly users?: Readonly<Record<string, string>>;
  /** More lines for dovecot.conf. */
  readonly settings?: string;
  /** Keep what clients say, see `commands`. Default true. */
  readonly logCommands?: boolean;
  /** What a Maildir's directory is called; default `maildir:~/Maildir`. */
  readonly location?: string;
}

/** A real Dovecot on free loopback ports, in a temporary folder of its own. */
export interface Dovecot {
  readonly port: number;
  readonly tlsPort: number;
  readonly folder: string;
  /** PEM of the CA that signed its certificate for `localhost`. */
  readonly certificateAuthority: string;
  /** SHA-256 with colons. */
  readonly fingerprint: string;
  readonly configuration: string;
  home(user: string): string;
  /** Command lines that users sent after their login, without tags, upper and lower case as they came. */
  commands(user: string): Promise<readonly string[]>;
  doveadm(...args: readonly string[]): Promise<string>;
  /** Gives a user's mail to the server again after a test has changed files. */
  own(user: string): Promise<void>;
  stop(): Promise<void>;
}

/** Neither a system account nor the superuser, which Dovecot refuses as the owner of mail. */
export const mailOwner = 23_450;

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port is free'));
      });
    });
  });

/** Waits until something listens on a loopback port. */
export const listening = async (port: number, child?: ChildProcess): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child !== undefined && child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on port ${port}`);
};

/** A CA and a certificate of it for `localhost` and 127.0.0.1, as PEM files in the folder. */
export const makeCertificate = async (folder: string): Promise<{ authority: string; fingerprint: string }> => {
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = [
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  ];
  await succeed('openssl', ca);
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const own = ['req', '-x509', ...key, '-keyout', at('server.key'), '-out', at('server.pem'), '-days', '2'];
  const signed = ['-subj', '/CN=localhost', '-addext', names, '-CA', at('ca.pem'), '-CAkey', at('ca.key')];
  await succeed('openssl', [...own, ...signed, '-addext', 'basicConstraints=critical,CA:FALSE']);
  const print = await succeed('openssl', ['x509', '-in', at('server.pem'), '-noout', '-fingerprint', '-sha256']);
  return { authority: await readFile(at('ca.pem'), 'utf8'), fingerprint: print.trim().replace(/^.*=/, '') };
};

const configurationOf = (folder: string, ports: { port: number; tlsPort: number }, options: DovecotOptions): string => {
  const user =
    process.getuid?.() === 0
      ? ''
      : `default_internal_user = ${process.env['USER'] ?? 'nobody'}
default_login_user = ${process.env['USER'] ?? 'nobody'}
service anvil {
  chroot =
}
service imap-login {
  chroot =
}`;
  return `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${folder}/server.pem
ssl_key = <${folder}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = ${options.location ?? 'maildir:~/Maildir'}
first_valid_uid = 1
mail_fsync = never
${user}
service imap-login {
  inet_listener imap {
    port = ${ports.port}
  }
  inet_listener imaps {
    port = ${ports.tlsPort}
    ssl = yes
  }
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN ${folder}/users
}
userdb {
  driver = static
  args = uid=${owner()} gid=${owner()} home=${folder}/home/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Trash {
    special_use = \\Trash
  }
  mailbox Junk {
    special_use = \\Junk
  }
  mailbox Sent {
    special_use = \\Sent
  }
}
${options.logCommands === false ? '' : `rawlog_dir = ${folder}/rawlog/%u`}
protocol imap {
  mail_max_userip_connections = 50
${options.capability === undefined ? '' : `  imap_capability = ${options.capability}`}
}
${options.settings ?? ''}
`;
};

const owner = (): number => (process.getuid?.() === 0 ? mailOwner : (process.getuid?.() ?? mailOwner));

const giveAway = async (path: string): Promise<void> => {
  if (process.getuid?.() === 0) await succeed('chown', ['-R', `${owner()}:${owner()}`, path]);
};

export const startDovecot = async (options: DovecotOptions = {}): Promise<Dovecot> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-dovecot-'));
  await chmod(folder, 0o755);
  const { users = { alice: 'secret', bob: 'secret' } } = options;
  const [port, tlsPort] = [await freePort(), await freePort()];
  const { authority, fingerprint } = await makeCertificate(folder);
  for (const name of ['run', 'state', 'home', 'rawlog']) await mkdir(join(folder, name));
  for (const user of Object.keys(users)) {
    for (const name of ['home', 'rawlog']) {
      await mkdir(join(folder, name, user));
      if (process.getuid?.() === 0) await chown(join(folder, name, user), owner(), owner());
    }
  }
  const lines = Object.entries(users).map(([user, password]) => `${user}:{PLAIN}${password}\n`);
  await writeFile(join(folder, 'users'), lines.join(''));
  const configuration = join(folder, 'dovecot.conf');
  await writeFile(configuration, configurationOf(folder, { port, tlsPort }, options));
  const child = spawn('dovecot', ['-F', '-c', configuration], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await listening(port, child);
  } catch (error) {
    const log = await readFile(join(folder, 'dovecot.log'), 'utf8').catch(() => '');
    await stop();
    throw new Error(`Dovecot does not start: ${log}`, { cause: error });
  }
  return {
    port,
    tlsPort,
    folder,
    certificateAuthority: authority,
    fingerprint,
    configuration,
    home: (user) => join(folder, 'home', user),
    commands: (user) => loggedCommands(join(folder, 'rawlog', user)),
    doveadm: (...args) => succeed('doveadm', ['-c', configuration, ...args]),
    own: (user) => giveAway(join(folder, 'home', user)),
    stop,
  };
};

const loggedCommands = async (folder: string): Promise<string[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.in')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .map((line) => line.replace(/^\d+\.\d+ /, '').replace(/\r$/, ''))
      .filter((line) => /^[A-Z]+\d+ [A-Z]/i.test(line))
      .map((line) => line.replace(/^\S+ /, '')),
  );
};

/** Whether this machine has it. */
export const hasDovecot = async (): Promise<boolean> => (await runCommand('dovecot', ['--version'])).code === 0;
