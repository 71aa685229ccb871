import { createHash, randomBytes } from 'node:crypto';
import type { Backend } from '../contract/backend.ts';
import type { Run } from '../contract/run.ts';

/** Tries on something thrown away at once whether a storage does what backups rely on; see `probeStorage`. */
export const probeBackend = async (backend: Backend, run: Run): Promise<void> => {
  const { probeStorage } = await import('../operation/probe-storage.ts');
  const bytes = new Uint8Array(randomBytes(1000));
  await probeStorage(backend, { bytes, name: createHash('sha256').update(bytes).digest('hex') }, run);
};
