import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import type { SftpSettings } from './settings.ts';

/** What of ssh's configuration matters for a connection of our own. */
export interface SshConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** How the server is called in known_hosts, where that is not its name. */
  readonly hostKeyAlias: string | undefined;
  readonly identityFiles: readonly string[];
  /** Only these keys, even if the agent has more. */
  readonly identitiesOnly: boolean;
  readonly agentSocket: string | undefined;
  readonly knownHostsFiles: readonly string[];
  readonly bindAddress: string | undefined;
  readonly family: 4 | 6 | undefined;
}

type Said = ReadonlyMap<string, readonly string[]>;

/** ssh itself reads its configuration best (Include, Match, patterns): `ssh -G` prints what it would use. */
const askSsh = async ({ host, user, port, args }: SftpSettings): Promise<Said> => {
  const asked = [
    ...args,
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    '-T',
    '-G',
    '--',
    host,
  ];
  const { stdout } = await promisify(execFile)('ssh', asked, { encoding: 'utf8' });
  const said = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const key = line.slice(0, space).toLowerCase();
    said.set(key, [...(said.get(key) ?? []), line.slice(space + 1)]);
  }
  return said;
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Without the program ssh, and thus most likely without a configuration. */
const withoutSsh = async (settings: SftpSettings): Promise<SshConfig> => {
  const config = join(settings.home, '.ssh', 'config');
  if (settings.args.length > 0 || (await isThere(config))) {
    throw new Fault('configuration', 'the program ssh is not installed, and it is needed to read its configuration', {
      hint: `Install OpenSSH's client, or do without ${settings.args.length > 0 ? 'sftp.args' : config}.`,
    });
  }
  const inHome = (...names: readonly string[]): readonly string[] =>
    names.map((name) => join(settings.home, '.ssh', name));
  return {
    host: settings.host,
    port: settings.port ?? 22,
    user: settings.user ?? userInfo().username,
    hostKeyAlias: undefined,
    identityFiles: inHome('id_ed25519', 'id_ecdsa', 'id_rsa'),
    identitiesOnly: false,
    agentSocket: settings.agentSocket,
    knownHostsFiles: [
      ...inHome('known_hosts', 'known_hosts2'),
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ],
    bindAddress: undefined,
    family: undefined,
  };
};

/** The settings that only ssh itself can follow, and that would lead elsewhere if they were passed over. */
const refuseDetours = (said: Said, host: string): void => {
  for (const key of ['proxyjump', 'proxycommand'] as const) {
    const [value = 'none'] = said.get(key) ?? [];
    if (value === 'none') continue;
    throw new Fault('unsupported', `ssh's configuration reaches ${host} by ${key} (${value}), which only ssh can`, {
      hint: `Let ssh make the connection: -o sftp.command="ssh ${host} -s sftp"`,
      context: { setting: key },
    });
  }
};

/** The tokens of ssh_config(5) that make sense in the name of a file. */
const expander = (config: { host: string; port: number; user: string; home: string; typed: string }) => {
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: config.home,
    h: config.host,
    n: config.typed,
    p: String(config.port),
    r: config.user,
    u: userInfo().username,
  };
  return (path: string): string =>
    path
      .replaceAll(/%(.)/g, (token, letter: string) => tokens[letter] ?? token)
      .replace(/^~(?=\/)/, config.home)
      .replace(/^"(.*)"$/, '$1');
};

const agentOf = (said: string | undefined, settings: SftpSettings): string | undefined => {
  if (said === undefined || said === 'SSH_AUTH_SOCK') return settings.agentSocket;
  return said === 'none' ? undefined : said;
};

const understood = (said: Said, settings: SftpSettings): SshConfig => {
  const first = (key: string): string | undefined => said.get(key)?.[0];
  const host = first('hostname') ?? settings.host;
  const port = Number(first('port') ?? 22);
  const user = first('user') ?? settings.user ?? userInfo().username;
  const expand = expander({ host, port, user, home: homedir(), typed: settings.host });
  const files = (key: string): readonly string[] => (first(key) ?? '').split(' ').filter((path) => path !== '');
  const agent = agentOf(first('identityagent'), settings);
  const family = first('addressfamily');
  const alias = first('hostkeyalias');
  const knownHosts = [...files('userknownhostsfile'), ...files('globalknownhostsfile')];
  return {
    host,
    port,
    user,
    hostKeyAlias: alias === 'none' ? undefined : alias,
    identityFiles: (said.get('identityfile') ?? []).filter((path) => path !== 'none').map(expand),
    identitiesOnly: first('identitiesonly') === 'yes',
    agentSocket: agent === undefined ? undefined : expand(agent),
    knownHostsFiles: knownHosts.filter((path) => path !== 'none').map(expand),
    bindAddress: first('bindaddress'),
    family: family === 'inet' ? 4 : family === 'inet6' ? 6 : undefined,
  };
};

/** How ssh would connect. Faults: `configuration`, and `unsupported` for what only ssh itself can do. */
export const readSshConfig = async (settings: SftpSettings): Promise<SshConfig> => {
  let said: Said;
  try {
    said = await askSsh(settings);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return withoutSsh(settings);
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Fault('configuration', `ssh does not accept its configuration for ${settings.host}: ${stderr}`, {
      hint: 'Try it with: ssh -G ' + settings.host,
      cause: error,
    });
  }
  refuseDetours(said, settings.host);
  return understood(said, settings);
};
