import type { DatedBackup, DatedStore } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { DatedPolicy } from '../../model/dated-retention.ts';
import { asFault, type Fault } from '../../model/fault.ts';
import { type AlarmNight, alarmNight, type AlarmWish } from './alarm/alarm-night.ts';
import { tellAlarms } from './alarm/tell-alarms.ts';
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

/** What a night says of the source. */
export interface JudgedNight extends AlarmNight {
  readonly warnings: readonly string[];
}

/** What was published of a night; both undefined: nothing. `weekly`: made of a daily one by links. */
export interface Published {
  readonly backup: DatedBackup | undefined;
  readonly weekly: DatedBackup | undefined;
}

const notConfirmed =
  'nothing was published, so nothing was confirmed: the alarm stays open. Run it again with --confirm once a backup can be made';

/**
 * What a person confirms is a backup: without a published one an alarm stays open, and a warning says so. Undefined: it could not be told
 * whether all is right, and that is among the faults.
 */
export const judgeNight = (
  store: DatedStore,
  { alarm }: DiskCare,
  { backup, weekly }: Published,
  { faults, run }: { readonly faults: Fault[]; readonly run: Run },
): Promise<JudgedNight | undefined> =>
  orFault(
    async () => {
      if (alarm === undefined) return { reasons: [], confirmed: [], warnings: [] };
      const judged = backup ?? (alarm.confirmed ? weekly : undefined);
      if (judged === undefined) {
        const reasons = (await store.alarms(run)).open?.reasons ?? [];
        return { reasons, confirmed: [], warnings: alarm.confirmed && reasons.length > 0 ? [notConfirmed] : [] };
      }
      const night = await alarmNight({ ...alarm, store }, judged, run);
      tellAlarms(night, run);
      return { ...night, warnings: [] };
    },
    faults,
    run,
  );

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
