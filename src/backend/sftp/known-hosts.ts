import { createHash, createHmac } from 'node:crypto';

/*
 * The file known_hosts, as sshd(8) describes it ("SSH_KNOWN_HOSTS FILE FORMAT"). Pure: files are given as text.
 */

export interface KnownHostsFile {
  readonly path: string;
  readonly text: string;
}

interface KnownKey {
  /** `path:line`, for people. */
  readonly at: string;
  readonly marker: '@cert-authority' | '@revoked' | undefined;
  readonly type: string;
  readonly key: Buffer;
}

const matchesHash = (pattern: string, name: string): boolean => {
  const [, , salt, hash] = pattern.split('|');
  if (salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
};

const matchesGlob = (pattern: string, name: string): boolean => {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(name);
};

/** Whether a list of patterns means this name; one negated pattern that matches is enough that it does not. */
const matches = (patterns: string, name: string): boolean => {
  if (patterns.startsWith('|1|')) return matchesHash(patterns, name);
  const all = patterns.split(',');
  if (all.some((pattern) => pattern.startsWith('!') && matchesGlob(pattern.slice(1), name))) return false;
  return all.some((pattern) => !pattern.startsWith('!') && matchesGlob(pattern, name));
};

/** The lines that are about this name. */
const keysOf = (files: readonly KnownHostsFile[], name: string): readonly KnownKey[] => {
  const found: KnownKey[] = [];
  for (const { path, text } of files) {
    for (const [index, line] of text.split('\n').entries()) {
      const words = line.trim().split(/\s+/);
      const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
      const [patterns, type, key] = words;
      if (patterns === undefined || patterns.startsWith('#') || type === undefined || key === undefined) continue;
      if (marker !== undefined && marker !== '@cert-authority' && marker !== '@revoked') continue;
      if (!matches(patterns, name)) continue;
      found.push({ at: `${path}:${index + 1}`, marker, type, key: Buffer.from(key, 'base64') });
    }
  }
  return found;
};

/** How a server is called in known_hosts: `host`, or `[host]:port` where the port is not 22. */
export const knownHostName = (host: string, port: number): string => {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
};

/** `SHA256:…`, as ssh shows it. */
export const fingerprintOf = (key: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** `ssh-ed25519` and so on: the key's own first field. */
export const keyTypeOf = (key: Buffer): string => {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.toString('latin1', 4, 4 + length);
};

export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown'; readonly authority: boolean }
  /** Another key is known; `at` is where. */
  | { readonly kind: 'changed'; readonly at: string }
  | { readonly kind: 'revoked'; readonly at: string };

/**
 * What the files say of a server's key. `names` are tried in turn: as ssh does, a server on another port may also be
 * known by its name alone, but only to be trusted, not to be contradicted.
 */
export const judgeHostKey = (
  files: readonly KnownHostsFile[],
  names: readonly string[],
  key: Buffer,
): HostKeyVerdict => {
  const all = names.map((name) => keysOf(files, name));
  const revoked = all.flat().find((known) => known.marker === '@revoked' && known.key.equals(key));
  if (revoked !== undefined) return { kind: 'revoked', at: revoked.at };
  if (all.flat().some((known) => known.marker === undefined && known.key.equals(key))) return { kind: 'known' };
  const other = all[0]?.find((known) => known.marker === undefined);
  if (other !== undefined) return { kind: 'changed', at: other.at };
  return { kind: 'unknown', authority: all.flat().some((known) => known.marker === '@cert-authority') };
};

/** The types of key that are known for a server: it must be asked for these, or it shows one that nobody knows. */
export const knownKeyTypes = (files: readonly KnownHostsFile[], names: readonly string[]): readonly string[] => {
  const known = names.flatMap((name) => keysOf(files, name)).filter(({ marker }) => marker === undefined);
  return [...new Set(known.map(({ type }) => type))];
};
