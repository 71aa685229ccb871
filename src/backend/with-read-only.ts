import type { Backend } from '../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../contract/run.ts';
import { Fault } from '../model/fault.ts';
import { passInThread } from './pass-through.ts';

/** Refuses whatever would change the storage, locks too, with the Fault `read-only`. Other threads get no way around it. */
export const withReadOnly = (inner: Backend): Backend => {
  const refuse = async (run: Run): Promise<never> => {
    throwIfInterrupted(run);
    throw new Fault('read-only', `${inner.description} was opened for reading only`);
  };
  return {
    ...passInThread(inner),
    create: refuse,
    save: async (_handle, _parts, run) => refuse(run),
    remove: async (_handle, run) => refuse(run),
  };
};
