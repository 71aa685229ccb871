import type { Backend, ObjectHandle } from '../contract/backend.ts';
import type { Run } from '../contract/run.ts';
import { Fault, isFault } from '../model/fault.ts';

/** What storage must do for backups to be safe in it, as `context.guarantee` of the Fault says that is not kept. */
export type Guarantee = 'read-after-write' | 'ranges' | 'listing' | 'no-overwrite' | 'remove';

export interface ProbedStorage {
  /** Whether what was written can be removed; storage that is append-only for us cannot, and keeps the small object. */
  readonly removable: boolean;
}

/** Something to write, and its name, the SHA-256 of it. */
export interface ProbeObject {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const broken = (backend: Backend, guarantee: Guarantee, what: string, cause?: unknown): Fault =>
  new Fault('backend-misbehaved', `the storage at ${backend.description} is not safe for backups: ${what}`, {
    hint: 'Use another storage, or mend this one (a cache or proxy on the way may be the reason). --no-probe goes on all the same.',
    context: { guarantee },
    ...(cause === undefined ? {} : { cause }),
  });

const isSame = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, at) => byte === right[at]);

const find = async (backend: Backend, { kind, name }: ObjectHandle, run: Run): Promise<number | undefined> => {
  for await (const page of backend.list(kind, run)) {
    const found = page.find((object) => object.name === name);
    if (found !== undefined) return found.size;
  }
  return undefined;
};

const probeReading = async (backend: Backend, handle: ObjectHandle, bytes: Uint8Array, run: Run): Promise<void> => {
  const size = await backend.size(handle, run).catch((error: unknown) => {
    throw isFault(error, 'object-missing')
      ? broken(backend, 'read-after-write', 'what was just written is not there', error)
      : error;
  });
  if (size !== bytes.length || !isSame(await backend.load(handle, undefined, run), bytes)) {
    throw broken(backend, 'read-after-write', 'what was just written reads differently');
  }
  for (const [start, length] of [
    [0, 1],
    [bytes.length - 1, 1],
    [100, 200],
  ] as const) {
    const part = await backend.load(handle, { start, length }, run).catch((error: unknown) => {
      throw isFault(error, 'backend-misbehaved') ? broken(backend, 'ranges', 'parts cannot be read', error) : error;
    });
    if (!isSame(part, bytes.subarray(start, start + length))) {
      throw broken(backend, 'ranges', 'a part that was read is not the part that was asked for');
    }
  }
  const listed = await find(backend, handle, run);
  if (listed !== bytes.length) {
    const what = listed === undefined ? 'does not name it' : `gives it ${listed} bytes instead of ${bytes.length}`;
    throw broken(backend, 'listing', `a listing after writing an object ${what}`);
  }
};

const probeOverwriting = async (backend: Backend, handle: ObjectHandle, bytes: Uint8Array, run: Run): Promise<void> => {
  let refusal: unknown;
  try {
    await backend.save(handle, [bytes], run);
  } catch (error) {
    if (!isFault(error, 'object-exists')) throw error;
    refusal = error;
  }
  if (refusal === undefined || !isSame(await backend.load(handle, undefined, run), bytes)) {
    throw broken(backend, 'no-overwrite', 'an object could be overwritten', refusal);
  }
};

const probeRemoving = async (backend: Backend, handle: ObjectHandle, run: Run): Promise<boolean> => {
  try {
    await backend.remove(handle, run);
  } catch (error) {
    if (isFault(error, 'permission-denied')) return false;
    throw error;
  }
  if ((await find(backend, handle, run)) !== undefined) {
    throw broken(backend, 'remove', 'an object that was removed is still there');
  }
  return true;
};

/**
 * Tries on a throw-away object what backups rely on. It is a pack that no index lists, which restic and we ignore, and which
 * `prune` removes should it be left. Fault `backend-misbehaved`, and what the storage says.
 */
export const probeStorage = async (
  backend: Backend,
  { name, bytes }: ProbeObject,
  run: Run,
): Promise<ProbedStorage> => {
  const handle: ObjectHandle = { kind: 'pack', name };
  await backend.save(handle, [bytes], run);
  try {
    await probeReading(backend, handle, bytes, run);
    await probeOverwriting(backend, handle, bytes, run);
  } catch (error) {
    await backend.remove(handle, run).catch(() => undefined);
    throw error;
  }
  return { removable: await probeRemoving(backend, handle, run) };
};
