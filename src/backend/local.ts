import { lstat, mkdir, readdir, stat } from 'node:fs/promises';
import type { Backend, ListedObject, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';
import { Fault } from '../model/fault.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';
import { nativePath, pathOf, readablePath } from '../system/native-path.ts';
import { below, folderOf, kindFolder, objectPath, packFolders, parentOf } from './local-layout.ts';
import { listFolder, readObject } from './local-read.ts';
import { type Links, publish, removeFile, syncFolder, writeBeside } from './local-write.ts';
import { checkHandle, checkRange, isObjectName, objectMissing } from './object-name.ts';

export interface LocalBackendOptions {
  /** false: never try hard links, for a file system that mishandles them. Default true: they are tried. */
  readonly hardLinks?: boolean;
}

/** Runs a step and turns what the system says into a Fault. */
const asked = async <T>(action: string, path: ByteString, step: () => Promise<T>): Promise<T> => {
  try {
    return await step();
  } catch (error) {
    throw errnoFault(error, action, path);
  }
};

/** Makes a folder (0700) unless it is there; whether it was made. */
const makeFolder = async (path: ByteString): Promise<boolean> => {
  try {
    await mkdir(nativePath(path), 0o700);
    return true;
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST' || !(await stat(nativePath(path))).isDirectory()) throw error;
    return false;
  }
};

/** Makes a folder and what is missing above it, each durable in its parent. */
const makeFolders = async (path: ByteString): Promise<void> => {
  try {
    if (await makeFolder(path)) await syncFolder(parentOf(path));
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT' || parentOf(path) === path) throw error;
    await makeFolders(parentOf(path));
    if (await makeFolder(path)) await syncFolder(parentOf(path));
  }
};

const createAll = async (base: ByteString, run: Run): Promise<void> => {
  throwIfInterrupted(run);
  await makeFolders(base);
  for (const folder of Object.values(kindFolder)) await makeFolder(below(base, folder));
  let made = false;
  for (const folder of packFolders) {
    throwIfInterrupted(run);
    made = (await makeFolder(below(base, kindFolder.pack, folder))) || made;
  }
  if (made) await syncFolder(below(base, kindFolder.pack));
  await syncFolder(base);
};

const hasConfig = async (base: ByteString): Promise<boolean> => {
  try {
    await lstat(nativePath(below(base, 'config')));
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
};

/**
 * A folder that is missing beside a config was empty and got lost in copying, and may be made again. Without a config
 * the disk is more likely not mounted, and neither an empty listing nor a new folder would be the truth.
 */
const acceptMissingFolder = async (base: ByteString, cause: unknown): Promise<void> => {
  if (await hasConfig(base)) return;
  throw new Fault('backend-unavailable', `the folders of the repository are not in ${readablePath(base)}`, {
    hint: 'Is the disk mounted, and is this the right path?',
    context: { path: readablePath(base) },
    cause,
  });
};

const saveObject = async (base: ByteString, handle: ObjectHandle, place: Saving): Promise<void> => {
  const target = objectPath(base, handle);
  const write = () => writeBeside(target, place.parts, place.run, { durable: true });
  let temporary: ByteString;
  try {
    temporary = await write();
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
    await acceptMissingFolder(base, error);
    await makeFolders(folderOf(base, handle));
    temporary = await write();
  }
  await publish(temporary, target, place);
};

interface Saving {
  readonly parts: readonly Uint8Array[];
  readonly run: Run;
  readonly links: Links;
}

const sizeOf = async (base: ByteString, handle: ObjectHandle): Promise<number> => {
  const found = await stat(nativePath(objectPath(base, handle)));
  if (!found.isFile()) throw objectMissing(handle);
  return found.size;
};

async function* listConfig(base: ByteString): AsyncGenerator<readonly ListedObject[]> {
  try {
    yield [{ name: '', size: await sizeOf(base, { kind: 'config', name: '' }) }];
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT' && !(error instanceof Fault && error.code === 'object-missing')) throw error;
  }
}

/** The folders that objects of a kind lie in, with what their names must begin with. */
const foldersOf = async (
  base: ByteString,
  kind: Exclude<ObjectKind, 'config'>,
): Promise<readonly (readonly [folder: ByteString, prefix: string])[]> => {
  const top = below(base, kindFolder[kind]);
  if (kind !== 'pack') return [[top, '']];
  try {
    const names = new Set(await readdir(nativePath(top)));
    return packFolders.filter((name) => names.has(name)).map((name) => [below(top, name), name]);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
    await acceptMissingFolder(base, error);
    return [];
  }
};

async function* listKind(base: ByteString, kind: ObjectKind, run: Run): AsyncGenerator<readonly ListedObject[]> {
  throwIfInterrupted(run);
  if (kind === 'config') {
    yield* listConfig(base);
    return;
  }
  for (const [folder, prefix] of await foldersOf(base, kind)) {
    try {
      yield* listFolder(folder, (name) => isObjectName(kind, name) && name.startsWith(prefix), run);
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error;
      await acceptMissingFolder(base, error);
    }
  }
}

/**
 * A repository in a folder, in restic's layout. `path` may also be text, but see `pathOf`. Nothing is opened or looked
 * at here. Folders are made 0700, objects 0600 and, once complete, 0400.
 */
export const openLocalBackend = (path: ByteString | string, options: LocalBackendOptions = {}): Backend => {
  const { hardLinks = true } = options;
  const links: Links = { usable: hardLinks };
  if (path === '') throw new Fault('configuration', 'the path of the repository is empty');
  const base = byteStringOfLatin1(pathOf(path).replace(/(?<=.)\/+$/, ''));
  const pathFor = (handle: ObjectHandle): ByteString => {
    checkHandle(handle);
    return objectPath(base, handle);
  };

  return {
    description: readablePath(base),
    capabilities: { immutable: false, connections: 4 },
    entrance: { module: import.meta.url, location: { path: base, hardLinks } },
    create: (run) => asked('make', base, () => createAll(base, run)),
    size: async (handle, run) => {
      throwIfInterrupted(run);
      return asked('look at', pathFor(handle), () => sizeOf(base, handle));
    },
    save: async (handle, parts, run) => {
      throwIfInterrupted(run);
      await asked('write', pathFor(handle), () => saveObject(base, handle, { parts, run, links }));
    },
    load: async (handle, range, run) => {
      throwIfInterrupted(run);
      checkRange(range);
      const path = pathFor(handle);
      return asked('read', path, () => readObject(path, { handle, range }, run));
    },
    list: async function* (kind, run) {
      try {
        yield* listKind(base, kind, run);
      } catch (error) {
        throw errnoFault(error, 'list', kind === 'config' ? base : below(base, kindFolder[kind]));
      }
    },
    remove: async (handle, run) => {
      throwIfInterrupted(run);
      const path = pathFor(handle);
      await asked('remove', path, () => removeFile(path));
    },
    close: async () => {},
  };
};

/** How another thread opens what `entrance` of a local backend leads to. */
export const openInThread = async (location: unknown): Promise<Backend> => {
  if (
    typeof location === 'object' &&
    location !== null &&
    'path' in location &&
    typeof location.path === 'string' &&
    'hardLinks' in location &&
    typeof location.hardLinks === 'boolean'
  ) {
    return openLocalBackend(byteStringOfLatin1(location.path), { hardLinks: location.hardLinks });
  }
  throw new Fault('internal', 'this is not the location of a local backend');
};
