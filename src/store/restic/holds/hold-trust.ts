import { isFault } from '../../../model/fault.ts';
import type { HoldTrust } from '../../../model/hold-trust.ts';
import { type EvidenceTrust, type KnownKeys, originOf, signedNote } from '../evidence/evidence-key.ts';

/**
 * What the MAC of a line is over, beside the line: not the repository, since a hold is the same in each to which it was copied, and
 * on a disk. Ids of holds are random, so that a line says nothing of any other.
 */
const context = 'holds';

const noKeys: KnownKeys = { own: undefined, given: [] };

/** Without keys no release is believed, which keeps more. */
const knownKeys = async (trust: EvidenceTrust): Promise<KnownKeys> => {
  try {
    return await trust.known();
  } catch (error) {
    if (isFault(error, 'interrupted', 'internal')) throw error;
    return noKeys;
  }
};

/** The keys that evidence is signed with sign holds as well. */
export const holdTrustOf = (trust: EvidenceTrust): HoldTrust => ({
  anybody: trust.anybody,
  sign: async (line) => Buffer.from(signedNote(Buffer.from(line, 'utf8'), await trust.own(), context)).toString('utf8'),
  origins: async (lines) => {
    if (lines.length === 0) return [];
    const keys = await knownKeys(trust);
    return lines.map((line) => originOf(Buffer.from(`${line}\n`, 'utf8'), keys, context));
  },
});
