import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteString } from '../../../model/byte-string.ts';

/** A folder of an account in one of its generations. */
export interface JournaledFolder {
  readonly name: ByteString;
  readonly uidValidity: number;
}

/** What was added, and as which message (APPENDUID, RFC 4315). */
export interface JournaledMessage {
  readonly uid: number;
  /** Bytes as they were sent. */
  readonly size: number;
  /** INTERNALDATE as it was given, seconds since 1970. */
  readonly seconds: number;
  /** SHA-256 of the CRLF form. */
  readonly sha256: string;
}

/**
 * What earlier restores have added to an account, as its server told. It saves looking at messages, and is nothing but a
 * hint: whatever cannot be read or written is as if it had never been noted.
 */
export interface AppendJournal {
  /** By UID. */
  read(folder: JournaledFolder): Promise<ReadonlyMap<number, JournaledMessage>>;
  add(folder: JournaledFolder, messages: readonly JournaledMessage[]): Promise<void>;
  /** Lets go of what is noted of messages that are no longer there, or of an earlier generation of the folder. */
  tidy(folder: JournaledFolder, isThere: (uid: number) => boolean): Promise<void>;
}

const digestOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0'), 'latin1').digest('hex').slice(0, 32);

const line = /^(\d{1,10}) (\d{1,10}) (\d{1,15}) (-?\d{1,12}) ([0-9a-f]{64})$/;

const textOf = ({ uidValidity, uid, size, seconds, sha256 }: JournaledLine): string =>
  `${uidValidity} ${uid} ${size} ${seconds} ${sha256}\n`;

/** A file for each folder below the directory; a line for each message: UIDVALIDITY, UID, size, date, SHA-256. */
export const createAppendJournal = (
  stateDirectory: string,
  account: { readonly host: string; readonly port: number; readonly user: string },
): AppendJournal => {
  const directory = join(stateDirectory, 'appended', digestOf(account.host, String(account.port), account.user));
  const fileOf = ({ name }: JournaledFolder): string => join(directory, digestOf(name));
  // A hint only: without it the restore looks at the messages themselves, so that nothing is added twice or left out.
  return {
    read: (folder) => readLines(fileOf(folder), folder.uidValidity).catch(() => new Map()),
    add: async ({ name, uidValidity }, messages) => {
      const lines = messages.map((message) => textOf({ ...message, uidValidity }));
      const write = async (): Promise<void> => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await appendFile(fileOf({ name, uidValidity }), lines.join(''), { mode: 0o600 });
      };
      await write().catch(() => undefined);
    },
    tidy: (folder, isThere) => tidyLines(fileOf(folder), folder.uidValidity, isThere).catch(() => undefined),
  };
};

type JournaledLine = JournaledMessage & Pick<JournaledFolder, 'uidValidity'>;

/** Undefined for a line that cannot be read. */
async function* linesOf(path: string): AsyncGenerator<JournaledLine | undefined, void> {
  const file = await open(path);
  try {
    for await (const text of file.readLines({ encoding: 'latin1' })) {
      const [, generation, uid, size, seconds, sha256] = line.exec(text) ?? [];
      const numbers = { uid: Number(uid), size: Number(size), seconds: Number(seconds) };
      yield sha256 === undefined ? undefined : { uidValidity: Number(generation), ...numbers, sha256 };
    }
  } finally {
    await file.close();
  }
}

const readLines = async (path: string, uidValidity: number): Promise<ReadonlyMap<number, JournaledMessage>> => {
  const found = new Map<number, JournaledMessage>();
  for await (const own of linesOf(path)) {
    if (own?.uidValidity !== uidValidity) continue;
    const { uidValidity: _, ...message } = own;
    found.set(own.uid, message);
  }
  return found;
};

/** As long as most lines are of use, the others are no burden. */
const tidyLines = async (path: string, uidValidity: number, isThere: (uid: number) => boolean): Promise<void> => {
  const kept = new Map<number, string>();
  let lines = 0;
  for await (const own of linesOf(path)) {
    lines++;
    if (own?.uidValidity === uidValidity && isThere(own.uid)) kept.set(own.uid, textOf(own));
  }
  if (lines <= 2 * kept.size) return;
  if (kept.size === 0) {
    await rm(path, { force: true });
    return;
  }
  const partial = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(partial, [...kept.values()].join(''), { mode: 0o600, flag: 'wx' });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
};
