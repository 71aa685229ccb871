import type { StorageSettings, TlsSettings } from '../../contract/storage-settings.ts';
import { Fault } from '../../model/fault.ts';
import { ownOptions } from '../own-options.ts';
import { type ProxyVariables, proxyVariables } from '../proxy-variables.ts';

/** Where a repository lies on a REST server, and how to get there. Plain data: it is handed to other threads. */
export interface RestSettings {
  /** `http:` or `https:`, ends with `/`, without user and password. With a socket, its path is that of the repository. */
  readonly url: string;
  /** A Unix socket in place of the network. */
  readonly socketPath: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: TlsSettings;
  readonly proxy: ProxyVariables;
  /** Calls under way at once. */
  readonly connections: number;
  /** Milliseconds of silence after which a call has failed. */
  readonly stuckTimeout: number;
  /** Whether the server was found to remove nothing but locks. */
  readonly appendOnly: boolean;
}

export type RestPlace = Pick<RestSettings, 'url' | 'socketPath' | 'user' | 'password'>;

const usage = (what: string): Fault =>
  new Fault('usage', `this location of a REST server cannot be understood: ${what}`, {
    hint: 'Write rest:https://user:password@host:8000/folder/, or rest:http+unix:///path/of.socket:/folder/.',
  });

const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

const unixSocket = /^https?\+unix:\/\/(?<socketPath>\/[^:]*)(?::(?<path>\/.*)?)?$/s;

const parsed = (text: string): URL => {
  try {
    return new URL(text);
  } catch {
    throw usage('it is no URL');
  }
};

/** restic's notation. What the environment says of user and password holds where the URL has none. */
export const parseRestLocation = (
  location: string,
  usual: { readonly user: string | undefined; readonly password: string | undefined },
): RestPlace => {
  const text = location.replace(/^rest:/, '');
  const socket = unixSocket.exec(text)?.groups;
  if (socket?.['socketPath'] !== undefined) {
    const url = new URL(withSlash(socket['path'] ?? '/'), 'http://localhost').href;
    return { url, socketPath: socket['socketPath'], ...usual };
  }
  const url = parsed(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw usage(`${url.protocol} is not http: or https:`);
  const named = url.username !== '' || url.password !== '';
  const { user, password } = named
    ? { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
    : usual;
  return { url: `${url.origin}${withSlash(url.pathname)}`, socketPath: undefined, user, password };
};

/** A location in restic's notation, with its option `rest.connections` and its variables. */
export const restSettings = (location: string, settings: StorageSettings): RestSettings => {
  const { options, variables, tls, stuckTimeout } = settings;
  const usual = {
    user: variables['RESTIC_REST_USERNAME'] || undefined,
    password: variables['RESTIC_REST_PASSWORD'] || undefined,
  };
  return {
    ...parseRestLocation(location, usual),
    tls,
    proxy: proxyVariables(variables),
    stuckTimeout,
    connections: ownOptions(options, 'rest', ['connections']).count('connections', 64) ?? 5,
    appendOnly: false,
  };
};

/** The place as restic writes it, without the password. */
export const describeRest = ({ url, socketPath, user }: RestPlace): string => {
  if (socketPath !== undefined) return `rest:http+unix://${socketPath}:${new URL(url).pathname}`;
  return `rest:${user === undefined ? url : url.replace('://', `://${encodeURIComponent(user)}@`)}`;
};

const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string';

const isTls = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'insecure' in value && typeof value.insecure === 'boolean';

/** Whether a value that came from another thread is what was handed to it. */
export const isRestSettings = (value: unknown): value is RestSettings => {
  if (typeof value !== 'object' || value === null) return false;
  const { url, socketPath, user, password, tls, proxy, connections, stuckTimeout } = value as Partial<
    Record<keyof RestSettings, unknown>
  >;
  return (
    typeof url === 'string' &&
    [socketPath, user, password].every(isTextOrNone) &&
    isTls(tls) &&
    typeof proxy === 'object' &&
    proxy !== null &&
    [connections, stuckTimeout].every((each) => typeof each === 'number')
  );
};
