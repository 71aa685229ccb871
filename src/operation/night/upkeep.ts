import type { Run } from '../../contract/run.ts';
import { asFault, type Fault } from '../../model/fault.ts';
import {
  type LackReason,
  recordedFault,
  type RepositoryRecord,
  type SkipReason,
  type StepOutcome,
} from '../../model/run-record.ts';

/** What is to be done in one repository; what is absent is not. */
export interface UpkeepPlan {
  /** By its name in the configuration. */
  readonly name: string;
  readonly appendOnly: boolean;
  /** Who forgets and prunes: this run, this run unless the storage lets nothing be removed, or somebody else. */
  readonly removal: 'here' | 'where-possible' | 'elsewhere';
  /** Read what is new, and one of so many parts of the rest. */
  readonly verify: { readonly parts: number } | undefined;
  readonly forget: boolean;
  readonly prune: boolean;
  readonly hold: boolean;
  readonly copyTo: readonly string[];
  /** In the currency's unit, for a byte. */
  readonly price: { readonly perByteMonth: number; readonly currency: string } | undefined;
}

/** The steps themselves, in an open repository. */
export interface UpkeepTools {
  /** Whether the storage lets nothing be removed. */
  readonly isImmutable: boolean;
  /** `damage`: the first that was found. */
  verify(parts: number, run: Run): Promise<{ damage: Fault | undefined; readBytes: number; packs: number }>;
  /** Lets go of checkpoints from which no capture will go on. */
  removeCheckpoints(run: Run): Promise<void>;
  /** `failed`: snapshots that should be gone and are not. */
  forget(run: Run): Promise<{ removed: number; kept: number; frozen: number; failed: number }>;
  prune(run: Run): Promise<{ freedBytes: number; failed: number }>;
  hold(run: Run): Promise<{ extended: number; held: number }>;
  copy(to: string, run: Run): Promise<{ snapshots: number; bytes: number }>;
  measure(run: Run): Promise<{ storedBytes: number; snapshots: number }>;
}

export type UpkeepStep = 'verify' | 'forget' | 'prune' | 'hold' | 'copy';

type Record = { -readonly [Name in keyof RepositoryRecord]: RepositoryRecord[Name] };

const good: StepOutcome = { kind: 'good' };
const failed = (fault: Fault): StepOutcome => ({ kind: 'failed', fault: recordedFault(fault) });
const skipped = (reason: SkipReason): StepOutcome => ({ kind: 'skipped', reason });
const remaining = (count: number, reason: LackReason): StepOutcome =>
  count === 0 ? good : { kind: 'incomplete', reason, count };

const leftToMaintain = skipped('append-only');
const afterDamage = skipped('not-verified');
const notCopied = skipped('not-copied');
const afterInterruption = skipped('interrupted');

/** A step's own part of the record: what it did, or nothing and why. */
const step = async <Done extends object>(
  nothing: Done,
  work: () => Promise<Done & { readonly outcome: StepOutcome }>,
): Promise<Done & { readonly outcome: StepOutcome }> => {
  try {
    return await work();
  } catch (error) {
    return { ...nothing, outcome: failed(asFault(error)) };
  }
};

/** Why a step that removes something is left out; undefined: it is not. */
const obstacle = (
  { removal }: UpkeepPlan,
  { isImmutable }: UpkeepTools,
  { record, run }: Pick<Parts, 'record' | 'run'>,
): StepOutcome | undefined => {
  if (removal === 'elsewhere' || (removal === 'where-possible' && isImmutable)) return leftToMaintain;
  if (run.signal.aborted) return afterInterruption;
  return record.verify?.outcome.kind === 'failed' ? afterDamage : undefined;
};

const noSnapshots = { removed: 0, kept: 0, frozen: 0 };

/** They harm nobody: that some stay is no failure of the night. */
const removeCheckpoints = async ({ name }: UpkeepPlan, tools: UpkeepTools, run: Run): Promise<void> => {
  try {
    await tools.removeCheckpoints(run);
  } catch (error) {
    run.emit({ kind: 'notice', message: `checkpoints in ${name} stay for now: ${asFault(error).message}` });
  }
};

/** The steps that may remove something, in the order in which they must come. */
const removals = async (plan: UpkeepPlan, tools: UpkeepTools, parts: Parts): Promise<void> => {
  const { record, tell, run } = parts;
  const unless = obstacle(plan, tools, parts);
  if (unless === undefined) await removeCheckpoints(plan, tools, run);
  if (plan.forget) {
    record.forget = await step(noSnapshots, async () => {
      const isCopied = record.copies.every(({ outcome }) => outcome.kind === 'good');
      const reason = unless ?? (isCopied ? undefined : notCopied);
      if (reason !== undefined) return { ...noSnapshots, outcome: reason };
      const { failed: left, ...done } = await tools.forget(run);
      return { ...done, outcome: remaining(left, 'snapshots-left') };
    });
    tell('forget', record);
  }
  if (plan.prune) {
    record.prune = await step({ freedBytes: 0 }, async () => {
      const now = unless ?? obstacle(plan, tools, parts);
      if (now !== undefined) return { freedBytes: 0, outcome: now };
      const { failed: left, freedBytes } = await tools.prune(run);
      return { freedBytes, outcome: remaining(left, 'packs-left') };
    });
    tell('prune', record);
  }
};

interface Parts {
  readonly record: Record;
  readonly tell: (step: UpkeepStep, record: RepositoryRecord) => void;
  readonly run: Run;
}

const copies = async ({ copyTo }: UpkeepPlan, tools: UpkeepTools, { record, tell, run }: Parts): Promise<void> => {
  for (const to of copyTo) {
    const nothing = { to, snapshots: 0, bytes: 0 };
    const done = await step(nothing, async () => {
      if (run.signal.aborted) return { ...nothing, outcome: afterInterruption };
      return { to, ...(await tools.copy(to, run)), outcome: good };
    });
    record.copies = [...record.copies, done];
    tell('copy', record);
  }
};

/**
 * Verify, copy, forget, prune, hold: each step has an outcome of its own. Nothing is removed when verifying has failed, and
 * nothing forgotten that another repository may still lack. Never rejects; `tell` is called after each step with the record so far. After an interruption the steps that were not begun
 * are skipped.
 */
export const upkeep = async (
  plan: UpkeepPlan,
  tools: UpkeepTools,
  { tell, run }: Pick<Parts, 'tell' | 'run'>,
): Promise<RepositoryRecord> => {
  const { name, appendOnly, verify } = plan;
  const record: Record = { name, appendOnly, copies: [] };
  if (verify !== undefined) {
    record.verify = await step({ readBytes: 0, packs: 0 }, async () => {
      const { damage, ...read } = await tools.verify(verify.parts, run);
      return { ...read, outcome: damage === undefined ? good : failed(damage) };
    });
    tell('verify', record);
  }
  await copies(plan, tools, { record, tell, run });
  await removals(plan, tools, { record, tell, run });
  if (plan.hold) {
    record.hold = await step({ extended: 0, held: 0 }, async () =>
      run.signal.aborted
        ? { extended: 0, held: 0, outcome: afterInterruption }
        : { ...(await tools.hold(run)), outcome: good },
    );
    tell('hold', record);
  }
  return { ...record, ...(await measured(plan, tools, run)) };
};

/** What all of it takes, where it can be listed. */
const measured = async (
  { name, price }: UpkeepPlan,
  tools: UpkeepTools,
  run: Run,
): Promise<Pick<RepositoryRecord, 'storedBytes' | 'snapshots' | 'monthlyCost'>> => {
  if (run.signal.aborted) return {};
  try {
    const { storedBytes, snapshots } = await tools.measure(run);
    if (price === undefined) return { storedBytes, snapshots };
    const { currency, perByteMonth } = price;
    return { storedBytes, snapshots, monthlyCost: { amount: storedBytes * perByteMonth, currency } };
  } catch (error) {
    run.emit({ kind: 'notice', message: `how much ${name} holds could not be found out: ${asFault(error).message}` });
    return {};
  }
};

/** A repository that could not be opened: the first step that was asked for has failed, the others could not begin. */
export const unopened = (
  { name, appendOnly, verify, forget, prune, hold, copyTo }: UpkeepPlan,
  fault: Fault,
): RepositoryRecord => {
  let next: StepOutcome = failed(fault);
  const take = (): StepOutcome => {
    const outcome = next;
    next = skipped('not-opened');
    return outcome;
  };
  return {
    name,
    appendOnly,
    ...(verify === undefined ? {} : { verify: { outcome: take(), readBytes: 0, packs: 0 } }),
    copies: copyTo.map((to) => ({ to, outcome: take(), snapshots: 0, bytes: 0 })),
    ...(forget ? { forget: { outcome: take(), ...noSnapshots } } : {}),
    ...(prune ? { prune: { outcome: take(), freedBytes: 0 } } : {}),
    ...(hold ? { hold: { outcome: take(), extended: 0, held: 0 } } : {}),
  };
};
