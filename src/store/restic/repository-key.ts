import { hash } from 'node:crypto';
import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import type { MasterKey } from './sealing/envelope.ts';
import { openKeyFile } from './sealing/key.ts';
import type { Poly1305 } from './sealing/poly1305.ts';

/** restic gives up after as many keys, so that a hostile repository cannot make us derive for ever. */
const keyLimit = 20;

export interface FoundKey {
  readonly id: string;
  readonly master: MasterKey;
}

/**
 * What passwords have opened in this process, by the hash of key file and password: a run opens its repository to capture and
 * again to maintain it, and deriving a key takes almost half a second each time.
 */
const derived = new Map<string, MasterKey>();
/** More repositories than any run opens; the first ones are derived again. */
const mostDerived = 64;

const openOnce = async (json: Uint8Array, password: string, poly1305: Poly1305): Promise<MasterKey | undefined> => {
  const name = hash('sha256', `${hash('sha256', json, 'hex')} ${password}`, 'hex');
  const known = derived.get(name);
  if (known !== undefined) return known;
  const master = await openKeyFile(json, password, poly1305);
  if (master !== undefined && derived.size < mostDerived) derived.set(name, master);
  return master;
};

const keyDamaged = (id: string, cause?: unknown): Fault =>
  new Fault('key-damaged', `the key ${id.slice(0, 8)} is damaged: its content does not match its name`, {
    hint: 'Bring its file in the folder `keys` back from a copy, or use the password of another key.',
    context: { key: id },
    ...(cause === undefined ? {} : { cause }),
  });

/** Finds the key that a password opens, among those of these names. Faults: `wrong-password`, `repository-missing`, `key-damaged`. */
export const findKey = async (
  backend: Backend,
  password: string,
  options: { readonly names: readonly string[]; readonly hint?: string; readonly poly1305: Poly1305 },
  run: Run,
): Promise<FoundKey> => {
  const names = options.names.toSorted();
  const { hint } = options;
  if (hint !== undefined) names.sort((left, right) => Number(right.startsWith(hint)) - Number(left.startsWith(hint)));
  let damaged: Fault | undefined;
  for (const id of names.slice(0, keyLimit)) {
    const json = await backend.load({ kind: 'key', name: id }, undefined, run);
    try {
      const master = await openOnce(json, password, options.poly1305);
      if (master !== undefined) return { id, master };
      if (hash('sha256', json, 'hex') !== id) damaged ??= keyDamaged(id);
    } catch (error) {
      if (!isFault(error, 'key-damaged')) throw error;
      damaged = keyDamaged(id, error);
    }
  }
  if (names.length === 0) {
    throw new Fault('repository-missing', `the repository at ${backend.description} has no key`, {
      hint: 'Without a file in its keys folder nothing in it can be read; bring that folder back from a copy.',
    });
  }
  if (damaged !== undefined) throw damaged;
  throw new Fault('wrong-password', `the password opens no key of the repository at ${backend.description}`, {
    hint: 'Check --password-file, --password-command or MAILKEEP_PASSWORD_FILE. A password is never guessed or reset.',
  });
};
