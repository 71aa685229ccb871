import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';

/** What `encodeURIComponent` leaves alone and every client understands (RFC 3986 section 2.3). */
const unreserved = /^[A-Za-z0-9._~-]*$/;

/** A name as one segment of a URL: each other byte as `%XX`. */
export const encodeName = (name: ByteString): string =>
  unreserved.test(name)
    ? name
    : name.replace(/[^A-Za-z0-9._~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** The URL path of names: `/` and each name behind a `/`; a folder's ends with one. */
export const encodePath = (prefix: string, path: Path, isFolder: boolean): string => {
  const encoded = [prefix, ...path.map(encodeName)].join('/');
  return isFolder ? `${encoded}/` : encoded;
};

const decodeName = (segment: string): ByteString | undefined => {
  if (/%(?![0-9A-Fa-f]{2})/.test(segment) || /[^\x21-\xff]/.test(segment)) return undefined;
  const decoded = segment.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  // No name in a tree is any of these; a client that sends one means something that there is not.
  if (decoded === '.' || decoded === '..' || decoded.includes('/') || decoded.includes('\0')) return undefined;
  return byteStringOfLatin1(decoded);
};

/**
 * The names of a request's target. Segments are split before they are decoded, so that an encoded slash never separates.
 * Undefined for what can be no path here: malformed encoding, `.` and `..` encoded or not, a slash or NUL in a name.
 */
export const decodeTarget = (target: string): Path | undefined => {
  const absolute = /^https?:\/\/[^/]*(\/.*)?$/i.exec(target);
  const path = ((absolute === null ? target : (absolute[1] ?? '/')).split(/[?#]/, 1)[0] ?? '').split('/');
  if (path[0] !== '') return undefined;
  const names: ByteString[] = [];
  for (const segment of path) {
    if (segment === '') continue;
    const name = decodeName(segment);
    if (name === undefined) return undefined;
    names.push(name);
  }
  return names;
};
