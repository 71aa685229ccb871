import { readdir, readFile } from 'node:fs/promises';
import {
  type MbsyncPairing,
  pairingsOf,
  parseMbsyncState,
  parseUidValidity,
} from '../../../mail/adopt/mbsync-state.ts';
import { folderKey } from '../../../mail/adopt/folder-key.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { joinBytes, type OldFolder } from './old-tree.ts';

const name = byteStringOfLatin1;

const textOf = async (path: ByteString): Promise<string | undefined> => {
  try {
    return await readFile(nativePath(path), 'latin1');
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw errnoFault(error, 'read', path);
  }
};

const namesIn = async (directory: ByteString): Promise<readonly ByteString[]> => {
  try {
    return (await readdir(nativePath(directory), 'latin1')).map(name);
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw errnoFault(error, 'list', directory);
  }
};

/** What the two programs have written down beside their Maildirs. */
export interface OldState {
  /**
   * UIDVALIDITY of a folder of the server as OfflineIMAP has it, of every account that it has; none: it has never seen such a
   * folder.
   */
  uidValidities(serverFolder: ByteString): Promise<readonly number[]>;
  /** What mbsync knows of a Maildir of its own. */
  pairings(folder: OldFolder): Promise<readonly MbsyncPairing[]>;
  /** mbsync was ended in the middle of its work, and has not gone on since. */
  isHalfDone(folder: OldFolder): Promise<boolean>;
}

/** In these folders, first of all those that people have named: `~/.offlineimap`, `~/.mbsync` and the like. */
export const openOldState = (folders: readonly ByteString[]): OldState => {
  let boxes: Promise<ReadonlyMap<string, readonly ByteString[]>> | undefined;
  const statesOf = async (folder: OldFolder): Promise<readonly ByteString[]> => {
    boxes ??= mbsyncBoxes(folders);
    return [joinBytes(folder.directory, name('.mbsyncstate')), ...((await boxes).get(folder.key) ?? [])];
  };
  const pairings = async (folder: OldFolder): Promise<readonly MbsyncPairing[]> => {
    const own = await textOf(joinBytes(folder.directory, name('.uidvalidity')));
    const local = own === undefined ? undefined : parseUidValidity(own);
    if (local === undefined) return [];
    const found: MbsyncPairing[] = [];
    for (const path of await statesOf(folder)) {
      const state = parseMbsyncState((await textOf(path)) ?? '');
      if (state !== undefined) found.push(...pairingsOf(state, local));
    }
    return found;
  };
  const known = new Map<OldFolder, Promise<readonly MbsyncPairing[]>>();
  return {
    async uidValidities(serverFolder) {
      const found: number[] = [];
      for (const directory of await validityFolders(folders)) {
        const text = await textOf(joinBytes(directory, offlineImapName(serverFolder)));
        const value = text === undefined ? undefined : parseUidValidity(`${text.trim()}\n`);
        if (value !== undefined) found.push(value);
      }
      return found;
    },
    pairings(folder) {
      const found = known.get(folder) ?? pairings(folder);
      known.set(folder, found);
      return found;
    },
    async isHalfDone(folder) {
      for (const path of await statesOf(folder)) {
        const journal = await textOf(name(`${path}.journal`));
        if (journal !== undefined && journal !== '') return true;
      }
      return false;
    },
  };
};

/** `Repository-NAME/FolderValidity` of every repository; that of a Maildir has 42 for all its folders. */
const validityFolders = async (folders: readonly ByteString[]): Promise<readonly ByteString[]> => {
  const found: ByteString[] = [];
  for (const folder of folders) {
    for (const own of await namesIn(folder)) {
      if (own.startsWith('Repository-')) found.push(joinBytes(folder, own, name('FolderValidity')));
    }
  }
  return found;
};

/** How OfflineIMAP calls the file of a folder (its `getfolderbasename`). */
const offlineImapName = (folder: ByteString): ByteString => {
  const flat = folder.replaceAll('/', '.');
  return name(flat === '.' ? 'dot' : flat);
};

/** States outside the Maildirs: `Lists!dev` where SyncState names a folder, `:far:Lists!dev_:near:Lists!dev` otherwise. */
const mbsyncBoxes = async (folders: readonly ByteString[]): Promise<ReadonlyMap<string, readonly ByteString[]>> => {
  const found = new Map<string, ByteString[]>();
  for (const folder of folders) {
    for (const own of await namesIn(folder)) {
      if (/\.(?:journal|new|lock)$/.test(own)) continue;
      const box = name(own.slice(own.lastIndexOf(':') + 1).replaceAll('!', '/'));
      const key = folderKey(box, undefined);
      found.set(key, [...(found.get(key) ?? []), joinBytes(folder, own)]);
    }
  }
  return found;
};
