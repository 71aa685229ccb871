import type { Backend, ObjectHandle } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';

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
  await backend.save(handle, parts, run);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const found = await sizeOf(backend, handle, run);
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
