import { readdirSync, rmSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import type { RestoreLedger } from '../../files/restore-ledger.ts';
import { joinedPath } from '../../files/target-name.ts';

/** A message that lies in `tmp` of its folder and has its name to get. */
export interface StagedMessage {
  /** Of the Maildir folder. */
  readonly folder: Path;
  readonly part: ByteString;
  /** As the backup has it. */
  readonly name: ByteString;
  readonly size: number;
  /** Its own in `tmp`. */
  readonly temporary: ByteString;
  isWritten: boolean;
}

/** A folder that was missing, with all that is in it, and has its name to get. */
export interface StagedFolder {
  readonly final: Path;
  readonly staged: Path;
}

/**
 * Where things lie until they are whole: on the same file system, where neither Dovecot nor anybody else looks for mail. The
 * names are those of our process, so that the next restore knows what a killed one has left.
 */
export interface Stage {
  /** A name in `tmp` of the message's folder. */
  message(message: Omit<StagedMessage, 'temporary' | 'isWritten'>): StagedMessage;
  /** Beside the folder that is missing; where that is one of a Maildir, in its `tmp`. */
  folder(final: Path, parentIsMaildir: boolean): StagedFolder;
  /** Where a folder has been staged. */
  stagedFolder(final: Path): StagedFolder | undefined;
  /** What is whole has its name, or is given up: it is forgotten. */
  forgetMessage(message: StagedMessage): void;
  forgetFolder(folder: StagedFolder): void;
  /** A ledger that tells people where things belong, not where they lie, and counts a message when it has its name. */
  ledger(inner: RestoreLedger): RestoreLedger;
  /** Removes all that was not forgotten. */
  clear(): void;
}

const prefix = '.mailkeep-merge';
const pattern = /\.mailkeep-merge-\d+-[0-9a-f]+-\d+/;
/** What is staged, and files of which only a part has come. */
const leftover = /^\.mailkeep-(?:merge|restore)-(\d+)-[0-9a-f]+-\d+$/;
const temporaryFolder = byteStringOfLatin1('tmp');

export const createStage = (root: ByteString, { process: id, token }: { process: number; token: string }): Stage => {
  const messages = new Map<ByteString, StagedMessage>();
  const folders = new Map<ByteString, StagedFolder>();
  const swept = new Set<ByteString>();
  let number = 0;
  const absolute = (path: Path): ByteString => byteStringOfLatin1(`${root}/${joinedPath(path)}`);
  const newName = (directory: Path): ByteString => {
    const key = joinedPath(directory);
    if (!swept.has(key)) sweep(absolute(directory), id);
    swept.add(key);
    return byteStringOfLatin1(`${prefix}-${id}-${token}-${++number}`);
  };

  const messageAt = (path: ByteString): StagedMessage | undefined => messages.get(lastName(path));
  const originalOf = (path: ByteString): ByteString => {
    const found = pattern.exec(path)?.[0];
    if (found === undefined) return path;
    const name = byteStringOfLatin1(found);
    const message = messages.get(name);
    if (message !== undefined) return joinedPath([...message.folder, message.part, message.name]);
    const folder = folders.get(name);
    if (folder === undefined) return path;
    const rest = path.slice(path.indexOf(found) + found.length);
    return byteStringOfLatin1(`${joinedPath(folder.final)}${rest}`);
  };

  return {
    message: (given) => {
      const temporary = newName([...given.folder, temporaryFolder]);
      const message = { ...given, temporary, isWritten: false };
      messages.set(temporary, message);
      return message;
    },
    folder: (final, parentIsMaildir) => {
      const above = final.slice(0, -1);
      const directory = parentIsMaildir ? [...above, temporaryFolder] : above;
      const name = newName(directory);
      const folder = { final, staged: [...directory, name] };
      folders.set(name, folder);
      return folder;
    },
    stagedFolder: (final) => {
      const key = joinedPath(final);
      for (const folder of folders.values()) if (joinedPath(folder.final) === key) return folder;
      return undefined;
    },
    forgetMessage: ({ temporary }) => void messages.delete(temporary),
    forgetFolder: ({ staged }) => void folders.delete(lastName(joinedPath(staged))),
    ledger: (inner) => stagedLedger(inner, { messageAt, originalOf }),
    clear: () => {
      for (const { folder, temporary } of messages.values()) remove(absolute([...folder, temporaryFolder, temporary]));
      for (const { staged } of folders.values()) remove(absolute(staged));
    },
  };
};

interface StagedNames {
  messageAt(path: ByteString): StagedMessage | undefined;
  originalOf(path: ByteString): ByteString;
}

const stagedLedger = (inner: RestoreLedger, { messageAt, originalOf }: StagedNames): RestoreLedger => ({
  ...inner,
  written: (path, size, replaced) => {
    const message = messageAt(path);
    if (message === undefined) inner.written(originalOf(path), size, replaced);
    else message.isWritten = true;
  },
  left: (path, size) => inner.left(originalOf(path), size),
  failed: (path, fault) => inner.failed(originalOf(path), fault),
});

const lastName = (path: ByteString): ByteString => byteStringOfLatin1(path.slice(path.lastIndexOf('/') + 1));

const remove = (place: ByteString): void => {
  try {
    rmSync(nativePath(place), { recursive: true, force: true });
  } catch (error) {
    throw errnoFault(error, 'remove the unfinished', place);
  }
};

/** Removes what restores have left whose process is gone. */
const sweep = (directory: ByteString, own: number): void => {
  for (const name of namesIn(directory)) {
    const match = leftover.exec(name);
    const processId = Number(match?.[1] ?? 0);
    if (match === null || processId === own || isAlive(processId)) continue;
    remove(byteStringOfLatin1(`${directory}/${name}`));
  }
};

const namesIn = (directory: ByteString): readonly string[] => {
  try {
    return readdirSync(nativePath(directory), { encoding: 'latin1' });
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw errnoFault(error, 'list', directory);
  }
};

const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return errnoCode(error) !== 'ESRCH';
  }
};
