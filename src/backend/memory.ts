import type { Backend, ByteRange, ListedObject, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { Fault } from '../model/fault.ts';
import { checkHandle, checkRange, describeObject, objectExists, objectMissing, tooShort } from './object-name.ts';
import { joined } from './parts.ts';

export interface MemoryBackendOptions {
  /** Nothing but locks can be removed. Default false. */
  readonly immutable?: boolean;
  /** Default 4. */
  readonly connections?: number;
  /** Objects in a page of a listing. Default 1,000. */
  readonly pageSize?: number;
}

/** The part of an object's bytes that was asked for, as a copy. Fault `backend-misbehaved` when it ends earlier. */
const cut = (handle: ObjectHandle, bytes: Uint8Array, range: ByteRange | undefined): Uint8Array => {
  if (range === undefined) return new Uint8Array(bytes);
  const found = new Uint8Array(bytes.subarray(range.start, range.start + range.length));
  if (found.length < range.length) throw tooShort(handle, range.length, found.length);
  return found;
};

const refuseRemoval = (handle: ObjectHandle): Fault =>
  new Fault('permission-denied', `${describeObject(handle)} cannot be removed: this storage keeps what it has`);

/** A turn of the event loop, as any real storage takes, so that callers meet the same order of events. */
const step = async (run: Run): Promise<void> => {
  throwIfInterrupted(run);
  await new Promise((resolve) => setImmediate(resolve));
  throwIfInterrupted(run);
};

/** Objects in this thread's memory, for tests and dry runs. */
export const createMemoryBackend = (options: MemoryBackendOptions = {}): Backend => {
  const { immutable = false, connections = 4, pageSize = 1000 } = options;
  const objects = new Map<ObjectKind, Map<string, Uint8Array>>();
  const of = (kind: ObjectKind): Map<string, Uint8Array> => {
    const found = objects.get(kind) ?? new Map<string, Uint8Array>();
    objects.set(kind, found);
    return found;
  };
  const find = (handle: ObjectHandle): Uint8Array => {
    const bytes = of(handle.kind).get(handle.name);
    if (bytes === undefined) throw objectMissing(handle);
    return bytes;
  };

  return {
    description: 'memory',
    capabilities: { immutable, connections },
    create: step,
    size: async (handle, run) => {
      checkHandle(handle);
      await step(run);
      return find(handle).length;
    },
    save: async (handle, parts, run) => {
      checkHandle(handle);
      const bytes = joined(parts);
      await step(run);
      if (of(handle.kind).has(handle.name)) throw objectExists(handle);
      of(handle.kind).set(handle.name, bytes);
    },
    load: async (handle, range, run) => {
      checkHandle(handle);
      checkRange(range);
      await step(run);
      return cut(handle, find(handle), range);
    },
    list: async function* (kind, run) {
      const all: ListedObject[] = [...of(kind)].map(([name, bytes]) => ({ name, size: bytes.length }));
      for (let at = 0; at < all.length; at += pageSize) {
        await step(run);
        yield all.slice(at, at + pageSize);
      }
      throwIfInterrupted(run);
    },
    remove: async (handle, run) => {
      checkHandle(handle);
      await step(run);
      find(handle);
      if (immutable && handle.kind !== 'lock') throw refuseRemoval(handle);
      of(handle.kind).delete(handle.name);
    },
    close: async () => {},
  };
};
