import { hash } from 'node:crypto';
import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { createConfig, formatConfig } from './format/config.ts';
import { localOffsetMinutes } from './format/time-format.ts';
import { listNames } from './index/index-loader.ts';
import type { OpenOptions } from './open-repository.ts';
import { createEnvelope, generateMasterKey } from './sealing/envelope.ts';
import { createKeyFile } from './sealing/key.ts';
import { loadPoly1305 } from './sealing/poly1305.ts';

export interface InitOptions extends OpenOptions {
  /** A password we generated needs no costly derivation. */
  readonly generatedPassword: boolean;
  /** Called when the place is made and nothing of the repository is in it yet. */
  readonly beforeFirstObject?: (backend: Backend, run: Run) => Promise<void>;
}

/** Makes a new repository. Faults: `repository-exists`, and what the backend says. Returns its id. */
export const initRepository = async (backend: Backend, options: InitOptions, run: Run): Promise<string> => {
  const exists = await backend.size({ kind: 'config', name: '' }, run).then(
    () => true,
    (error: unknown) => {
      if (isFault(error, 'object-missing', 'storage-missing')) return false;
      throw error;
    },
  );
  if (!exists) await backend.create(run);
  // A repository whose config was lost is one all the same: its keys are what must not be buried under new ones.
  const keys = exists ? [] : await listNames(backend, 'key', run);
  if (exists || keys.length > 0) {
    throw new Fault('repository-exists', `there is already a repository at ${backend.description}`, {
      hint: 'Choose another place, or use the one that is there: nothing has been changed.',
    });
  }
  await options.beforeFirstObject?.(backend, run);
  const poly1305 = await loadPoly1305();
  const master = generateMasterKey();
  const config = createConfig();
  const now = run.now();
  const { username, hostname } = options.identity;
  const key = await createKeyFile(
    options.password,
    master,
    {
      created: { nanoseconds: now, offsetMinutes: localOffsetMinutes(now) },
      username,
      hostname,
      cost: options.generatedPassword ? 'generated-password' : 'standard',
    },
    (derived) => createEnvelope(derived, poly1305),
  );
  await backend.save({ kind: 'key', name: hash('sha256', key, 'hex'), isNamedByHash: true }, [key], run);
  await backend.save({ kind: 'config', name: '' }, [createEnvelope(master, poly1305).seal(formatConfig(config))], run);
  return config.id;
};
