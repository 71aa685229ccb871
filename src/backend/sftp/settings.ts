import { homedir } from 'node:os';
import type { StorageSettings } from '../../contract/storage-settings.ts';
import { type ByteString, byteStringOfText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { splitCommand } from '../../model/split-command.ts';
import { ownOptions } from '../own-options.ts';

/** Where a repository lies on an SFTP server, and how to get there. Plain data: it is handed to other threads. */
export interface SftpSettings {
  readonly host: string;
  /** undefined: what ssh's configuration says, or the name of whoever runs this. */
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** On the server; relative to where a login begins when it does not start with `/`. */
  readonly path: ByteString;
  /** A program to speak SFTP with, with its arguments, instead of a connection of our own. */
  readonly command: readonly string[] | undefined;
  /** Arguments of the program `ssh`, such as `-i FILE`: they come before what its configuration says. */
  readonly args: readonly string[];
  /** Calls under way at once. */
  readonly connections: number;
  /** The home folder and the agent's socket of whoever runs this. */
  readonly home: string;
  readonly agentSocket: string | undefined;
}

export type SftpPlace = Pick<SftpSettings, 'host' | 'user' | 'port' | 'path'>;

const usage = (location: string, what: string): Fault =>
  new Fault('usage', `${location} names no folder on an SFTP server: ${what}`, {
    hint: 'Write sftp:user@host:/folder, or sftp://user@host:port//folder (one slash: below the home folder).',
  });

interface Found {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: string;
}

const asUrl = (location: string): Found => {
  let url: URL;
  try {
    url = new URL(location);
  } catch {
    throw usage(location, 'it is no URL');
  }
  if (url.password !== '') throw usage('this location', 'it has a password, which SFTP here does not use; take a key');
  return {
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? undefined : Number(url.port),
    // One slash only separates: what follows is relative, unless it begins with another.
    path: decodeURIComponent(url.pathname).slice(1),
  };
};

const short = /^sftp:(?:(?<user>[^:/]*)@)?(?<host>\[[^\]]*\]|[^:/]*):(?<path>.*)$/s;

const asShort = (location: string): Found => {
  const { user, host = '', path = '' } = short.exec(location)?.groups ?? {};
  if (host === '') throw usage(location, 'there is no host, or no colon after it');
  return { user: user === '' ? undefined : user, host: host.replace(/^\[(.*)\]$/, '$1'), port: undefined, path };
};

/** restic's notations: `sftp:user@host:/folder`, `sftp:user@host:folder`, `sftp://user@host:port//folder`. */
export const parseSftpLocation = (location: string): SftpPlace => {
  const found = location.startsWith('sftp://') ? asUrl(location) : asShort(location);
  if (found.host === '' || found.host.startsWith('-')) throw usage(location, 'there is no host');
  if (found.user?.startsWith('-') === true) throw usage(location, 'the user begins with a dash');
  if (found.path === '~' || found.path.startsWith('~/')) {
    throw usage(location, 'a path cannot begin with ~; leave it away, paths without a / are below the home folder');
  }
  const path = found.path.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  if (path === '') throw usage(location, 'there is no path');
  return { host: found.host, user: found.user, port: found.port, path: byteStringOfText(path) };
};

/** A location in restic's notation, with restic's options `sftp.command`, `sftp.args` and `sftp.connections`. */
export const sftpSettings = (location: string, { options, variables }: StorageSettings): SftpSettings => {
  const own = ownOptions(options, 'sftp', ['command', 'args', 'connections']);
  const [command, args] = [own.text('command'), own.text('args')];
  if (command !== undefined && args !== undefined) {
    throw new Fault('usage', 'sftp.command and sftp.args cannot be given together', {
      hint: 'Put the arguments into the command.',
    });
  }
  return {
    ...parseSftpLocation(location),
    command: command === undefined ? undefined : splitCommand(command),
    args: args === undefined ? [] : splitCommand(args),
    connections: own.count('connections', 64) ?? 5,
    home: variables['HOME'] || homedir(),
    agentSocket: variables['SSH_AUTH_SOCK'] || undefined,
  };
};

/** The place as restic writes it, for people. */
export const describeSftp = ({ host, user, port, path }: SftpPlace): string => {
  const named = host.includes(':') ? `[${host}]` : host;
  const at = user === undefined ? named : `${user}@${named}`;
  return port === undefined ? `sftp:${at}:${path}` : `sftp://${at}:${port}/${path}`;
};

const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');

/** Whether a value that came from another thread is what was handed to it. */
export const isSftpSettings = (value: unknown): value is SftpSettings => {
  if (typeof value !== 'object' || value === null) return false;
  const { host, user, port, path, command, args, connections, home, agentSocket } = value as Partial<
    Record<keyof SftpSettings, unknown>
  >;
  return (
    [host, path, home].every((text) => typeof text === 'string') &&
    [user, agentSocket].every(isTextOrNone) &&
    (port === undefined || typeof port === 'number') &&
    (command === undefined || isTexts(command)) &&
    isTexts(args) &&
    typeof connections === 'number'
  );
};
