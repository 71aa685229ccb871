import { randomBytes } from 'node:crypto';
import type { Backend, ByteRange, ListedObject, ObjectHandle, ObjectKind } from '../../contract/backend.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { StorageSettings } from '../../contract/storage-settings.ts';
import { createRun } from '../../system/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { kindFolder } from '../local-layout.ts';
import {
  checkHandle,
  checkRange,
  describeObject,
  isObjectName,
  objectExists,
  objectMissing,
  tooShort,
} from '../object-name.ts';
import type { HttpClient } from './http.ts';
import { createHttp1Client } from './http1-client.ts';
import { parseListing, type RestEntry } from './listing.ts';
import { lengthOfAnswer, readObject } from './read-object.ts';
import { describeRest, isRestSettings, restSettings, type RestSettings } from './settings.ts';
import { createTalk, letGo, type Talk } from './talk.ts';

const pageSize = 1000;
/** An answer names all objects of a kind. Beyond so many it takes about as long as another call. */
const listedByHttp = 10_000;
/** Sizes asked for at once, of servers that tell none in listings. */
const lookups = 16;

const pathOf = ({ kind, name }: ObjectHandle): string => (kind === 'config' ? 'config' : `${kindFolder[kind]}/${name}`);

const sizeOf = (talk: Talk, handle: ObjectHandle, run: Run): Promise<number> => {
  const what = `look at ${describeObject(handle)}`;
  return talk.ask({ what, method: 'HEAD', path: pathOf(handle) }, run, async (answer) => {
    if (answer.status === 404) {
      letGo(answer);
      throw objectMissing(handle);
    }
    if (answer.status !== 200) throw await talk.fault(answer, what);
    letGo(answer);
    const size = lengthOfAnswer(answer);
    if (size === undefined)
      throw new Fault('backend-misbehaved', `the server tells no size of ${describeObject(handle)}`);
    return size;
  });
};

const isThere = async (talk: Talk, handle: ObjectHandle, run: Run): Promise<boolean> => {
  try {
    await sizeOf(talk, handle, run);
    return true;
  } catch (error) {
    if (isFault(error, 'object-missing')) return false;
    throw error;
  }
};

const notHere = (what: string): Fault =>
  new Fault('backend-unavailable', `cannot ${what}: the folders of the repository are not on the server`, {
    hint: 'Is the path in the location right?',
  });

/**
 * Some servers (rclone) let a write replace what is there, others forbid it: a look first, and after a refusal again. What
 * is named by its hash could only be replaced by the same bytes, and is not looked for.
 */
const saveObject = async (
  talk: Talk,
  handle: ObjectHandle,
  { parts, run }: { readonly parts: readonly Uint8Array[]; readonly run: Run },
): Promise<void> => {
  const what = `write ${describeObject(handle)}`;
  if (handle.isNamedByHash !== true && (await isThere(talk, handle, run))) throw objectExists(handle);
  const headers = { 'content-type': 'application/octet-stream' };
  await talk.ask({ what, method: 'POST', path: pathOf(handle), headers, body: parts }, run, async (answer) => {
    if (answer.status >= 200 && answer.status < 300) return letGo(answer);
    const fault = await talk.fault(answer, what);
    if (answer.status === 404) throw notHere(what);
    if (answer.status === 403 && (await isThere(talk, handle, run))) throw objectExists(handle, fault);
    throw fault;
  });
};

const loadObject = (
  talk: Talk,
  wanted: { readonly handle: ObjectHandle; readonly range: ByteRange | undefined },
  run: Run,
): Promise<Uint8Array> => {
  const { handle, range } = wanted;
  const what = `read ${describeObject(handle)}`;
  const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.start + range.length - 1}` };
  return talk.ask({ what, method: 'GET', path: pathOf(handle), headers }, run, async (answer) => {
    if (answer.status === 200 || answer.status === 206) return readObject(answer, handle, range);
    if (answer.status === 416 && range !== undefined) {
      letGo(answer);
      throw tooShort(handle, range.length, 0);
    }
    if (answer.status !== 404) throw await talk.fault(answer, what);
    letGo(answer);
    throw objectMissing(handle);
  });
};

/** HTTP has no range of no bytes. */
const loadNothing = async (talk: Talk, handle: ObjectHandle, start: number, run: Run): Promise<Uint8Array> => {
  const size = await sizeOf(talk, handle, run);
  if (start > size) throw tooShort(handle, 0, size - start);
  return new Uint8Array(0);
};

/** undefined: the folder is not there, on a server where that means nothing (it keeps no empty folders). */
const listFolder = (talk: Talk, kind: Exclude<ObjectKind, 'config'>, run: Run): Promise<readonly RestEntry[]> => {
  const what = `list each ${kind}`;
  return talk.ask({ what, method: 'GET', path: `${kindFolder[kind]}/` }, run, async (answer) => {
    if (answer.status === 404) {
      letGo(answer);
      const keepsNoFolders = answer.header('server')?.startsWith('rclone') === true;
      if (keepsNoFolders || (await isThere(talk, { kind: 'config', name: '' }, run))) return [];
      throw notHere(what);
    }
    if (answer.status !== 200) throw await talk.fault(answer, what);
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) {
      const piece: unknown = chunk;
      if (piece instanceof Uint8Array) chunks.push(piece);
    }
    return parseListing(Buffer.concat(chunks).toString('utf8'), 'the server');
  });
};

/** The entries as objects; what vanished meanwhile is left out. */
const sized = async (
  talk: Talk,
  kind: ObjectKind,
  entries: readonly RestEntry[],
  run: Run,
): Promise<readonly ListedObject[]> => {
  const found: ListedObject[] = [];
  for (let at = 0; at < entries.length; at += lookups) {
    const some = entries.slice(at, at + lookups);
    const sizes = await Promise.all(
      some.map(async ({ name, size }) => {
        if (size !== undefined) return size;
        return (await isThere(talk, { kind, name }, run)) ? sizeOf(talk, { kind, name }, run) : undefined;
      }),
    );
    for (const [index, { name }] of some.entries()) {
      const size = sizes[index];
      if (size !== undefined) found.push({ name, size });
    }
  }
  return found;
};

async function* listObjects(talk: Talk, kind: ObjectKind, run: Run): AsyncGenerator<readonly ListedObject[]> {
  throwIfInterrupted(run);
  const entries =
    kind === 'config'
      ? (await isThere(talk, { kind, name: '' }, run))
        ? [{ name: '', size: undefined }]
        : []
      : (await listFolder(talk, kind, run)).filter(({ name }) => isObjectName(kind, name));
  for (let at = 0; at < entries.length; at += pageSize) {
    const page = await sized(talk, kind, entries.slice(at, at + pageSize), run);
    if (page.length > 0) yield page;
    throwIfInterrupted(run);
  }
}

const removeObject = (talk: Talk, handle: ObjectHandle, run: Run): Promise<void> => {
  const what = `remove ${describeObject(handle)}`;
  return talk.ask({ what, method: 'DELETE', path: pathOf(handle) }, run, async (answer) => {
    if (answer.status === 404 || answer.status < 300) {
      letGo(answer);
      if (answer.status === 404) throw objectMissing(handle);
      return;
    }
    const fault = await talk.fault(answer, what);
    // An append-only server refuses before it looks.
    if (answer.status === 403 && !(await isThere(talk, handle, run))) throw objectMissing(handle, fault);
    throw fault;
  });
};

const createPlaces = (talk: Talk, run: Run): Promise<void> => {
  const what = 'make the repository';
  return talk.ask({ what, method: 'POST', path: '?create=true', body: [] }, run, async (answer) => {
    if (answer.status < 200 || answer.status >= 300) throw await talk.fault(answer, what);
    letGo(answer);
  });
};

/**
 * Whether the server removes nothing but locks. Asked by removing an object that cannot be there: an append-only server
 * refuses before it looks.
 */
const isAppendOnly = async (talk: Talk, run: Run): Promise<boolean> => {
  const path = pathOf({ kind: 'pack', name: randomBytes(32).toString('hex') });
  try {
    return await talk.ask({ what: 'look at the server', method: 'DELETE', path }, run, (answer) => {
      letGo(answer);
      return answer.status === 403;
    });
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
};

export interface RestBackendParts {
  readonly talk: Talk;
  readonly description: string;
  readonly connections: number;
  readonly immutable: boolean;
  readonly entrance: NonNullable<Backend['entrance']>;
  readonly close: () => Promise<void>;
}

/** A repository behind restic's REST protocol, whatever carries it. */
export const restBackend = (made: RestBackendParts): Backend => {
  const { talk, description, connections, immutable, entrance, close } = made;
  /** Of the saves under way by their paths: two of one name must not both find it free. */
  const saving = new Map<string, Promise<unknown>>();
  const inTurn = async (path: string, save: () => Promise<void>): Promise<void> => {
    const before = saving.get(path) ?? Promise.resolve();
    const mine = before.then(save, save);
    saving.set(path, mine);
    try {
      await mine;
    } finally {
      if (saving.get(path) === mine) saving.delete(path);
    }
  };

  return {
    description,
    capabilities: { immutable, connections, isRemote: true, listedAtOnce: listedByHttp },
    entrance,
    create: (run) => createPlaces(talk, run),
    size: async (handle, run) => {
      checkHandle(handle);
      return sizeOf(talk, handle, run);
    },
    save: async (handle, parts, run) => {
      checkHandle(handle);
      await inTurn(pathOf(handle), () => saveObject(talk, handle, { parts, run }));
    },
    load: async (handle, range, run) => {
      checkHandle(handle);
      checkRange(range);
      if (range?.length === 0) return loadNothing(talk, handle, range.start, run);
      return loadObject(talk, { handle, range }, run);
    },
    list: (kind, run) => listObjects(talk, kind, run),
    remove: async (handle, run) => {
      checkHandle(handle);
      await removeObject(talk, handle, run);
    },
    close,
  };
};

const serverOf = ({ url, socketPath }: RestSettings): string => socketPath ?? new URL(url).host;

const talkTo = (settings: RestSettings): { readonly talk: Talk; readonly client: HttpClient } => {
  const client = createHttp1Client(settings);
  return { client, talk: createTalk(client, serverOf(settings)) };
};

const openPlace = (settings: RestSettings): Backend => {
  const { client, talk } = talkTo(settings);
  return restBackend({
    talk,
    description: describeRest(settings),
    connections: settings.connections,
    immutable: settings.appendOnly,
    entrance: { module: import.meta.url, location: settings },
    close: async () => client.close(),
  });
};

/** Long enough for a server that is up; one that is not is told by the first call. */
const probeMilliseconds = 10_000;

/**
 * A repository at a REST server's address. The server is asked once whether it removes nothing but locks; one that does
 * not answer is taken for one that removes.
 */
export const openRestBackend = async (location: string, settings: StorageSettings): Promise<Backend> => {
  const place = restSettings(location, settings);
  const { client, talk } = talkTo(place);
  try {
    const appendOnly = await isAppendOnly(talk, createRun({ signal: AbortSignal.timeout(probeMilliseconds) }));
    return openPlace({ ...place, appendOnly });
  } finally {
    client.close();
  }
};

/** How another thread opens what `entrance` of a REST backend leads to. */
export const openInThread = async (location: unknown): Promise<Backend> => {
  if (isRestSettings(location)) return openPlace(location);
  throw new Fault('internal', 'this is not the location of a REST backend');
};
