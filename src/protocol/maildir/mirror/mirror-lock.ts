import { join } from 'node:path';
import { Fault, isFault } from '../../../model/fault.ts';
import { type RunLock, takeRunLock } from '../../../system/run-lock.ts';

/** One run at a time. A lock whose owner is proven to be over is taken away. Fault `repository-locked`. */
export const lockMirror = async (state: string, signal: AbortSignal): Promise<RunLock> => {
  const path = join(state, 'lock');
  try {
    return await takeRunLock({ path, wait: 0, signal });
  } catch (error) {
    if (!isFault(error, 'run-under-way')) throw error;
    throw new Fault('repository-locked', 'another run is at work on this mirror', {
      hint: `Wait for it; if you are sure that none runs, remove ${path}.`,
      retry: true,
      context: { path },
      cause: error,
    });
  }
};
