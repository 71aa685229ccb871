import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExportedMessage, ExportReport } from '../../contract/exported-mail.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { fromLine } from '../../mail/mbox/from-line.ts';
import { createQuoting } from '../../mail/mbox/quoting.ts';
import { statusLines } from '../../mail/mbox/status.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';

const lineFeed = 0x0a;
const encode = (text: string): Buffer => Buffer.from(text, 'utf8');

/** The bytes of one message in an mbox of the kind mboxrd: `From ` line, three lines of flags, the message, an empty line. */
export async function* mboxBytes(message: ExportedMessage): AsyncGenerator<Uint8Array, void> {
  yield encode(fromLine(message.entry.mtime));
  const quoting = createQuoting('add');
  let isFirst = true;
  let last: number | undefined = lineFeed;
  for await (const bytes of message.bytes) {
    if (isFirst) {
      const end = bytes.indexOf(lineFeed);
      const lineEnd = end > 0 && bytes[end - 1] === 0x0d ? '\r\n' : '\n';
      yield encode(statusLines(message.letters, message.keywords, lineEnd));
    }
    isFirst = false;
    last = bytes.at(-1);
    yield quoting.push(bytes);
  }
  if (isFirst) yield encode(statusLines(message.letters, message.keywords, '\n'));
  yield quoting.end();
  yield encode(last === lineFeed ? '\n' : '\n\n');
}

interface OpenBox {
  readonly path: string;
  readonly file: FileHandle;
}

const partial = (path: string): string => `${path}.partial`;

const refuseOccupied = async (path: string): Promise<void> => {
  try {
    await lstat(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return;
    throw errnoFault(error, 'write', path);
  }
  throw new Fault('target-occupied', `${path} is there already`, {
    hint: 'Nothing is ever overwritten: give another name.',
  });
};

const openBox = async (path: string): Promise<OpenBox> => {
  await refuseOccupied(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return { path, file: await open(partial(path), 'w', 0o600) };
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};

const finishBox = async ({ path, file }: OpenBox): Promise<void> => {
  try {
    await file.sync();
    await file.close();
    await refuseOccupied(path);
    await rename(partial(path), path);
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};

export interface MboxPlace {
  /** A file that is made, or, with `perFolder`, a directory for one file a folder, named as people know it. */
  readonly path: string;
  readonly perFolder: boolean;
}

/** `Work/2024` lies in `Work/2024.mbox`; what a file name cannot hold is written with `_`. */
const fileOf = ({ path, perFolder }: MboxPlace, name: string): string => {
  if (!perFolder) return path;
  const levels = name
    .split('/')
    .map((level) => level.replace(/[\x00-\x1f\x7f\\:*?"<>|]/g, '_').replace(/^\.+/, '_') || '_');
  return `${join(path, ...levels)}.mbox`;
};

/** Writes messages to mboxes; each appears under its name when it is whole. Fault `target-occupied`; nothing is overwritten. */
export const writeMbox = async (
  messages: AsyncIterable<ExportedMessage>,
  place: MboxPlace,
  run: Run,
): Promise<ExportReport> => {
  let box: OpenBox | undefined;
  let [count, total] = [0, 0];
  try {
    for await (const message of messages) {
      throwIfInterrupted(run);
      const path = fileOf(place, message.mailbox.name);
      if (box !== undefined && box.path !== path) {
        await finishBox(box);
        box = undefined;
      }
      box ??= await openBox(path);
      for await (const bytes of mboxBytes(message)) await box.file.writeFile(bytes);
      count++;
      total += message.entry.size;
      run.emit({ kind: 'progress', files: count, bytes: total, current: message.name });
    }
    if (box !== undefined) await finishBox(box);
    box = undefined;
  } catch (error) {
    throw errnoFault(error, 'write', place.path);
  } finally {
    if (box !== undefined) {
      await box.file.close().catch(() => undefined);
      await rm(partial(box.path), { force: true });
    }
  }
  return { messages: count, bytes: total, left: 0 };
};
