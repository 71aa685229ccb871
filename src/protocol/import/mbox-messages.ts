import { type FileHandle, open } from 'node:fs/promises';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { dateOfFromLine, isFromLine } from '../../mail/mbox/from-line.ts';
import { errnoFault } from '../../system/errno.ts';
import type { FoundPart } from './imported-message.ts';

const chunkSize = 1_048_576;
const longestLine = 1000;
const headerSize = 65_536;
const [lineFeed, carriageReturn] = [0x0a, 0x0d];

interface Beginning {
  /** Of the `From ` line, and of what comes behind it. */
  readonly at: number;
  readonly body: number;
  readonly date: Nanoseconds | undefined;
  /** A true Content-Length told where it ends, and text that looks like a beginning was in it: nothing is quoted there. */
  unquoted: boolean;
}

export interface MboxFile {
  /** Where it lies, or what it is called. */
  readonly path: string;
  /** Open already, and left open: its messages are read through it. */
  readonly file?: FileHandle;
}

/**
 * The messages of an mbox, of whatever kind (mboxo, mboxrd, mboxcl, mboxcl2), with LF, CRLF or CR. A `From ` line begins a
 * message when it holds a time and a year; one within a Content-Length that proves true does not. What stands before the
 * first is told, unless it is empty. Memory is bounded, whatever the file's size.
 */
export async function* mboxMessages({ path, file: given }: MboxFile, run: Run): AsyncGenerator<FoundPart, void> {
  const file =
    given ??
    (await open(path, 'r').catch((error: unknown) => {
      throw errnoFault(error, 'read', path, { ENOENT: 'source-missing' });
    }));
  try {
    const { size, mtimeNs } = await file.stat({ bigint: true });
    const lineEnd = await lineEndOf(file);
    const source: Mbox = { path, file, size: Number(size), fileDate: mtimeNs, lineEnd, isGiven: given !== undefined };
    let current: Beginning | undefined;
    for await (const next of beginnings(source, (): Beginning | undefined => current, run)) {
      if (current === undefined) await tellLeading(source, next.at, run);
      else yield await partOf(source, current, next.at);
      current = next;
    }
    if (current === undefined) await tellLeading(source, source.size, run);
    else yield await partOf(source, current, source.size);
  } catch (error) {
    throw errnoFault(error, 'read', path);
  } finally {
    if (given === undefined) await file.close();
  }
}

interface Mbox {
  readonly path: string;
  readonly file: FileHandle;
  readonly size: number;
  readonly fileDate: Nanoseconds;
  readonly lineEnd: number;
  /** It stays open, and its messages are read through it. */
  readonly isGiven: boolean;
}

const readAt = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
};

/** Old Macs ended lines with CR alone. */
const lineEndOf = async (file: FileHandle): Promise<number> => {
  const head = await readAt(file, 0, headerSize);
  return head.includes(lineFeed) || !head.includes(carriageReturn) ? lineFeed : carriageReturn;
};

async function* beginnings(
  source: Mbox,
  current: () => Beginning | undefined,
  run: Run,
): AsyncGenerator<Beginning, void> {
  let trustedUntil = 0;
  for (let position = 0; position < source.size;) {
    throwIfInterrupted(run);
    // One byte before, to see that a line begins; a line's length behind, to see it whole.
    const first = Math.max(0, position - 1);
    const bytes = await readAt(source.file, first, chunkSize + longestLine);
    const stop = position + chunkSize;
    for (let at = bytes.indexOf('From '); at >= 0 && first + at < stop; at = bytes.indexOf('From ', at + 5)) {
      const place = first + at;
      if (place < position || (place > 0 && bytes[at - 1] !== source.lineEnd)) continue;
      if (place < trustedUntil) {
        const open = current();
        if (open !== undefined) open.unquoted = true;
        continue;
      }
      const end = bytes.indexOf(source.lineEnd, at);
      const line = bytes.subarray(at, end < 0 ? at + longestLine : end).toString('latin1');
      if (!isFromLine(line)) continue;
      const body = end < 0 ? source.size : first + end + 1;
      trustedUntil = await endByLength(source, body);
      yield { at: place, body, date: dateOfFromLine(line), unquoted: false };
    }
    position = stop;
  }
}

/** Where Content-Length says that a message ends, if the next one, or the end of the file, is really there; otherwise 0. */
const endByLength = async ({ file, size, lineEnd }: Mbox, body: number): Promise<number> => {
  const header = (await readAt(file, body, headerSize)).toString('latin1');
  const blank = lineEnd === carriageReturn ? /\r\r/.exec(header) : /\n\r?\n/.exec(header);
  if (blank === null) return 0;
  const match = /^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(header.slice(0, blank.index + 1));
  if (match === null) return 0;
  const end = body + blank.index + blank[0].length + Number(match[1]);
  if (end > size) return 0;
  const behind = (await readAt(file, end, longestLine)).toString('latin1').replace(/^[\r\n]{0,4}/, '');
  return behind === '' || isFromLine(behind.split(/[\r\n]/, 1)[0] ?? '') ? end : 0;
};

/** Without the empty line that parts it from the next. */
const partOf = async (mbox: Mbox, beginning: Beginning, end: number): Promise<FoundPart> => {
  const { path, file, fileDate, isGiven } = mbox;
  const { body, date, unquoted } = beginning;
  const tail = await readAt(file, Math.max(body, end - 4), Math.min(4, end - body));
  const text = tail.toString('latin1');
  const blank = /(?:\r\n(\r\n)|\n(\r?\n)|\r(\r))$/.exec(text);
  const separator = blank?.[1] ?? blank?.[2] ?? blank?.[3] ?? '';
  const place = { file: path, start: body, length: end - body - separator.length, unquote: !unquoted };
  const part = isGiven ? { ...place, open: piecesOf(file) } : place;
  return { part, date, fileDate, flags: undefined };
};

const piecesOf = (file: FileHandle): NonNullable<FoundPart['part']['open']> =>
  async function* ({ start, length }) {
    const pieces = file.createReadStream({ start, end: start + length - 1, autoClose: false, highWaterMark: 262_144 });
    for await (const piece of pieces) if (piece instanceof Uint8Array) yield piece;
  };

const tellLeading = async ({ path, file }: Mbox, end: number, run: Run): Promise<void> => {
  const bytes = await readAt(file, 0, Math.min(end, headerSize));
  if (bytes.toString('latin1').trim() === '') return;
  const fault = new Fault('entry-unreadable', `${end} bytes are no message, as no line “From …” stands before them`, {
    hint: 'Is it an mbox? A single message is imported with --format eml.',
    context: { path, bytes: end },
  });
  run.emit({ kind: 'fault', fault, path: byteStringOfLatin1(Buffer.from(path).toString('latin1')) });
};
