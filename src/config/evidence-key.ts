import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../model/fault.ts';
import { writeFirst } from '../system/durable-file.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';
import type { Environment } from './environment.ts';
import { openToOthers } from './open-to-others.ts';

/** Where this machine keeps the key that its notes of what was read back are signed with. */
export const evidenceKeyPath = ({ stateDirectory }: Pick<Environment, 'stateDirectory'>): string =>
  join(stateDirectory, 'evidence-key');

/** 64 hexadecimal digits, as 32 bytes. `where` names the place in the fault `configuration`. */
export const parseEvidenceKey = (text: string, where: string): Uint8Array => {
  if (/^[0-9a-f]{64}$/.test(text.trim())) return Uint8Array.from(Buffer.from(text.trim(), 'hex'));
  throw new Fault('configuration', `there is no evidence key in ${where}`, {
    hint: 'It is 64 hexadecimal digits, as ~/.local/state/mailkeep/evidence-key has them on the machine whose notes are to be believed.',
  });
};

/** Undefined: there is none yet. Faults: `configuration`, and those of the file system. */
export const readEvidenceKey = async (path: string): Promise<Uint8Array | undefined> => {
  try {
    if (await openToOthers(path, 'read')) {
      throw new Fault('configuration', `others may read the evidence key ${path}, and forge what it proves`, {
        hint: `If nobody has: chmod 600 ${path}. Otherwise remove it: a new one is made, and everything is read again before anything is forgotten.`,
        context: { path },
      });
    }
    return parseEvidenceKey(await readFile(path, 'utf8'), `the file ${path}`);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read', path);
  }
};

/** The key of this machine, which is made when there is none. Faults alike. */
export const ensureEvidenceKey = async (path: string): Promise<Uint8Array> => {
  const there = await readEvidenceKey(path);
  if (there !== undefined) return there;
  await writeFirst(path, `${randomBytes(32).toString('hex')}\n`);
  const made = await readEvidenceKey(path);
  if (made !== undefined) return made;
  throw new Fault('io-failed', `the evidence key ${path} is gone as soon as it is made`);
};
