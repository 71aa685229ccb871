import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { createLz4Stream, Lz4Damaged } from '../../mail/lz4.ts';
import { type ClosedForm, type CompressedForm, formBytes, isClosed, storedFormOf } from '../../mail/stored-form.ts';
import { Fault } from '../../model/fault.ts';

const reasons: Readonly<Record<ClosedForm, string>> = {
  encrypted: 'encrypted by the mail server (mail_crypt), so that only that server can read it',
  bzip2: 'compressed with bzip2 by the mail server, which cannot be read here',
  xz: 'compressed with xz by the mail server, which cannot be read here',
};

/** `count` messages, of which one is meant where it is 1. */
export const closedFault = (form: ClosedForm, count = 1): Fault =>
  new Fault('unsupported', `${count === 1 ? 'it is' : `${String(count)} messages are`} ${reasons[form]}`, {
    hint: 'It is kept as it is on the disk of the server: `restore` and `dump --stored` bring it back so.',
    context: { form, count },
  });

const damaged = (cause: unknown): Fault =>
  new Fault('entry-unreadable', 'it was compressed by the mail server and cannot be decompressed', {
    hint: 'It is kept as it is on the disk of the server: `restore` and `dump --stored` bring it back so.',
    cause,
  });

const tooLarge = (): Fault =>
  new Fault('unsupported', 'it is too large when it is decompressed', {
    hint: '`restore` and `dump --stored` bring it back as it is on the disk of the server.',
  });

const decompressorOf = (form: 'gzip' | 'zstd'): Transform =>
  form === 'gzip' ? createGunzip() : createZstdDecompress();

/**
 * The message as a mail client sees it, from the file that the mail server has of it: decompressed where Dovecot compressed
 * it, else as it is. Faults: `unsupported` for one that is encrypted or compressed in a way that is not read here,
 * `entry-unreadable` for one that is damaged.
 */
export async function* logicalPieces(stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const pieces = stored[Symbol.asyncIterator]();
  let beginning = new Uint8Array(0);
  while (beginning.length < formBytes) {
    const next = await pieces.next();
    if (next.done === true) break;
    beginning = beginning.length === 0 ? new Uint8Array(next.value) : joined(beginning, next.value);
  }
  const form = storedFormOf(beginning);
  const whole = rejoined(beginning, pieces);
  if (isClosed(form)) {
    await pieces.return?.();
    throw closedFault(form);
  }
  if (form === 'plain') yield* whole;
  else if (form === 'lz4') yield* fromLz4(whole);
  else yield* fromZlib(whole, form);
}

const joined = (left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> => {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
};

async function* rejoined(beginning: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    if (beginning.length > 0) yield beginning;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* fromLz4(stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const stream = createLz4Stream();
  try {
    for await (const bytes of stored) yield* stream.push(bytes);
    stream.end();
  } catch (error) {
    throw error instanceof Lz4Damaged ? damaged(error) : error;
  }
}

async function* fromZlib(stored: AsyncIterable<Uint8Array>, form: 'gzip' | 'zstd'): AsyncGenerator<Uint8Array, void> {
  const decompressor = decompressorOf(form);
  const fed = pipeline(Readable.from(stored), decompressor);
  // Told by the loop below; until then it must not count as unhandled.
  fed.catch(() => undefined);
  try {
    for await (const bytes of decompressor) if (bytes instanceof Uint8Array) yield bytes;
    await fed;
  } catch (error) {
    throw isOfZlib(error) ? damaged(error) : error;
  } finally {
    decompressor.destroy();
  }
}

/** What is wrong with the bytes themselves, and not with what delivers them. */
const isOfZlib = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ZSTD_)/.test(error.code);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/** The whole of a message that was read into memory. Faults as `logicalPieces`; `unsupported` when it is above `limit`. */
export const logicalMessage = async (stored: Uint8Array, limit: number): Promise<Uint8Array> => {
  if (storedFormOf(stored) === 'plain') return stored;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of logicalPieces(once(stored))) {
    size += bytes.length;
    if (size > limit) throw tooLarge();
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
};

/** As much of a message as can be told from the first bytes of its file, at most `limit`. */
export const logicalBeginning = async (
  stored: Uint8Array,
  form: CompressedForm,
  limit: number,
): Promise<Uint8Array> => {
  if (form === 'lz4') return lz4Beginning(stored);
  const decompressor = decompressorOf(form);
  const pieces: Uint8Array[] = [];
  let size = 0;
  await new Promise<void>((resolve) => {
    decompressor.on('data', (bytes: Uint8Array) => {
      pieces.push(bytes);
      size += bytes.length;
      if (size >= limit) resolve();
    });
    // What came before the damage is something.
    decompressor.on('error', () => resolve());
    decompressor.write(stored, () => resolve());
  });
  decompressor.destroy();
  return Buffer.concat(pieces);
};

const lz4Beginning = (stored: Uint8Array): Uint8Array => {
  try {
    return Buffer.concat(createLz4Stream().push(stored));
  } catch (error) {
    if (error instanceof Lz4Damaged) return new Uint8Array(0);
    throw error;
  }
};
