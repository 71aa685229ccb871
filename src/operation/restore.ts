import type { Source } from '../contract/source.ts';
import type { Run } from '../contract/run.ts';
import type { Target, TargetPlan, TargetReport } from '../contract/target.ts';
import type { ByteString } from '../model/byte-string.ts';
import type { Difference, Overlooked } from '../model/compare.ts';
import { Fault } from '../model/fault.ts';
import { compare } from './compare.ts';

export interface RestoreOptions {
  /** Only plan. */
  readonly dryRun: boolean;
  /** Read back what was restored and compare it with the source. */
  readonly verify: boolean;
  /** Shows the plan to whoever decides; false: nothing is done. */
  readonly confirm: (plan: TargetPlan) => Promise<boolean>;
  /** The target's own filter, for the verification: what was not asked for is not missed. */
  readonly filter?: (path: ByteString, isDirectory: boolean) => boolean;
}

export interface Verification {
  /** 0: all that was asked for is there as it is in the source. */
  readonly differences: number;
  /** At most the first thousand. */
  readonly listed: readonly Difference[];
}

export interface RestoreReport {
  readonly outcome: 'planned' | 'declined' | 'restored';
  readonly plan: TargetPlan;
  /** What was done; only of `restored`. */
  readonly report?: TargetReport;
  readonly verification?: Verification;
}

const listedAtMost = 1000;

/**
 * Plans, has the plan confirmed, applies it, and looks whether it is true. What was refused, could not be brought or
 * differs afterwards is in the report, refusals and differences as fault events too; thrown is only what ended it early.
 */
export const restore = async (
  source: Source,
  target: Target,
  options: RestoreOptions,
  run: Run,
): Promise<RestoreReport> => {
  const plan = await target.plan(source, run);
  if (options.dryRun) return { outcome: 'planned', plan };
  if (!(await options.confirm(plan))) return { outcome: 'declined', plan };
  for (const { path, fault } of plan.refusals) run.emit({ kind: 'fault', path, fault });
  const report = await target.apply(plan, source, run);
  if (!options.verify) return { outcome: 'restored', plan, report };
  const overlooked = new Set(report.notRestored.keys());
  const verification = await verify(source, target, { ...options, overlooked }, run);
  return { outcome: 'restored', plan, report, verification };
};

export interface VerifyOptions extends Pick<RestoreOptions, 'filter'> {
  /** What the target could not hold, which was told. */
  readonly overlooked: Overlooked;
  /** Of a server that runs: times of folders change with all that is done in them. */
  readonly isInUse?: boolean;
}

/** Compares what was restored with the source. What the target has beyond it is none of our business. */
export const verify = async (
  source: Source,
  target: Pick<Target, keyof Source>,
  options: VerifyOptions,
  run: Run,
): Promise<Verification> => {
  run.emit({ kind: 'phase', phase: 'verifying' });
  const listed: Difference[] = [];
  let differences = 0;
  const { overlooked } = options;
  for await (const difference of compare(source, target, { metadata: true, contents: 'read', overlooked }, run)) {
    if (!counts(difference, options)) continue;
    differences++;
    if (listed.length < listedAtMost) listed.push(difference);
    run.emit({ kind: 'fault', path: difference.path, fault: faultOf(difference) });
  }
  return { differences, listed };
};

const counts = (difference: Difference, { filter, overlooked, isInUse = false }: VerifyOptions): boolean => {
  if (difference.kind === 'added') return false;
  if (difference.kind === 'unknown') return true;
  const { type } = difference.left;
  if (
    isInUse &&
    difference.kind === 'metadata' &&
    type === 'directory' &&
    difference.fields.every((one) => one === 'mtime')
  )
    return false;
  if (filter !== undefined && !filter(difference.path, type === 'directory')) return false;
  if (difference.kind !== 'removed') return true;
  // No inventory lists sockets, and the others may be what the platform cannot make.
  return type !== 'socket' && !overlooked.has(type.endsWith('device') ? 'device' : type);
};

const faultOf = (difference: Difference): Fault => {
  switch (difference.kind) {
    case 'unknown':
      return difference.fault;
    case 'removed':
      return differs('it is missing after the restore');
    case 'metadata':
      return differs(`after the restore it differs in ${difference.fields.join(', ')}`);
    case 'type':
      return differs('after the restore it is of another kind');
    default:
      return differs('its content after the restore is not that of the source');
  }
};

const differs = (sentence: string): Fault =>
  new Fault('verification-failed', sentence, {
    hint: 'Run the same command again; if it stays so, check the disk of the target and the repository.',
  });
