import type {
  CapturedComponent,
  Component,
  DatedBackup,
  DatedStore,
  FailedComponent,
} from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { BrakeReason } from '../../model/damage-brake.ts';
import { type Fault, isFault } from '../../model/fault.ts';
import type { DiskRecord } from '../../model/run-record.ts';
import type { AlarmNight } from './alarm/alarm-night.ts';
import { endsAtOnce, type Patience } from './component-attempts.ts';
import { type DiskNight, diskNight, type DiskNightParts, nightFault } from './disk-night.ts';
import { type DiskCare, judgeNight, lookAfterDisk } from './look-after-disk.ts';
import { orFault, rethrowInterrupted } from './or-fault.ts';
import { captureFinished, captureLive, type RepositoryNight, type RepositoryNightParts } from './repository-night.ts';
import type { ScrubbedNight } from './scrub-disk-night.ts';

/** A dated disk of which it is known that it is the right one, writable, and has room. */
export interface OpenDisk {
  readonly store: DatedStore;
  /** How it is left. */
  record(run: Run): Promise<DiskState>;
  /** Leaves on it how its newest backup is brought back, for when the server is gone. Only the Fault `interrupted`. */
  leaveRunbook?(run: Run): Promise<void>;
}

export interface DiskState {
  readonly disk: DiskRecord;
  /** When the newest good backup on it began, in milliseconds. */
  readonly lastGood: number | undefined;
}

export interface ServerDisk extends Pick<DiskNightParts, 'today' | 'thisWeek'>, DiskCare {
  /** Opens it for as long as `work` lasts. Faults `disk-missing`, `disk-full`, `read-only` and others that end at once. */
  withDisk<Result>(work: (disk: OpenDisk) => Promise<Result>): Promise<Result>;
}

export interface ServerRepository {
  /** Opens it for as long as `work` lasts. */
  withStore<Result>(work: (parts: RepositoryNightParts) => Promise<Result>): Promise<Result>;
}

export interface ServerNightParts extends Pick<DiskNightParts, 'wish'> {
  /** `takesOver`: mail folders that seem unchanged may be taken over unread. */
  readonly components: (place: 'disk' | 'repository', takesOver: boolean) => Promise<readonly Component[]>;
  readonly patience: Patience;
  readonly disk: ServerDisk | undefined;
  readonly repository: ServerRepository | undefined;
}

/** What a night of a server came to. */
export interface ServerNight {
  readonly disk: DiskRecord | undefined;
  /** Of the disk, where there is one: when its newest good backup began. */
  readonly lastGood: number | undefined;
  readonly backup: DatedBackup | undefined;
  readonly weekly: DatedBackup | undefined;
  readonly repository: RepositoryNight | undefined;
  readonly captured: readonly CapturedComponent[];
  readonly failed: readonly FailedComponent[];
  readonly attempts: ReadonlyMap<string, number>;
  readonly removed: number;
  readonly scrubbed: ScrubbedNight | undefined;
  /** Why a person has to look at the source; none: the brake does not hold. */
  readonly brake: readonly BrakeReason[];
  /** What went wrong, the gravest first; none: all is well. */
  readonly faults: readonly Fault[];
  readonly isCritical: boolean;
  readonly warnings: readonly string[];
}

interface DiskResult {
  readonly night: DiskNight | undefined;
  readonly state: DiskState | undefined;
  readonly repository: RepositoryNight | undefined;
  readonly removed: number;
  readonly scrubbed: ScrubbedNight | undefined;
  readonly brake: readonly BrakeReason[];
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

const noDisk: DiskResult = {
  night: undefined,
  state: undefined,
  repository: undefined,
  removed: 0,
  scrubbed: undefined,
  brake: [],
  faults: [],
  warnings: [],
};

/** The finished backup goes into the repository, too. */
const passOn = async (
  { store }: OpenDisk,
  { backup, alarm }: { readonly backup: DatedBackup; readonly alarm: AlarmNight | undefined },
  { repository }: ServerNightParts,
  run: Run,
): Promise<RepositoryNight | undefined> => {
  if (repository === undefined) return undefined;
  run.emit({ kind: 'log', level: 'INFO', component: 'REPOSITORY', message: `begins, from ${backup.folder}` });
  const source = await store.open(backup, run);
  const state = { isComplete: backup.state === 'good', alarm };
  return repository.withStore((parts) => captureFinished(source, state, parts, run));
};

const onDisk = async (disk: OpenDisk, parts: ServerNightParts & { readonly disk: ServerDisk }, run: Run) => {
  const faults: Fault[] = [];
  // The store knows by which rules its backups were made.
  const components = await parts.components('disk', true);
  const { store } = disk;
  const night = await orFault(() => diskNight({ ...parts, ...parts.disk, components, store }, run), faults, run);
  const partly = night === undefined ? undefined : nightFault(night);
  if (partly !== undefined) faults.push(partly);
  // A failed verification ends; so does what would end anything.
  const told = { faults, run };
  const backup = night?.backup;
  const judged = night === undefined ? undefined : await judgeNight(store, parts.disk, night, told);
  const brake = judged?.reasons ?? [];
  // What could not be judged lets nothing leave either; the next snapshot that could be lets go.
  const isBraked = judged === undefined || brake.length > 0;
  const repository =
    backup === undefined
      ? undefined
      : await orFault(() => passOn(disk, { backup, alarm: judged }, parts, run), faults, run);
  const care =
    night === undefined
      ? { removed: 0, warnings: [], scrubbed: undefined }
      : await lookAfterDisk(store, parts.disk, !isBraked, told);
  const { removed, scrubbed } = care;
  if (night !== undefined) await disk.leaveRunbook?.(run);
  const state = await disk.record(run).catch((error: unknown) => {
    rethrowInterrupted(error, run);
    return undefined;
  });
  const warnings = [...(judged?.warnings ?? []), ...care.warnings];
  return { night, state, repository, removed, scrubbed, brake, faults, warnings } satisfies DiskResult;
};

/** Whether a backup is still owed to the repository: the disk has none for it. */
const isOwed = (parts: ServerNightParts, { night, repository, faults }: DiskResult): boolean => {
  if (parts.repository === undefined || repository !== undefined) return false;
  // A weekly backup that was made of the daily one has nothing new; and a finished one that could not be passed on stays on the disk.
  if (night?.weekly !== undefined || night?.backup !== undefined) return false;
  return parts.disk === undefined || faults.length > 0;
};

const capturedLive = async (
  { repository, components, patience }: ServerNightParts,
  faults: Fault[],
  run: Run,
): Promise<RepositoryNight | undefined> => {
  if (repository === undefined) return undefined;
  run.emit({ kind: 'log', level: 'INFO', component: 'REPOSITORY', message: 'begins, from the server itself' });
  const night = await orFault(
    () =>
      repository.withStore((parts) => captureLive((takes) => components('repository', takes), patience, parts, run)),
    faults,
    run,
  );
  const partly = night?.live === undefined ? undefined : nightFault(night.live);
  for (const fault of [partly, night?.notJudged]) if (fault !== undefined) faults.push(fault);
  return night;
};

/**
 * A night of a server: onto its disk, and from there into its repository; into the repository from the server itself where there is no
 * disk, or where the disk has failed (docs/decision/007). Fault `interrupted`; anything else is in the result.
 */
export const serverNight = async (parts: ServerNightParts, run: Run): Promise<ServerNight> => {
  const { disk } = parts;
  const faults: Fault[] = [];
  const result =
    disk === undefined
      ? noDisk
      : ((await orFault(() => disk.withDisk((open) => onDisk(open, { ...parts, disk }, run)), faults, run)) ?? noDisk);
  faults.push(...result.faults);
  const owed = isOwed(parts, { ...result, faults });
  const live = owed ? await capturedLive(parts, faults, run) : undefined;
  const { night } = result;
  const source = live?.live ?? night;
  for (const message of result.warnings) run.emit({ kind: 'log', level: 'WARNING', component: 'DISK', message });
  return {
    disk: result.state?.disk,
    lastGood: result.state?.lastGood,
    backup: night?.backup,
    weekly: night?.weekly,
    repository: live ?? result.repository,
    captured: source?.captured ?? [],
    failed: source?.failed ?? [],
    attempts: night?.attempts ?? new Map(),
    removed: result.removed,
    scrubbed: result.scrubbed,
    brake: live?.brake ?? result.brake,
    faults,
    isCritical: faults.some(endsAtOnce) && !faults.some((fault) => isFault(fault, 'interrupted')),
    warnings: result.warnings,
  };
};
