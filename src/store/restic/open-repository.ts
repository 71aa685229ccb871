import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { parseConfig } from './format/config.ts';
import { listNames } from './index/index-loader.ts';
import { lookForLocks } from './lock/lock.ts';
import { createObjectIo } from './object-io.ts';
import { findKey } from './repository-key.ts';
import { Repository } from './repository.ts';
import { createBlobSealer } from './sealing/blob-sealer.ts';
import { createDecompressor } from './sealing/compression.ts';
import { createEnvelope } from './sealing/envelope.ts';
import { loadSealingTools } from './sealing/sealing-tools.ts';
import type { RepositoryOptions, Session } from './session.ts';

export interface OpenOptions extends RepositoryOptions {
  readonly password: string;
  /** Beginning of the id of the key to try first. */
  readonly keyHint?: string;
}

const missingRepository = (backend: Backend, cause: unknown): Fault =>
  new Fault('repository-missing', `there is no repository at ${backend.description}`, {
    cause,
    hint: 'Check the location, and that its disk is mounted; `mailkeep init -r` with the location, or with its name in the configuration, makes a new one.',
  });

/** Throws `repository-missing` when there is no repository. */
export const assertRepository = async (backend: Backend, run: Run): Promise<void> => {
  try {
    await backend.size({ kind: 'config', name: '' }, run);
  } catch (error) {
    throw isFault(error, 'object-missing') ? missingRepository(backend, error) : error;
  }
};

/** Opens a repository. Faults: `repository-missing`, `wrong-password`, `repository-newer`, `config-damaged`, `key-damaged`. */
export const openRepository = async (backend: Backend, options: OpenOptions, run: Run): Promise<Repository> => {
  let sealedConfig: Uint8Array;
  // Asked for together, as each may take a round trip; a failure counts where it is awaited.
  const keyNames = listNames(backend, 'key', run);
  keyNames.catch(() => undefined);
  try {
    sealedConfig = await backend.load({ kind: 'config', name: '' }, undefined, run);
  } catch (error) {
    throw isFault(error, 'object-missing') ? missingRepository(backend, error) : error;
  }
  const { poly1305, ciphers, zstd } = await loadSealingTools();
  const firstLook = options.noLock ? undefined : lookForLocks(backend, run);
  const names = await keyNames;
  const keyOptions = { poly1305, names, ...(options.keyHint === undefined ? {} : { hint: options.keyHint }) };
  const { master, id: keyId } = await findKey(backend, options.password, keyOptions, run);
  const envelope = createEnvelope(master, poly1305, ciphers);
  const plain = envelope.open(sealedConfig);
  if (plain === undefined) {
    throw new Fault('config-damaged', `the config of the repository at ${backend.description} is damaged`, {
      hint: 'Bring the file `config` back from a copy of the repository; all other files can stay as they are.',
    });
  }
  const config = parseConfig(plain);
  const storage = options.caching?.(backend, config.id) ?? backend;
  const decompressor = createDecompressor(zstd);
  const session: Session = {
    backend: storage,
    config,
    master,
    envelope,
    sealer: createBlobSealer(master, poly1305, ciphers),
    decompressor,
    io: createObjectIo(storage, envelope, config.version, decompressor),
    options,
  };
  return new Repository(session, keyId, firstLook);
};
