import { isFault } from '../../model/fault.ts';
import { askEngine, type Engine } from './engine.ts';

const patience = 60_000;

/** Ends a container with all that runs in it, and removes it. True: it is gone, or never was; false: the engine does not answer. */
export const endContainer = async (engine: Engine, name: string): Promise<boolean> => {
  const signal = AbortSignal.timeout(patience);
  const parameters = ['rm', '--force', '--volumes', name];
  const asked = await askEngine(engine, parameters, { signal }).catch((error: unknown) => {
    if (!isFault(error)) throw error;
    return error;
  });
  if (isFault(asked)) return false;
  // Without the engine nothing of it can be running.
  if (asked === undefined || asked.code === 0) return true;
  return /no such container|no container with (?:name|id)|already in progress/i.test(asked.stderr);
};
