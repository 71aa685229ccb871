import { readFile } from 'node:fs/promises';
import ssh2, { type ClientChannel, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import {
  fingerprintOf,
  type HostKeyVerdict,
  judgeHostKey,
  type KnownHostsFile,
  keyTypeOf,
  knownHostName,
  knownKeyTypes,
} from './known-hosts.ts';
import { prospect } from '../network-fault.ts';
import type { SftpTransport } from './session-pool.ts';
import type { SftpStream } from './session.ts';
import type { SftpSettings } from './settings.ts';
import { readSshConfig, type SshConfig } from './ssh-config.ts';
import { gatherIdentities, type Identities } from './identities.ts';

const keepAliveMilliseconds = 15_000;
const unansweredKeepAlives = 3;
const readyMilliseconds = 30_000;

/** Not there is empty. What is there and cannot be read may hold a key that was revoked, and is told. */
const knownHostsText = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return '';
    throw errnoFault(error, 'read the known hosts in', path, { EACCES: 'configuration' });
  }
};

const knownHosts = async (paths: readonly string[]): Promise<readonly KnownHostsFile[]> => {
  const texts = await Promise.all(paths.map(knownHostsText));
  return paths.map((path, index) => ({ path, text: texts[index] ?? '' }));
};

const namesOf = ({ host, port, hostKeyAlias }: SshConfig): readonly string[] =>
  hostKeyAlias === undefined ? [...new Set([knownHostName(host, port), host.toLowerCase()])] : [hostKeyAlias];

const algorithms: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/** The kinds of key that are known come first, so that a server with several shows one that can be compared. */
const hostKeyAlgorithms = (files: readonly KnownHostsFile[], config: SshConfig): ServerHostKeyAlgorithm[] => {
  const known = knownKeyTypes(files, namesOf(config)).flatMap((type) => algorithms[type] ?? []);
  return [...new Set([...known, ...Object.values(algorithms).flat()])];
};

/** The fault that a verdict other than `known` means. */
const hostKeyFault = (verdict: HostKeyVerdict, key: Buffer, config: SshConfig): Fault | undefined => {
  const [name = config.host] = namesOf(config);
  const type = keyTypeOf(key);
  const context = { host: name, type, fingerprint: fingerprintOf(key) };
  const shown = `its ${type} key is ${context.fingerprint}`;
  const [file = '~/.ssh/known_hosts'] = config.knownHostsFiles;
  switch (verdict.kind) {
    case 'known':
      return undefined;
    case 'unknown':
      return new Fault('host-key-unknown', `the server ${name} is not known: ${shown}`, {
        hint: verdict.authority
          ? `It is known by a certificate authority, which only ssh can check: -o sftp.command="ssh ${config.host} -s sftp"`
          : `Compare it with the server's own (ssh-keygen -lf on the server); if it is the same: echo '${name} ${type} ${key.toString('base64')}' >> ${file}`,
        context,
      });
    case 'changed':
      return new Fault('host-key-changed', `the server ${name} has another key than before: ${shown}`, {
        hint: `Somebody may be listening in. Only if you know why it changed: remove the line ${verdict.at}, and accept the new key.`,
        context: { ...context, known: verdict.at },
      });
    case 'revoked':
      return new Fault('host-key-changed', `the key of the server ${name} was revoked: ${shown}`, {
        hint: `It stands in ${verdict.at}: whoever shows this key is not to be trusted.`,
        context: { ...context, known: verdict.at },
      });
  }
};

interface Meeting {
  readonly config: SshConfig;
  readonly identities: Identities;
  /** Whether this server has answered us before. */
  readonly metBefore: boolean;
}

const levelOf = (error: Error): string | undefined =>
  'level' in error && typeof error.level === 'string' ? error.level : undefined;

const connectionFault = (error: Error, { config, identities, metBefore }: Meeting): Fault => {
  const server = `${config.host}, port ${config.port}`;
  const level = levelOf(error);
  if (level === 'client-authentication') {
    return new Fault('credentials-refused', `${config.host} did not let the user ${config.user} in`, {
      hint: [...identities.unused, `Try it with: ssh -p ${config.port} ${config.user}@${config.host}`].join(' '),
      context: { host: config.host, user: config.user },
      cause: error,
    });
  }
  if (level === 'handshake' || /no matching/i.test(error.message)) {
    return new Fault('unsupported', `no agreement with ${server} on how to talk: ${error.message}`, {
      hint: `Let ssh make the connection: -o sftp.command="ssh -p ${config.port} ${config.user}@${config.host} -s sftp"`,
      cause: error,
    });
  }
  const { retry, context } = prospect(errnoCode(error) ?? '', metBefore);
  return new Fault('backend-unavailable', `the SSH server at ${server} cannot be reached: ${error.message}`, {
    hint: 'Is the name right, is the server up, and is nothing in between in the way?',
    retry,
    context: { host: config.host, port: config.port, ...context },
    cause: error,
  });
};

interface Connection {
  readonly client: ssh2.Client;
  readonly lost: () => Fault | undefined;
}

const optionsOf = (
  { config, identities }: Meeting,
  files: readonly KnownHostsFile[],
  refuse: (fault: Fault) => void,
): ConnectConfig => ({
  host: config.host,
  port: config.port,
  username: config.user,
  authHandler: [...identities.methods],
  ...(config.bindAddress === undefined ? {} : { localAddress: config.bindAddress }),
  forceIPv4: config.family === 4,
  forceIPv6: config.family === 6,
  keepaliveInterval: keepAliveMilliseconds,
  keepaliveCountMax: unansweredKeepAlives,
  readyTimeout: readyMilliseconds,
  algorithms: { serverHostKey: hostKeyAlgorithms(files, config) },
  hostVerifier: (key: Buffer): boolean => {
    const fault = hostKeyFault(judgeHostKey(files, namesOf(config), key), key, config);
    if (fault !== undefined) refuse(fault);
    return fault === undefined;
  },
});

const connect = (client: ssh2.Client, meeting: Meeting, files: readonly KnownHostsFile[]): Promise<Connection> =>
  new Promise((resolve, reject) => {
    let fault: Fault | undefined;
    client.once('ready', () => resolve({ client, lost: () => fault }));
    client.on('error', (error) => {
      fault ??= connectionFault(error, meeting);
      reject(fault);
    });
    client.once('close', () => {
      fault ??= connectionFault(new Error('the connection was closed'), meeting);
      reject(fault);
    });
    try {
      client.connect(
        optionsOf(meeting, files, (refused) => {
          fault = refused;
        }),
      );
      // A request must not wait until the answer to the one before has been acknowledged.
      client.setNoDelay(true);
    } catch (error) {
      reject(connectionFault(error instanceof Error ? error : new Error(String(error)), meeting));
    }
  });

const openChannel = ({ client, lost }: Connection): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(
        lost() ??
          new Fault('unsupported', `the server does not start SFTP: ${error.message}`, {
            hint: 'Does it offer SFTP, to this user, and not too many sessions at once?',
            cause: error,
          }),
      );
    };
    const closed = (): void => fail(new Error('the connection was closed'));
    client.once('close', closed);
    client.subsys('sftp', (error, channel) => {
      client.removeListener('close', closed);
      if (error === undefined) resolve(channel);
      else fail(error);
    });
  });

const streamOf = (channel: ClientChannel, { lost }: Connection): SftpStream => {
  channel.stderr.resume();
  return {
    input: channel,
    output: channel,
    destroy: () => channel.destroy(),
    reason: async () => {
      // Why the connection ended is told just after its channels were.
      await new Promise((resolve) => setImmediate(resolve));
      return lost();
    },
  };
};

/** One SSH connection of our own with several channels; made anew after it was lost. */
export const createSshTransport = (settings: SftpSettings): SftpTransport => {
  let connection: Promise<Connection> | undefined;
  let metBefore = false;
  const clients = new Set<ssh2.Client>();

  const makeConnection = async (): Promise<Connection> => {
    const config = await readSshConfig(settings);
    const [files, identities] = await Promise.all([knownHosts(config.knownHostsFiles), gatherIdentities(config)]);
    const client = new ssh2.Client();
    clients.add(client);
    client.once('close', () => {
      clients.delete(client);
      connection = undefined;
    });
    try {
      const made = await connect(client, { config, identities, metBefore }, files);
      metBefore = true;
      return made;
    } catch (error) {
      client.destroy();
      throw error;
    }
  };

  return {
    streams: settings.connections,
    open: async () => {
      connection ??= makeConnection();
      const mine = connection;
      try {
        const made = await mine;
        return streamOf(await openChannel(made), made);
      } catch (error) {
        if (clients.size === 0 && connection === mine) connection = undefined;
        throw error;
      }
    },
    close: () => {
      for (const client of clients) client.destroy();
    },
  };
};
