import type { Backend, ObjectHandle, ObjectKind } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';

/** Objects that a storage said it has saved, by name, with their sizes. */
export type Saved = ReadonlyMap<string, number>;

/**
 * Saves an object and asks the storage whether it is there whole: a storage that says “saved” and has nothing, or half of
 * it, must not be believed before something is built on it. Faults: `backend-misbehaved`, and what saving says.
 */
export const saveChecked = async (
  backend: Backend,
  handle: ObjectHandle,
  parts: readonly Uint8Array[],
  run: Run,
): Promise<void> => {
  await backend.save({ ...handle, isNamedByHash: true }, parts, run);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  await assertWhole(backend, handle, { length, found: await sizeOf(backend, handle, run) }, run);
};

/**
 * The same question for many that were saved without it, in as few calls as the storage makes possible; `others` is how
 * many more of their kind there are, about. To be asked before something is built on them.
 */
export const confirmSaved = async (
  backend: Backend,
  kind: ObjectKind,
  { saved, others }: { readonly saved: Saved; readonly others: number },
  run: Run,
): Promise<void> => {
  const { listedAtOnce } = backend.capabilities;
  const pages = listedAtOnce === undefined ? Infinity : Math.ceil((saved.size + others) / listedAtOnce);
  const sizes = pages < saved.size ? await listSizes(backend, kind, run) : await askSizes(backend, kind, saved, run);
  await assertListed(backend, kind, { saved, sizes }, run);
};

/** Throws unless what was saved is in a listing with its size. */
export const assertListed = async (
  backend: Backend,
  kind: ObjectKind,
  { saved, sizes }: { readonly saved: Saved; readonly sizes: Saved },
  run: Run,
): Promise<void> => {
  for (const [name, length] of saved) {
    await assertWhole(backend, { kind, name }, { length, found: sizes.get(name) }, run);
  }
};

/** All objects of a kind, with their sizes. */
export const listSizes = async (backend: Backend, kind: ObjectKind, run: Run): Promise<Map<string, number>> => {
  const sizes = new Map<string, number>();
  for await (const page of backend.list(kind, run)) for (const { name, size } of page) sizes.set(name, size);
  return sizes;
};

const askSizes = async (backend: Backend, kind: ObjectKind, saved: Saved, run: Run): Promise<Saved> => {
  const sizes = new Map<string, number>();
  const names = [...saved.keys()];
  const work = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const found = await sizeOf(backend, { kind, name }, run);
      if (found !== undefined) sizes.set(name, found);
    }
  };
  await Promise.all(Array.from({ length: Math.min(backend.capabilities.connections, names.length) }, work));
  return sizes;
};

const assertWhole = async (
  backend: Backend,
  handle: ObjectHandle,
  { length, found }: { readonly length: number; readonly found: number | undefined },
  run: Run,
): Promise<void> => {
  if (found === length) return;
  // Half an index would stand in everybody's way.
  if (found !== undefined) await backend.remove(handle, run).catch(() => undefined);
  const has = found === undefined ? 'does not have it' : `has ${found} of its ${length} bytes`;
  throw new Fault(
    'backend-misbehaved',
    `${backend.description} said that the ${handle.kind} ${handle.name.slice(0, 8)} is saved, and ${has}`,
    {
      hint: 'Nothing was built on it. Do not trust this storage before you know why; `mailkeep check` shows what it has.',
    },
  );
};

const sizeOf = async (backend: Backend, handle: ObjectHandle, run: Run): Promise<number | undefined> => {
  try {
    return await backend.size(handle, run);
  } catch (error) {
    if (isFault(error, 'object-missing')) return undefined;
    throw error;
  }
};
