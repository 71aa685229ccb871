/**
 * In what form a mail server has a message on its disk. Dovecot compresses and encrypts with plugins, and tells what it did
 * by the first bytes alone (its src/plugins/mail-compress and mail-crypt).
 */
export type StoredForm = 'plain' | 'gzip' | 'zstd' | 'lz4' | 'bzip2' | 'xz' | 'encrypted';

export const lz4Magic = 'Dovecot-LZ4\r*\x9b\xc5';

/** No header of a message begins like any of these. */
const beginnings: readonly (readonly [StoredForm, string])[] = [
  ['gzip', '\x1f\x8b'],
  ['zstd', '\x28\xb5\x2f\xfd'],
  ['lz4', lz4Magic],
  ['bzip2', 'BZh'],
  ['xz', '\xfd7zXZ\0'],
  ['encrypted', 'CRYPTED\x03\x07'],
];

/** Forms that are read here. */
export type CompressedForm = Extract<StoredForm, 'gzip' | 'zstd' | 'lz4'>;

/** Forms that are not. */
export type ClosedForm = Extract<StoredForm, 'bzip2' | 'xz' | 'encrypted'>;

export const isCompressed = (form: StoredForm): form is CompressedForm =>
  form === 'gzip' || form === 'zstd' || form === 'lz4';

export const isClosed = (form: StoredForm): form is ClosedForm =>
  form === 'bzip2' || form === 'xz' || form === 'encrypted';

/** So many bytes are enough to tell. */
export const formBytes: number = Math.max(...beginnings.map(([, magic]) => magic.length));

export const storedFormOf = (beginning: Uint8Array): StoredForm =>
  beginnings.find(
    ([, magic]) =>
      beginning.length >= magic.length && [...magic].every((letter, at) => letter.charCodeAt(0) === beginning[at]),
  )?.[0] ?? 'plain';
