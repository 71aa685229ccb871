import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ByteString } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { parseDate } from '../../mail/date.ts';
import { createMessageDigest } from '../../mail/direct/message-digest.ts';
import { readFields } from '../../mail/header-fields.ts';
import { createQuoting } from '../../mail/mbox/quoting.ts';
import { flagsOfFields, statusLinesIn } from '../../mail/mbox/status.ts';
import { parseTakeoutLabels } from '../../mail/takeout.ts';
import { errnoFault } from '../../system/errno.ts';

/** Where a message lies in a file. */
export interface MessagePart {
  readonly file: string;
  readonly start: number;
  readonly length: number;
  /** Lines that begin with `>From ` lose one `>`. */
  readonly unquote: boolean;
  /** Of a file within an archive, or without a name: reads bytes of it; what comes behind them is left. */
  readonly open?: (where: { readonly start: number; readonly length: number }) => AsyncIterable<Uint8Array>;
  /** To be called once, when nobody will read it any more. */
  readonly done?: () => void;
}

export interface FoundPart {
  readonly part: MessagePart;
  /** Where the message tells of no date: of its `From ` line, or of its file. */
  readonly date: Nanoseconds | undefined;
  readonly fileDate: Nanoseconds;
  /** Flags that are known from elsewhere, such as a file's name; undefined: the message's own fields tell. */
  readonly flags: readonly string[] | undefined;
}

/** A folder of mail that is to be imported; its messages are found one by one. */
export interface ImportFolder {
  /** Modified UTF-7, levels parted by `/`. */
  readonly name: ByteString;
  messages(): AsyncIterable<FoundPart>;
  /** Lets go of what its messages are read from. */
  close?(): Promise<void>;
}

export interface ImportedMessage {
  readonly part: MessagePart;
  readonly date: Nanoseconds;
  readonly flags: readonly string[];
  readonly sha256: string;
  readonly size: number;
  readonly labels: readonly string[] | undefined;
  readonly threadId: string | undefined;
}

/** The bytes of a message, without quotes. */
export async function* bytesOfPart(part: MessagePart): AsyncGenerator<Uint8Array, void> {
  if (part.length === 0) return;
  const quoting = part.unquote ? createQuoting('remove') : undefined;
  try {
    for await (const piece of part.open === undefined ? ofFile(part) : firstOf(part.open(part), part.length)) {
      yield quoting === undefined ? piece : quoting.push(piece);
    }
  } catch (error) {
    throw errnoFault(error, 'read', part.file, { ENOENT: 'source-missing' });
  }
  if (quoting !== undefined) yield quoting.end();
}

async function* ofFile({ file, start, length }: MessagePart): AsyncGenerator<Uint8Array, void> {
  for await (const piece of createReadStream(file, { start, end: start + length - 1, highWaterMark: 262_144 })) {
    if (piece instanceof Uint8Array) yield piece;
  }
}

/** The whole is read to its end, where it is found out whether it was right; of a beginning nobody asks that. */
async function* firstOf(pieces: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array, void> {
  let left = length;
  for await (const piece of pieces) {
    if (piece.length > left) {
      yield piece.subarray(0, left);
      return;
    }
    left -= piece.length;
    yield piece;
  }
}

const headerSize = 262_144;
const fields = new Set([
  'date',
  'status',
  'x-status',
  'x-keywords',
  'x-mozilla-status',
  'x-gmail-labels',
  'x-gm-thrid',
]);

/** Reads a message once, for its digest and what its header tells. */
export const inspectPart = async (found: FoundPart): Promise<ImportedMessage> => {
  const beginning = await beginningOf(found.part);
  const header = readFields(beginning, fields);
  const own =
    found.flags === undefined ? statusLinesIn(Buffer.from(beginning.subarray(0, 4096)).toString('latin1')) : 0;
  const part = { ...found.part, start: found.part.start + own, length: found.part.length - own };
  const digest = createMessageDigest(createHash('sha256'));
  let size = 0;
  for await (const bytes of bytesOfPart(part)) {
    digest.update(bytes);
    size += bytes.length;
  }
  const gmail = header.get('x-gmail-labels')?.[0];
  const labels = gmail === undefined ? undefined : parseTakeoutLabels(gmail);
  const dated = parseDate(header.get('date')?.[0] ?? '')?.nanoseconds;
  return {
    part,
    date: found.date ?? dated ?? found.fileDate,
    flags: found.flags ?? labels?.flags ?? flagsOfFields(header),
    sha256: digest.digest(),
    size,
    labels: labels?.labels,
    threadId: header.get('x-gm-thrid')?.[0]?.trim(),
  };
};

const beginningOf = async (part: MessagePart): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  for await (const bytes of bytesOfPart({ ...part, length: Math.min(part.length, headerSize) })) pieces.push(bytes);
  return Buffer.concat(pieces);
};
