import { createHash } from 'node:crypto';
import { appendFile, mkdir, open } from 'node:fs/promises';
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
}

const digestOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0'), 'latin1').digest('hex').slice(0, 32);

const line = /^(\d{1,10}) (\d{1,10}) (\d{1,15}) (-?\d{1,12}) ([0-9a-f]{64})$/;

/** A file for each folder below the directory; a line for each message: UIDVALIDITY, UID, size, date, SHA-256. */
export const createAppendJournal = (
  stateDirectory: string,
  account: { readonly host: string; readonly port: number; readonly user: string },
): AppendJournal => {
  const directory = join(stateDirectory, 'appended', digestOf(account.host, String(account.port), account.user));
  const fileOf = ({ name }: JournaledFolder): string => join(directory, digestOf(name));
  return {
    read: (folder) => readLines(fileOf(folder), folder.uidValidity).catch(() => new Map()),
    add: async ({ name, uidValidity }, messages) => {
      const lines = messages.map(
        ({ uid, size, seconds, sha256 }) => `${uidValidity} ${uid} ${size} ${seconds} ${sha256}\n`,
      );
      const write = async (): Promise<void> => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await appendFile(fileOf({ name, uidValidity }), lines.join(''), { mode: 0o600 });
      };
      await write().catch(() => undefined);
    },
  };
};

const readLines = async (path: string, uidValidity: number): Promise<ReadonlyMap<number, JournaledMessage>> => {
  const file = await open(path);
  const found = new Map<number, JournaledMessage>();
  try {
    for await (const text of file.readLines({ encoding: 'latin1' })) {
      const [, generation, uid, size, seconds, sha256] = line.exec(text) ?? [];
      if (sha256 === undefined || Number(generation) !== uidValidity) continue;
      found.set(Number(uid), { uid: Number(uid), size: Number(size), seconds: Number(seconds), sha256 });
    }
    return found;
  } finally {
    await file.close();
  }
};
