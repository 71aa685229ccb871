import type { DrillCheck, DrillCheckName, DrillFinding, DrillSkip } from './drill-record.ts';

/** So many findings of a check are told by name; a disk that has lost everything has a million. */
const toldAtMost = 20;

/** Gathers what a check finds. */
export interface CheckTally {
  look(count?: number): void;
  find(finding: Pick<DrillFinding, 'kind' | 'subject'> & Partial<DrillFinding>): void;
  /** Some of it, or all, is not looked at. */
  skip(reason: DrillSkip['reason'], detail?: string): void;
  result(): DrillCheck;
}

/** Of a check that found nothing to look at, and is not told otherwise. */
const nothing: DrillSkip = { reason: 'nothing-there', detail: '' };

export const createCheckTally = (name: DrillCheckName): CheckTally => {
  const findings: DrillFinding[] = [];
  const skips: DrillSkip[] = [];
  let [looked, found] = [0, 0];
  return {
    look: (count = 1) => {
      looked += count;
    },
    find: ({ count = 1, detail = '', ...finding }) => {
      found += count;
      if (findings.length < toldAtMost) findings.push({ ...finding, count, detail });
    },
    skip: (reason, detail = '') => {
      if (!skips.some((skip) => skip.reason === reason && skip.detail === detail)) skips.push({ reason, detail });
    },
    result: () => {
      const outcome = found > 0 ? 'failed' : looked > 0 ? 'passed' : 'skipped';
      const told = outcome === 'skipped' && skips.length === 0 ? [nothing] : skips;
      return { name, outcome, looked, findings, found, skips: told };
    },
  };
};
