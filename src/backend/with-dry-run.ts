import type { Backend, ObjectHandle } from '../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../contract/run.ts';
import { Fault, isFault } from '../model/fault.ts';
import { createMemoryBackend } from './memory.ts';
import { checkHandle, describeObject, objectExists, objectMissing } from './object-name.ts';
import { lengthOf } from './parts.ts';
import { passInThread } from './pass-through.ts';

export interface DryRunOptions {
  /** false: of packs only the sizes are kept, so that memory stays small; loading one is `unsupported`. Default true. */
  readonly keepPacks?: boolean;
}

const keyOf = ({ kind, name }: ObjectHandle): string => `${kind} ${name}`;

const isIn = async (backend: Backend, handle: ObjectHandle, run: Run): Promise<boolean> => {
  try {
    await backend.size(handle, run);
    return true;
  } catch (error) {
    if (isFault(error, 'object-missing')) return false;
    throw error;
  }
};

interface Draft {
  readonly inner: Backend;
  /** What was written. */
  readonly memory: Backend;
  /** Of packs whose content is not kept: their sizes. */
  readonly weighed: Map<string, number>;
  readonly removed: Set<string>;
}

const isWeighed = ({ weighed }: Draft, { kind, name }: ObjectHandle): boolean => kind === 'pack' && weighed.has(name);

const isBelow = async ({ inner, removed }: Draft, handle: ObjectHandle, run: Run): Promise<boolean> =>
  !removed.has(keyOf(handle)) && isIn(inner, handle, run);

/** Where the object is to be read from. */
const homeOf = async ({ inner, memory, removed }: Draft, handle: ObjectHandle, run: Run): Promise<Backend> =>
  removed.has(keyOf(handle)) || (await isIn(memory, handle, run)) ? memory : inner;

const removeFrom = async (draft: Draft, handle: ObjectHandle, run: Run): Promise<void> => {
  throwIfInterrupted(run);
  if (isWeighed(draft, handle)) {
    draft.weighed.delete(handle.name);
    return;
  }
  if (await isIn(draft.memory, handle, run)) {
    await draft.memory.remove(handle, run);
    return;
  }
  if (!(await isBelow(draft, handle, run))) throw objectMissing(handle);
  if (draft.inner.capabilities.immutable && handle.kind !== 'lock') {
    throw new Fault('permission-denied', `${describeObject(handle)} cannot be removed: this storage keeps all`);
  }
  draft.removed.add(keyOf(handle));
};

/** Nothing reaches `inner` but reads: what is written stays in memory, and reads see it, as well as what is removed. */
export const withDryRun = (inner: Backend, options: DryRunOptions = {}): Backend => {
  const { keepPacks = true } = options;
  const draft: Draft = { inner, memory: createMemoryBackend(), weighed: new Map(), removed: new Set() };
  const { memory, weighed, removed } = draft;

  return {
    ...passInThread(inner),
    create: async (run) => throwIfInterrupted(run),
    size: async (handle, run) => {
      checkHandle(handle);
      throwIfInterrupted(run);
      if (isWeighed(draft, handle)) return weighed.get(handle.name) ?? 0;
      return (await homeOf(draft, handle, run)).size(handle, run);
    },
    save: async (handle, parts, run) => {
      checkHandle(handle);
      if (await isBelow(draft, handle, run)) throw objectExists(handle);
      if (handle.kind !== 'pack' || keepPacks) {
        await memory.save(handle, parts, run);
        return;
      }
      if (weighed.has(handle.name)) throw objectExists(handle);
      weighed.set(handle.name, lengthOf(parts));
    },
    load: async (handle, range, run) => {
      checkHandle(handle);
      if (isWeighed(draft, handle)) {
        throw new Fault('unsupported', `the content of ${describeObject(handle)} was not kept: this is a dry run`);
      }
      return (await homeOf(draft, handle, run)).load(handle, range, run);
    },
    list: async function* (kind, run) {
      for await (const page of inner.list(kind, run)) {
        const left = page.filter(({ name }) => !removed.has(keyOf({ kind, name })));
        if (left.length > 0) yield left;
      }
      yield* memory.list(kind, run);
      if (kind === 'pack' && weighed.size > 0) yield [...weighed].map(([name, size]) => ({ name, size }));
    },
    remove: async (handle, run) => {
      checkHandle(handle);
      await removeFrom(draft, handle, run);
    },
  };
};
