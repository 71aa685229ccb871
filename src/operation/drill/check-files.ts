import type { Run } from '../../contract/run.ts';
import { checkCertificates } from './certificates.ts';
import { checkSieve, type CompileSieve } from './check-sieve.ts';
import { checkDkim } from './dkim-keys.ts';
import type { DrillState } from './drill-state.ts';

/** Whether it is this component, or one that a preset has put beside it: `ssl-mx`. */
const isOf = (component: string, name: string): boolean => component === name || component.startsWith(`${name}-`);

/** Looks at restored files that have a meaning: filters, keys, certificates. `now`: milliseconds since 1970. */
export const checkFiles = async (
  { now, compile }: { readonly now: number; readonly compile: CompileSieve },
  { trees, tallies }: DrillState,
  run: Run,
): Promise<void> => {
  const { sieve, dkim, certificates } = tallies;
  for (const [component, tree] of trees) {
    await checkSieve(component, { tree, tally: sieve, compile }, run);
    if (isOf(component, 'dkim')) await checkDkim(component, tree, dkim, run);
    if (isOf(component, 'ssl')) await checkCertificates(component, tree, { now, tally: certificates }, run);
  }
};
