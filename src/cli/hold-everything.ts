import type { Backend, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../contract/run.ts';
import type { Nanoseconds } from '../model/entry.ts';
import { Fault } from '../model/fault.ts';

export interface HeldObjects {
  /** Objects whose time was extended, and those that were held for as long already. */
  readonly extended: number;
  readonly held: number;
}

const kinds: readonly ObjectKind[] = ['config', 'key', 'snapshot', 'index', 'pack'];

/**
 * Holds everything in a repository but locks back from deletion until then at least (S3 Object Lock). Fault `unsupported`
 * where nothing can be held.
 */
export const holdEverything = async (backend: Backend, until: Nanoseconds, run: Run): Promise<HeldObjects> => {
  const { versions } = backend;
  if (versions === undefined) {
    throw new Fault('unsupported', `nothing can be held back from deletion at ${backend.description}`, {
      hint: 'Only S3 buckets with Object Lock can do that.',
    });
  }
  let extended = 0;
  let held = 0;
  const holdOne = async (handle: ObjectHandle): Promise<void> => {
    if (await versions.hold(handle, until, run)) extended++;
    else held++;
  };
  for (const kind of kinds) await eachAtOnce(backend, kind, holdOne, run);
  return { extended, held };
};

/** Does something with every object of a kind, as many at once as the storage takes. */
const eachAtOnce = async (
  backend: Backend,
  kind: ObjectKind,
  work: (handle: ObjectHandle) => Promise<void>,
  run: Run,
): Promise<void> => {
  for await (const page of backend.list(kind, run)) {
    const waiting = [...page];
    const take = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        throwIfInterrupted(run);
        await work({ kind, name: next.name });
      }
    };
    await Promise.all(Array.from({ length: backend.capabilities.connections }, take));
  }
};
