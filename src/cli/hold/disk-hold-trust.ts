import type { HoldTrust } from '../../model/hold-trust.ts';
import type { Config } from '../../registry.ts';
import { holdTrustOf } from '../../store/restic/holds/hold-trust.ts';
import type { CommandContext } from '../context.ts';
import { evidenceTrust } from '../evidence-trust.ts';

/** By whose word holds on a dated disk end: of this machine, and of those whose key any repository of the configuration was given. */
export const diskHoldTrust = (
  { repositories }: Pick<Config, 'repositories'>,
  context: Pick<CommandContext, 'environment' | 'run'>,
): HoldTrust => {
  const keys = Object.values(repositories).flatMap(({ evidenceKeys }) => evidenceKeys);
  return holdTrustOf(evidenceTrust({ keys, anybody: false }, context));
};
