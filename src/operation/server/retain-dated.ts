import type { DatedBackup, DatedStore } from '../../contract/component.ts';
import { interrupted, type Run } from '../../contract/run.ts';
import { datedPlace } from '../../model/dated-name.ts';
import {
  type DatedDecision,
  type DatedFacts,
  type DatedKeepReason,
  type DatedPolicy,
  planDatedRetention,
  verificationNeeded,
} from '../../model/dated-retention.ts';
import { asFault, Fault } from '../../model/fault.ts';

interface Known extends DatedFacts {
  readonly backup: DatedBackup;
}

const factsOf = (backup: DatedBackup, held: readonly string[]): Known => ({
  kind: backup.name.kind,
  path: datedPlace(backup.name),
  started: backup.started,
  isGood: backup.state === 'good',
  isDamaged: backup.damaged === true,
  verified: backup.verified,
  held,
  backup,
});

export interface DatedRetention {
  readonly removed: number;
  /** What was met when the newest was read again. */
  readonly damage: Fault | undefined;
  /** What could not be removed. */
  readonly warnings: readonly string[];
}

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

const plan = async (store: DatedStore, policy: DatedPolicy, run: Run): Promise<readonly DatedDecision<Known>[]> => {
  const known: Known[] = [];
  for (const backup of await store.backups(run)) known.push(factsOf(backup, await store.holdsOn(backup, run)));
  return planDatedRetention(known, policy, milliseconds(run));
};

/** Why one stays; what is merely one of the newest is not told. */
const keepText = (reason: DatedKeepReason): string | undefined => {
  switch (reason.kind) {
    case 'counted':
      return undefined;
    case 'damaged':
      return 'is damaged, and stays as long as if it were not';
    case 'future':
      return 'stays: it lies in the future, so a clock was wrong';
    case 'held':
      return `stays: it is held (${reason.by.join(', ')})`;
    case 'not-covered':
      return 'stays: nothing newer is good and was verified';
  }
};

/** Reads the newest good one again where something waits for that. Returns the damage. */
const verifyNewest = async (store: DatedStore, { path, backup }: Known, run: Run): Promise<Fault | undefined> => {
  run.emit({ kind: 'log', level: 'INFO', component: 'DISK', message: `${path} is read again, all of it` });
  const damage = await store.verify(backup, run);
  for (const { path: where, fault } of damage) run.emit({ kind: 'fault', fault, path: where });
  const [first] = damage;
  if (first === undefined) return undefined;
  const message = `${path} is damaged in ${damage.length} places, so nothing older leaves: ${first.fault.message}`;
  return new Fault('verification-failed', message, {
    hint: 'Look at the disk (smartctl -a). The next backup captures anew what is damaged.',
    cause: first.fault,
  });
};

/**
 * Lets go of what the policy has no use for, on evidence alone (requirement B3). What cannot be removed is a warning.
 */
export const retainDated = async (store: DatedStore, policy: DatedPolicy, run: Run): Promise<DatedRetention> => {
  const first = await plan(store, policy, run);
  const doubtful = verificationNeeded(first, milliseconds(run));
  const damage = doubtful === undefined ? undefined : await verifyNewest(store, doubtful, run);
  const decisions = doubtful === undefined ? first : await plan(store, policy, run);
  const warnings: string[] = [];
  let removed = 0;
  for (const decision of decisions) {
    const { path, backup } = decision.backup;
    if (decision.verdict === 'keep') {
      const text = keepText(decision.reason);
      if (text !== undefined) run.emit({ kind: 'log', level: 'INFO', component: 'DISK', message: `${path} ${text}` });
      continue;
    }
    try {
      await store.remove(backup, run);
      removed++;
      const message = `${path} leaves: ${decision.by} is newer, good, and was verified`;
      run.emit({ kind: 'log', level: 'INFO', component: 'DISK', message });
    } catch (error) {
      if (run.signal.aborted) throw interrupted(error);
      const fault = asFault(error);
      // Somebody restores from it: it leaves another night.
      if (fault.code === 'run-under-way') warnings.push(`${path} stays for now: ${fault.message}`);
      else warnings.push(`${path} could not be removed: ${fault.message}`);
    }
  }
  return { removed, damage, warnings };
};
