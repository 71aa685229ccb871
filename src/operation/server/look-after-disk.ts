import type { DatedBackup, DatedStore } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { BrakeReason } from '../../model/damage-brake.ts';
import type { DatedPolicy } from '../../model/dated-retention.ts';
import { asFault, type Fault } from '../../model/fault.ts';
import { alarmNight, type AlarmWish } from './alarm/alarm-night.ts';
import { orFault, rethrowInterrupted } from './or-fault.ts';
import { retainDated } from './retain-dated.ts';
import { scrubDiskNight, type ScrubbedNight, type ScrubSetting } from './scrub-disk-night.ts';

/** How a disk is looked after besides that backups are made. */
export interface DiskCare {
  readonly policy: DatedPolicy;
  /** Absent: nothing is read again but what retention asks for. */
  readonly scrub?: ScrubSetting;
  /** Absent: what was captured is not judged. */
  readonly alarm?: Omit<AlarmWish, 'store'>;
}

/** Undefined: it could not be told whether all is right, and that is among the faults. */
export const judgeNight = (
  store: DatedStore,
  { alarm }: DiskCare,
  backup: DatedBackup | undefined,
  { faults, run }: { readonly faults: Fault[]; readonly run: Run },
): Promise<readonly BrakeReason[] | undefined> =>
  orFault(
    async () => {
      if (alarm === undefined) return [];
      if (backup === undefined) return (await store.alarms(run)).open?.reasons ?? [];
      const { reasons, confirmed } = await alarmNight({ ...alarm, store }, backup, run);
      const log = (level: 'ERROR' | 'WARNING', message: string): void =>
        run.emit({ kind: 'log', level, component: 'ALARM', message });
      if (reasons.length > 0) log('ERROR', `the brake holds, nothing leaves: ${kindsOf(reasons)}`);
      if (confirmed.length > 0) log('WARNING', `confirmed by a person: ${kindsOf(confirmed)}`);
      return reasons;
    },
    faults,
    run,
  );

const kindsOf = (reasons: readonly BrakeReason[]): string => [...new Set(reasons.map(({ kind }) => kind))].join(', ');

interface Retained {
  readonly removed: number;
  readonly warnings: readonly string[];
}

const nothingLeft: Retained = { removed: 0, warnings: [] };

const retain = async (
  store: DatedStore,
  { policy }: DiskCare,
  { faults, run }: { readonly faults: Fault[]; readonly run: Run },
): Promise<Retained> => {
  try {
    const { removed, damage, warnings } = await retainDated(store, policy, run);
    if (damage !== undefined) faults.push(damage);
    return { removed, warnings };
  } catch (error) {
    rethrowInterrupted(error, run);
    return { removed: 0, warnings: [`old backups stay for now: ${asFault(error).message}`] };
  }
};

/**
 * Reads some of the disk again, and then lets go of what may go. Nothing leaves while a brake holds, nor after damage was found, nor when
 * either could not be told.
 */
export const lookAfterDisk = async (
  store: DatedStore,
  care: DiskCare,
  isFree: boolean,
  told: { readonly faults: Fault[]; readonly run: Run },
): Promise<Retained & { readonly scrubbed: ScrubbedNight | undefined }> => {
  const { scrub } = care;
  const { faults, run } = told;
  if (scrub === undefined) return { ...(isFree ? await retain(store, care, told) : nothingLeft), scrubbed: undefined };
  const scrubbed = await orFault(() => scrubDiskNight(store, scrub, run), faults, run);
  if (scrubbed?.damage !== undefined) faults.push(scrubbed.damage);
  const isWell = scrubbed !== undefined && scrubbed.damage === undefined;
  return { ...(isFree && isWell ? await retain(store, care, told) : nothingLeft), scrubbed };
};
