import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { parsePresentedName } from '../../../mail/direct/presented-name.ts';
import { splitMaildirName } from '../../../mail/maildir-name.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

/** A message file of a mirror. */
export interface MirrorMessage {
  readonly place: 'cur' | 'new';
  readonly name: ByteString;
  /** Which body under its UID. */
  readonly body: number;
}

/** What lies in one folder of a mirror. */
export interface MirrorFolder {
  readonly directory: string;
  readonly uidValidity: number;
  /** Of this generation, by UID: of several files for one that of the newest body. */
  readonly messages: Map<number, MirrorMessage>;
  /** Ours, but of another generation, or a second file for a UID: to be removed once all is there. */
  readonly stale: MirrorMessage[];
  /** Cut off or written over, by UID: to be replaced. */
  readonly damaged: Map<number, MirrorMessage>;
  /** Files that are none of ours, such as what a mail program has stored here: never touched. */
  readonly foreign: number;
}

const places = ['new', 'cur'] as const;

const namesIn = async (directory: string): Promise<readonly ByteString[] | undefined> => {
  try {
    return (await readdir(directory, 'latin1')).map(byteStringOfLatin1);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'list', directory);
  }
};

/**
 * The messages of a folder by the names of their files, which tell UIDVALIDITY, UID and folder. Undefined when there is no
 * such folder. Without `uidValidity` that of most messages is taken.
 */
export const readMirrorFolder = async (
  directory: string,
  { mark, uidValidity }: { readonly mark: string; readonly uidValidity: number | undefined },
): Promise<MirrorFolder | undefined> => {
  const generations = new Map<number, Map<number, MirrorMessage>>();
  const doubles: MirrorMessage[] = [];
  let foreign = 0;
  let exists = false;
  for (const place of places) {
    const names = await namesIn(join(directory, place));
    exists ||= names !== undefined;
    for (const name of names ?? []) {
      if (name.startsWith('.')) continue;
      const parsed = parsePresentedName(name);
      if (parsed === undefined || parsed.mark !== mark) {
        foreign++;
        continue;
      }
      const { uid, body } = parsed;
      const messages = generations.get(parsed.uidValidity) ?? new Map<number, MirrorMessage>();
      generations.set(parsed.uidValidity, messages);
      const message = { place, name, body };
      const other = messages.get(uid);
      if (other === undefined || other.body < body) messages.set(uid, message);
      if (other !== undefined) doubles.push(other.body < body ? other : message);
    }
  }
  if (!exists) return undefined;
  const largest = [...generations].sort(([, left], [, right]) => right.size - left.size)[0]?.[0];
  const current = uidValidity ?? largest ?? 0;
  const others = [...generations].flatMap(([other, messages]) => (other === current ? [] : [...messages.values()]));
  const messages = generations.get(current) ?? new Map<number, MirrorMessage>();
  return { ...emptyFolder(directory, current), messages, stale: [...doubles, ...others], foreign };
};

export const emptyFolder = (directory: string, uidValidity: number): MirrorFolder => ({
  directory,
  uidValidity,
  messages: new Map(),
  stale: [],
  damaged: new Map(),
  foreign: 0,
});

/** The whole name of a message, with the letters of its flags. */
export const nameWith = (identity: ByteString, letters: string): ByteString =>
  byteStringOfLatin1(`${identity}:2,${[...new Set(letters)].sort().join('')}`);

export const pathOfMessage = (directory: string, { place, name }: MirrorMessage): string =>
  join(directory, place, name);

/** UIDs whose files have not the size that their names tell, or are no files: cut off, or written over. */
export const damagedIn = async ({ directory, messages }: MirrorFolder): Promise<readonly number[]> => {
  const damaged: number[] = [];
  const all = [...messages];
  for (let at = 0; at < all.length; at += 256) {
    const looks = all.slice(at, at + 256).map(async ([uid, message]) => {
      try {
        const stats = await lstat(pathOfMessage(directory, message));
        if (!stats.isFile() || stats.size !== splitMaildirName(message.name).size) damaged.push(uid);
      } catch (error) {
        if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'read', directory);
        damaged.push(uid);
      }
    });
    await Promise.all(looks);
  }
  return damaged.sort((left, right) => left - right);
};

/** Makes a folder with all that a Maildir needs. */
export const makeMaildir = async (directory: string): Promise<void> => {
  try {
    for (const own of ['tmp', 'new', 'cur']) await mkdir(join(directory, own), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw errnoFault(error, 'make', directory);
  }
};
