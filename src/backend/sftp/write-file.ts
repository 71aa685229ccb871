import { randomBytes } from 'node:crypto';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { readablePath } from '../../system/native-path.ts';
import { parentOf, temporaryMark } from '../local-layout.ts';
import { lengthOf } from '../parts.ts';
import { writeFault } from './sftp-fault.ts';
import {
  closeHandle,
  isRefusal,
  isThere,
  linkFile,
  openNew,
  openToRead,
  type Piece,
  removeFile,
  renameFile,
  type SftpHandle,
  sftpStatus,
  syncHandle,
  writeAt,
} from './request.ts';
import type { SftpSession } from './session.ts';

/** Bytes of one file that may be under way: enough to fill a long fast line, little enough to keep in memory. */
const windowBytes = 4 << 20;

/** The parts as pieces of one request each. A piece that joins parts is a copy; a view is only given of a large part. */
function* pieces(parts: readonly Uint8Array[], size: number): Generator<Piece> {
  let at = 0;
  let joint = new Uint8Array(0);
  let filled = 0;
  for (const part of parts) {
    let from = 0;
    while (from < part.length) {
      if (filled === 0 && part.length - from >= size) {
        yield { at, bytes: part.subarray(from, from + size) };
        at += size;
        from += size;
        continue;
      }
      if (filled === 0) joint = new Uint8Array(size);
      const taken = Math.min(size - filled, part.length - from);
      joint.set(part.subarray(from, from + taken), filled);
      filled += taken;
      from += taken;
      if (filled < size) continue;
      yield { at, bytes: joint };
      at += size;
      filled = 0;
    }
  }
  if (filled > 0) yield { at, bytes: joint.subarray(0, filled) };
}

/** Writes the parts, many requests under way at once. All of them are answered when it settles. */
const writeParts = async (
  session: SftpSession,
  handle: SftpHandle,
  parts: readonly Uint8Array[],
  run: Run,
): Promise<void> => {
  const { write: size } = session.limits;
  const underWay = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  for (const piece of pieces(parts, size)) {
    if (failed !== undefined || run.signal.aborted) break;
    const written = writeAt(session, handle, piece).then(
      () => {
        underWay.delete(written);
      },
      (error: unknown) => {
        underWay.delete(written);
        failed ??= { error };
      },
    );
    underWay.add(written);
    if (underWay.size * size >= windowBytes) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failed !== undefined) throw failed.error;
  throwIfInterrupted(run);
};

/** For tidying up after a failure, which must stay the failure that is told; what stays behind is swept later. */
const tryRemove = async (session: SftpSession, path: ByteString): Promise<void> => {
  await removeFile(session, path).catch(() => {});
};

const canSync = (session: SftpSession): boolean => session.extensions.has('fsync@openssh.com');

/** Some servers announce what they are configured to refuse, and some file systems know no fsync. */
const syncFile = async (session: SftpSession, handle: SftpHandle): Promise<void> => {
  if (!canSync(session)) return;
  try {
    await syncHandle(session, handle);
  } catch (error) {
    if (!isRefusal(error, sftpStatus.unsupported, sftpStatus.permissionDenied, sftpStatus.badMessage)) throw error;
  }
};

/** A folder that is kept open so that what happens in it can be made durable. */
export interface OpenFolder {
  /** Makes durable what was created, linked or removed in the folder; then it is closed. */
  sync(): Promise<void>;
  /** Only closes it. */
  close(): Promise<void>;
}

const unsynced: OpenFolder = { sync: async () => {}, close: async () => {} };

/**
 * OpenSSH opens folders as files and syncs them. A server or a file system that does not is asked once; where it
 * worked before, a failure is one.
 */
export const openToSync = async (session: SftpSession, folder: ByteString): Promise<OpenFolder> => {
  const { learned } = session;
  if (!canSync(session) || learned.folderSync === 'refused') return unsynced;
  let handle: SftpHandle;
  try {
    handle = await openToRead(session, folder);
  } catch (error) {
    if (isRefusal(error) && learned.folderSync === 'untried') return unsynced;
    throw error;
  }
  // It is the sync that makes things durable, and its failure is told; closing a folder writes nothing.
  const close = (): Promise<void> => closeHandle(session, handle).catch(() => {});
  return {
    close,
    sync: async () => {
      const synced = syncHandle(session, handle);
      void close();
      try {
        await synced;
        learned.folderSync = 'works';
      } catch (error) {
        if (!isRefusal(error) || learned.folderSync === 'works') throw error;
        learned.folderSync = 'refused';
      }
    },
  };
};

/** Makes durable what happened in a folder. */
export const syncFolder = async (session: SftpSession, folder: ByteString): Promise<void> =>
  (await openToSync(session, folder)).sync();

const taken = (target: ByteString, cause?: unknown): Fault =>
  new Fault('object-exists', `cannot write ${readablePath(target)}: it exists already`, {
    context: { path: readablePath(target) },
    ...(cause === undefined ? {} : { cause }),
  });

/** For servers without hard links: a look first, since some let a rename overwrite. */
const renameUntaken = async (session: SftpSession, temporary: ByteString, target: ByteString): Promise<void> => {
  if (await isThere(session, target)) throw taken(target);
  try {
    await renameFile(session, temporary, target);
  } catch (error) {
    if (isRefusal(error) && (await isThere(session, target))) throw taken(target, error);
    throw error;
  }
};

/** Gives the temporary file its final name, never over another. Afterwards the temporary name may still be there. */
const moveIntoPlace = async (session: SftpSession, temporary: ByteString, target: ByteString): Promise<void> => {
  if (!session.learned.hardLinks) return renameUntaken(session, temporary, target);
  try {
    await linkFile(session, temporary, target);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await renameUntaken(session, temporary, target);
    session.learned.hardLinks = false;
  }
};

const writeTemporary = async (session: SftpSession, temporary: ByteString, { parts, run }: Saving): Promise<void> => {
  const handle = await openNew(session, temporary);
  try {
    await writeParts(session, handle, parts, run);
    await syncFile(session, handle);
  } catch (error) {
    // The file is given up: what is told is why.
    await closeHandle(session, handle).catch(() => {});
    throw error;
  }
  await closeHandle(session, handle);
  throwIfInterrupted(run);
};

export interface Saving {
  readonly parts: readonly Uint8Array[];
  readonly run: Run;
}

/** Publishes the temporary file and makes that durable; a failure leaves no target of ours. */
const publish = async (
  session: SftpSession,
  { temporary, target, folder }: { temporary: ByteString; target: ByteString; folder: OpenFolder },
): Promise<void> => {
  const { hardLinks } = session.learned;
  await moveIntoPlace(session, temporary, target);
  try {
    await folder.sync();
  } catch (error) {
    // Where that fails too, a whole file stays under its name: its bytes were synced before, and the caller was told of a failure.
    await tryRemove(session, target);
    throw error;
  }
  if (hardLinks) await tryRemove(session, temporary);
};

/**
 * Writes a file whole and durably under a name that must be free: to a file of its own first, which is then linked into
 * place. Rejects with the server's refusal (of a missing folder too), `object-exists`, `disk-full` or `interrupted`.
 */
export const saveFile = async (session: SftpSession, target: ByteString, saving: Saving): Promise<void> => {
  const temporary = byteStringOfLatin1(`${target}${temporaryMark}${randomBytes(8).toString('hex')}`);
  const [opened, written] = await Promise.allSettled([
    openToSync(session, parentOf(target)),
    writeTemporary(session, temporary, saving),
  ]);
  const folder = opened.status === 'fulfilled' ? opened.value : unsynced;
  try {
    if (written.status === 'rejected') throw written.reason;
    if (opened.status === 'rejected') throw opened.reason;
    await publish(session, { temporary, target, folder });
  } catch (error) {
    await Promise.all([folder.close(), tryRemove(session, temporary)]);
    if (isRefusal(error, sftpStatus.noSuchFile)) throw error;
    throw await writeFault(session, error, { folder: parentOf(target), path: target, bytes: lengthOf(saving.parts) });
  }
};

/** Removes a file durably. */
export const removeDurably = async (session: SftpSession, path: ByteString): Promise<void> => {
  const [opened, removed] = await Promise.allSettled([openToSync(session, parentOf(path)), removeFile(session, path)]);
  if (opened.status === 'fulfilled' && removed.status === 'fulfilled') return opened.value.sync();
  if (opened.status === 'fulfilled') await opened.value.close();
  if (removed.status === 'rejected') throw removed.reason;
  if (opened.status === 'rejected') throw opened.reason;
};
