import { hash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Path } from '../../model/entry.ts';

export interface AccessRules {
  /** The secret: first segment of the path, or the password of HTTP's Basic scheme. */
  readonly token: string;
  /** The host that the server was told to listen at; its clients may call it so. */
  readonly host: string;
}

const equalSecrets = (given: string, secret: string): boolean =>
  timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', secret, 'buffer'));

const basicPassword = (header: string | undefined): string | undefined => {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
};

/** What a request may see: `prefix` stands before all paths that it is told. Undefined when it may see nothing. */
export const admit = (
  path: Path,
  authorization: string | undefined,
  { token }: AccessRules,
): { readonly prefix: string; readonly path: Path } | undefined => {
  const [first] = path;
  if (first !== undefined && equalSecrets(first, token)) return { prefix: `/${token}`, path: path.slice(1) };
  const password = basicPassword(authorization);
  return password !== undefined && equalSecrets(password, token) ? { prefix: '', path } : undefined;
};

/**
 * Whether a Host header names this server and not a foreign name that was made to point here (DNS rebinding): an address,
 * `localhost`, or the name it was told to listen at.
 */
export const isOwnHost = (header: string | undefined, { host }: AccessRules): boolean => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header ?? '');
  const name = (match?.[1] ?? match?.[2] ?? '').toLowerCase();
  return name !== '' && (isIP(name) !== 0 || name === 'localhost' || name === host.toLowerCase());
};

/** Whether a browser says that a page of another site asks. */
export const isForeignOrigin = (origin: string | undefined, host: string | undefined): boolean =>
  origin !== undefined && origin.toLowerCase() !== `http://${host ?? ''}`.toLowerCase();
