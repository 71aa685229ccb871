import { hash } from 'node:crypto';
import type { Run } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { localOffsetMinutes } from '../format/time-format.ts';
import { listNames } from '../index/index-loader.ts';
import type { Repository } from '../repository.ts';
import { createEnvelope } from '../sealing/envelope.ts';
import { createKeyFile, type KeyCost, type KeyDescription, keyDescription, openKeyFile } from '../sealing/key.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';

export interface ListedKey extends KeyDescription {
  readonly id: string;
  /** The one that opened this repository. */
  readonly current: boolean;
}

export interface NewKey {
  readonly password: string;
  readonly cost: KeyCost;
  readonly username: string;
  readonly hostname: string;
}

/** The keys, oldest first. One that cannot be read is told as a fault event and left out. */
export const listKeys = (repository: Repository, run: Run): Promise<readonly ListedKey[]> =>
  repository.locked(
    'shared',
    async () => {
      const { backend } = repository.session;
      const keys: ListedKey[] = [];
      for (const id of await listNames(backend, 'key', run)) {
        try {
          const description = keyDescription(await backend.load({ kind: 'key', name: id }, undefined, run));
          keys.push({ ...description, id, current: id === repository.keyId });
        } catch (error) {
          if (!isFault(error, 'key-damaged', 'object-missing')) throw error;
          run.emit({ kind: 'fault', fault: asFault(error) });
        }
      }
      return keys.sort((left, right) => Number(left.created.nanoseconds - right.created.nanoseconds));
    },
    run,
  );

/** Writes a key file, then reads it back and opens it: a key that does not open must not be the one that is left. */
const storeKey = async (repository: Repository, key: NewKey, run: Run): Promise<string> => {
  const { backend, master } = repository.session;
  const poly1305 = await loadPoly1305();
  const now = run.now();
  const { password, cost, username, hostname } = key;
  const created = { nanoseconds: now, offsetMinutes: localOffsetMinutes(now) };
  const json = await createKeyFile(password, master, { created, username, hostname, cost }, (derived) =>
    createEnvelope(derived, poly1305),
  );
  const name = hash('sha256', json, 'hex');
  await backend.save({ kind: 'key', name, isNamedByHash: true }, [json], run);
  const opened = await openKeyFile(await backend.load({ kind: 'key', name }, undefined, run), password, poly1305);
  if (opened !== undefined && Buffer.compare(opened.encrypt, master.encrypt) === 0) return name;
  await backend.remove({ kind: 'key', name }, run);
  throw new Fault('key-damaged', 'the new key did not open when it was read back, so it was taken away again', {
    hint: 'The keys that were there are as they were. Check the storage, then try again.',
  });
};

/** Adds a key under a shared lock. Returns its id. */
export const addKey = (repository: Repository, key: NewKey, run: Run): Promise<string> =>
  repository.locked('shared', () => storeKey(repository, key, run), run);

/** Adds a key, and only when it is durable and opens removes the one in use, under an exclusive lock. Returns the new id. */
export const changePassword = (repository: Repository, key: NewKey, run: Run): Promise<string> =>
  repository.locked(
    'exclusive',
    async () => {
      const id = await storeKey(repository, key, run);
      await repository.session.backend.remove({ kind: 'key', name: repository.keyId }, run);
      return id;
    },
    run,
  );

const findKeyName = (names: readonly string[], prefix: string): string => {
  const wanted = prefix.toLowerCase();
  const found = /^[0-9a-f]{1,64}$/.test(wanted) ? names.filter((name) => name.startsWith(wanted)) : [];
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const what = found.length === 0 ? `there is no key “${prefix}”` : `${found.length} keys begin with “${prefix}”`;
  throw new Fault('usage', what, { hint: '`mailkeep key list` shows the keys and their ids.' });
};

/**
 * Removes a key, given by the beginning of its id, under an exclusive lock. Returns its id. Faults: `usage` when no key or
 * several are meant, and for the key in use, without which nobody might get in any more.
 */
export const removeKey = (repository: Repository, prefix: string, run: Run): Promise<string> =>
  repository.locked(
    'exclusive',
    async () => {
      const { backend } = repository.session;
      const name = findKeyName(await listNames(backend, 'key', run), prefix);
      if (name === repository.keyId) {
        throw new Fault('usage', `the key ${name.slice(0, 8)} is the one in use, so it is not removed`, {
          hint: 'Open the repository with another key to remove it, or change its password: mailkeep key passwd.',
        });
      }
      await backend.remove({ kind: 'key', name }, run);
      return name;
    },
    run,
  );
