import type { Backend, ObjectHandle } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { below, folderOf, kindFolder, objectPath } from '../local-layout.ts';
import { checkHandle, checkRange, objectMissing } from '../object-name.ts';
import { createCommandTransport } from './command-transport.ts';
import { sftpFault } from './sftp-fault.ts';
import { acceptMissingFolder, createFolders, ensureFolders } from './folders.ts';
import { listObjects } from './list-objects.ts';
import { createSftpPool, type SftpTransport } from './session-pool.ts';
import { readFile } from './read-file.ts';
import { isRefusal, isRegular, removeFile, sftpStatus, statOf } from './request.ts';
import type { SftpSession } from './session.ts';
import { describeSftp, isSftpSettings, type SftpSettings } from './settings.ts';
import { removeDurably, type Saving, saveFile } from './write-file.ts';

/** The SSH library is loaded when the first connection is made. */
const sshTransport = (settings: SftpSettings): SftpTransport => {
  let made: Promise<SftpTransport> | undefined;
  let closed = false;
  return {
    streams: settings.connections,
    open: async () => {
      made ??= import('./ssh-transport.ts').then(({ createSshTransport }) => createSshTransport(settings));
      const transport = await made;
      if (closed) transport.close();
      return transport.open();
    },
    close: () => {
      closed = true;
      void made?.then((transport) => transport.close());
    },
  };
};

const saveObject = async (
  session: SftpSession,
  base: ByteString,
  { handle, ...saving }: Saving & { readonly handle: ObjectHandle },
): Promise<void> => {
  const target = objectPath(base, handle);
  try {
    await saveFile(session, target, saving);
  } catch (error) {
    if (!isRefusal(error, sftpStatus.noSuchFile)) throw error;
    await acceptMissingFolder(session, base, error);
    await ensureFolders(session, folderOf(base, handle));
    await saveFile(session, target, saving);
  }
};

const transportOf = (settings: SftpSettings): SftpTransport =>
  settings.command === undefined ? sshTransport(settings) : createCommandTransport(settings.command);

/** What writes that died have left behind, as listings come across it. */
const createLeftovers = () => {
  const paths = new Set<ByteString>();
  return {
    note: (path: ByteString): void => {
      paths.add(path);
    },
    sweep: async (session: SftpSession): Promise<void> => {
      const all = [...paths];
      paths.clear();
      // What cannot be removed now is met again by the next listing; a lost connection shows in the call that comes next.
      await Promise.all(all.map((path) => removeFile(session, path).catch(() => {})));
    },
  };
};

/**
 * A repository on an SFTP server, in restic's layout. Nothing is connected to here. Folders are made 0700, objects 0600.
 * What writes that died have left is noticed in listings and removed by the next call that writes or removes.
 */
export const openSftpBackend = (settings: SftpSettings): Backend => {
  const base = settings.path;
  const pool = createSftpPool(transportOf(settings));
  const leftovers = createLeftovers();
  const pathFor = (handle: ObjectHandle): ByteString => {
    checkHandle(handle);
    return objectPath(base, handle);
  };
  const asked = async <T>(
    { action, path, run }: { readonly action: string; readonly path: ByteString; readonly run: Run },
    step: (session: SftpSession) => Promise<T>,
  ): Promise<T> => {
    try {
      return await pool.use(run, step);
    } catch (error) {
      throw sftpFault(error, action, path);
    }
  };

  return {
    description: describeSftp(settings),
    capabilities: { immutable: false, connections: settings.connections, isRemote: true },
    entrance: { module: import.meta.url, location: settings },
    create: (run) => asked({ action: 'make', path: base, run }, (session) => createFolders(session, base, run)),
    size: async (handle, run) => {
      const path = pathFor(handle);
      const found = await asked({ action: 'look at', path, run }, (session) => statOf(session, path));
      if (!isRegular(found)) throw objectMissing(handle);
      return found.size ?? 0;
    },
    save: async (handle, parts, run) => {
      const path = pathFor(handle);
      await asked({ action: 'write', path, run }, async (session) => {
        await saveObject(session, base, { handle, parts, run });
        await leftovers.sweep(session);
      });
    },
    load: async (handle, range, run) => {
      checkRange(range);
      const path = pathFor(handle);
      return asked({ action: 'read', path, run }, (session) => readFile(session, path, { handle, range }, run));
    },
    list: async function* (kind, run) {
      try {
        yield* listObjects({ pool, base, kind, onLeftover: leftovers.note }, run);
      } catch (error) {
        throw sftpFault(error, 'list', kind === 'config' ? base : below(base, kindFolder[kind]));
      }
    },
    remove: async (handle, run) => {
      const path = pathFor(handle);
      await asked({ action: 'remove', path, run }, async (session) => {
        await removeDurably(session, path);
        await leftovers.sweep(session);
      });
    },
    close: async () => pool.close(),
  };
};

/** How another thread opens what `entrance` of an SFTP backend leads to. */
export const openInThread = async (location: unknown): Promise<Backend> => {
  if (isSftpSettings(location)) return openSftpBackend(location);
  throw new Fault('internal', 'this is not the location of an SFTP backend');
};
