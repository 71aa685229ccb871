import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { readablePath } from '../../system/native-path.ts';
import { below, kindFolder, packFolders, parentOf } from '../local-layout.ts';
import { eachEntry } from './read-file.ts';
import { isFolder, isRefusal, isThere, makeFolder, sftpStatus, statIfThere } from './request.ts';
import type { SftpSession } from './session.ts';
import { syncFolder } from './write-file.ts';

/** Folders that are made at once. */
const atOnce = 32;

/** Makes a folder (0700) unless it is there; whether it was made. Servers only say "failure" of one that is there. */
const ensureFolder = async (session: SftpSession, path: ByteString): Promise<boolean> => {
  try {
    await makeFolder(session, path);
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const found = await statIfThere(session, path);
    if (found === undefined || !isFolder(found)) throw error;
    return false;
  }
};

/** Makes a folder and what is missing above it, each durable in its parent. */
export const ensureFolders = async (session: SftpSession, path: ByteString): Promise<void> => {
  try {
    if (await ensureFolder(session, path)) await syncFolder(session, parentOf(path));
  } catch (error) {
    if (!isRefusal(error, sftpStatus.noSuchFile, sftpStatus.failure) || parentOf(path) === path) throw error;
    if ((await statIfThere(session, parentOf(path))) !== undefined) throw error;
    await ensureFolders(session, parentOf(path));
    if (await ensureFolder(session, path)) await syncFolder(session, parentOf(path));
  }
};

/** Makes every folder of a repository. */
export const createFolders = async (session: SftpSession, base: ByteString, run: Run): Promise<void> => {
  await ensureFolders(session, base);
  await Promise.all(Object.values(kindFolder).map((folder) => ensureFolder(session, below(base, folder))));
  const data = below(base, kindFolder.pack);
  const there = new Set<string>();
  await eachEntry(session, data, (entries) => {
    for (const { name } of entries) there.add(name);
  });
  const missing = packFolders.filter((name) => !there.has(name));
  for (let at = 0; at < missing.length; at += atOnce) {
    throwIfInterrupted(run);
    await Promise.all(missing.slice(at, at + atOnce).map((name) => ensureFolder(session, below(data, name))));
  }
  await Promise.all([syncFolder(session, data), syncFolder(session, base)]);
};

/**
 * A folder that is missing beside a config was empty and got lost in copying, and may be made again. Without a config
 * this is the wrong path or a disk that is not mounted, and neither an empty listing nor a new folder would be the truth.
 */
export const acceptMissingFolder = async (session: SftpSession, base: ByteString, cause: unknown): Promise<void> => {
  if (await isThere(session, below(base, 'config'))) return;
  throw new Fault('backend-unavailable', `the folders of the repository are not in ${readablePath(base)}`, {
    hint: 'Is this the right path on the server, and is its disk mounted?',
    context: { path: readablePath(base) },
    cause,
  });
};
