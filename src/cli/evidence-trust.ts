import type { Run } from '../contract/run.ts';
import type { SecretSource } from '../contract/secret-source.ts';
import type { EvidenceTrust } from '../store/restic/evidence/evidence-key.ts';
import type { CommandContext } from './context.ts';

/** What the configuration says of a repository's evidence. */
export interface ConfiguredEvidence {
  /** Of other machines. */
  readonly keys: readonly SecretSource[];
  readonly anybody: boolean;
}

const givenKey = async (source: SecretSource, run: Run): Promise<Uint8Array> => {
  const [{ parseEvidenceKey }, { nameOf, readSecret }] = await Promise.all([
    import('../config/evidence-key.ts'),
    import('../config/read-secret.ts'),
  ]);
  return parseEvidenceKey((await readSecret(source, run)).reveal(), nameOf(source));
};

/** Whose notes are believed: those of this machine, whose key lies in its state folder, and those that a person names. */
export const evidenceTrust = (
  configured: ConfiguredEvidence | undefined,
  { environment, run }: Pick<CommandContext, 'environment' | 'run'>,
): EvidenceTrust => {
  const parts = () =>
    Promise.all([import('../config/evidence-key.ts'), import('../store/restic/evidence/evidence-key.ts')]);
  return {
    anybody: configured?.anybody === true,
    own: async () => {
      const [{ ensureEvidenceKey, evidenceKeyPath }, { createEvidenceKey }] = await parts();
      return createEvidenceKey(await ensureEvidenceKey(evidenceKeyPath(environment)));
    },
    known: async () => {
      const [{ evidenceKeyPath, readEvidenceKey }, { createEvidenceKey }] = await parts();
      const own = await readEvidenceKey(evidenceKeyPath(environment));
      const given = await Promise.all((configured?.keys ?? []).map((source) => givenKey(source, run)));
      return { own: own === undefined ? undefined : createEvidenceKey(own), given: given.map(createEvidenceKey) };
    },
  };
};
