import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { comparableHeader, serverForm } from '../../../mail/adopt/server-form.ts';
import { createMessageDigest } from '../../../mail/direct/message-digest.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { joinBytes, type OldFolder } from './old-tree.ts';

/** A file of an old tree that holds a message of the server. */
export interface OldMessage {
  readonly folder: OldFolder;
  /** Below the folder. */
  readonly file: ByteString;
  /** Bytes of the message as the server sends it. */
  readonly size: number;
}

export interface CheckedMessage extends OldMessage {
  /** SHA-256 of the header. */
  readonly header: string;
}

/** mbsync's own line, and more than that. */
const mostAdded = 64;

async function* filePieces(path: ByteString): AsyncGenerator<Uint8Array, void> {
  for await (const piece of createReadStream(nativePath(path))) if (piece instanceof Uint8Array) yield piece;
}

/** The message as the server sends it. Rejects with a fault of the file system, or `entry-unsupported`. */
export async function* oldMessageBytes({ folder, file }: Omit<OldMessage, 'size'>): AsyncGenerator<Uint8Array, void> {
  const path = joinBytes(folder.directory, file);
  try {
    yield* serverForm(filePieces(path), { dropsMark: folder.program === 'mbsync' });
  } catch (error) {
    throw errnoFault(error, 'read', path, { ENOENT: 'entry-vanished' });
  }
}

export const headerDigest = (header: Uint8Array): string =>
  createHash('sha256').update(comparableHeader(header)).digest('hex');

/** Whether a file holds a message of that size (RFC822.SIZE), and what header it has; undefined when not. */
export const checkedMessage = async (
  { folder, file }: Omit<OldMessage, 'size'>,
  expected: number,
): Promise<CheckedMessage | undefined> => {
  try {
    const { size } = await stat(nativePath(joinBytes(folder.directory, file)));
    // Line ends only ever make it longer: what is too long as it lies need not be read.
    if (size > expected + mostAdded) return undefined;
    let [bytes, header] = [0, ''];
    for await (const piece of oldMessageBytes({ folder, file })) {
      if (header === '') header = headerDigest(piece);
      bytes += piece.length;
    }
    return bytes === expected ? { folder, file, size: bytes, header } : undefined;
  } catch (error) {
    // One file that cannot be read costs one message, which is fetched.
    if (error instanceof Fault || (error instanceof Error && 'code' in error)) return undefined;
    throw error;
  }
};

/** SHA-256 of the message as the server sends it. */
export const oldMessageDigest = async (message: OldMessage): Promise<string> => {
  const digest = createMessageDigest(createHash('sha256'));
  for await (const piece of oldMessageBytes(message)) digest.update(piece);
  return digest.digest();
};
