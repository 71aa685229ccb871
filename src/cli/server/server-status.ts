import type { DatedBackup } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import { datedPlace } from '../../model/dated-name.ts';
import type { BrakeReason } from '../../model/damage-brake.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { asFault, type Fault, isFault } from '../../model/fault.ts';
import { formatDuration } from '../../model/size.ts';
import { lastGoodOf } from '../../operation/account-status.ts';
import { type BrakeStanding, brakeStanding } from '../../operation/server/alarm/judge-snapshot.ts';
import { datedStoreAt } from '../../registry/server.ts';
import { brakeText } from '../account/brake-text.ts';
import type { CommandContext } from '../context.ts';
import { drillJson, type LastDrill } from '../drill/drill-status.ts';
import { readRepository } from '../read-repository.ts';
import { localTime } from '../render/local-time.ts';
import { contextOfRepository } from '../run/repository-upkeep.ts';
import { type DiskOutlook, diskOutlookJson } from '../health/disk-outlook.ts';
import { requireDisk } from './find-disk.ts';
import { serverDescription } from './server-description.ts';
import { serverHost, type ServerJob } from './server-job.ts';

/** How the backups of a server stand. Times in milliseconds. */
export interface ServerStatus {
  readonly job: ServerJob;
  /** Of the newest good one, on the disk or in the repository. */
  readonly lastGood: number | undefined;
  readonly newest: DatedBackup | undefined;
  readonly daily: number;
  readonly weekly: number;
  /** Why a person has to confirm; none: no alarm is open. */
  readonly brake: readonly BrakeReason[];
  /** The newest snapshot could not be compared with the one before, and holds the brake. */
  readonly isUnjudged: boolean;
  /** What could not be looked at. */
  readonly faults: readonly Fault[];
}

const clockSlack = 300_000;

const newestOf = (backups: readonly DatedBackup[], now: number): DatedBackup | undefined =>
  backups.filter(({ started }) => started <= now + clockSlack).toSorted((a, b) => b.started - a.started)[0];

interface OnDisk {
  readonly backups: readonly DatedBackup[];
  readonly brake: readonly BrakeReason[];
}

const lookAtDisk = async ({ entry, config }: ServerJob, run: Run): Promise<OnDisk | undefined> => {
  const { disk } = entry;
  if (disk === undefined) return undefined;
  await requireDisk(disk, run);
  const store = await datedStoreAt({ disk, timeZone: config.timeZone, wait: 0 });
  try {
    return { backups: await store.backups(run), brake: (await store.alarms(run)).open?.reasons ?? [] };
  } finally {
    await store.close();
  }
};

interface InRepository {
  readonly lastGood: number | undefined;
  readonly brake: BrakeStanding;
}

/** Undefined: it has no repository. */
export const lookAtRepository = async (job: ServerJob, context: CommandContext): Promise<InRepository | undefined> => {
  const { repository } = job.entry;
  if (repository === undefined) return undefined;
  let found: InRepository | undefined;
  await readRepository(contextOfRepository(repository, context), async (store, run) => {
    const description = serverDescription(job, context);
    const good = lastGoodOf(await store.snapshots(run), description, run.now());
    const lastGood = good === undefined ? undefined : Number(good.time.nanoseconds / 1_000_000n);
    found = { lastGood, brake: await brakeStanding({ store, description }, run) };
  });
  return found;
};

/** Looks at the disk and at the repository; what is not to be had is among the faults. */
export const serverStatus = async (job: ServerJob, context: CommandContext): Promise<ServerStatus> => {
  const faults: Fault[] = [];
  const orFault = async <Answer>(work: () => Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await work();
    } catch (error) {
      const fault = asFault(error);
      if (isFault(fault, 'interrupted', 'internal')) throw fault;
      faults.push(fault);
      return undefined;
    }
  };
  const { backups, brake } = (await orFault(() => lookAtDisk(job, context.run))) ?? { backups: [], brake: [] };
  const inRepository = await orFault(() => lookAtRepository(job, context));
  const now = Number(context.run.now() / 1_000_000n);
  const good = newestOf(
    backups.filter(({ state, damaged }) => state === 'good' && damaged !== true),
    now,
  );
  const times = [good?.started, inRepository?.lastGood].filter((time) => time !== undefined);
  const count = (kind: 'daily' | 'weekly'): number => backups.filter(({ name }) => name.kind === kind).length;
  return {
    job,
    lastGood: times.length === 0 ? undefined : Math.max(...times),
    newest: newestOf(backups, now),
    daily: count('daily'),
    weekly: count('weekly'),
    brake: brake.length > 0 ? brake : (inRepository?.brake.reasons ?? []),
    isUnjudged: inRepository?.brake.isUnjudged === true,
    faults,
  };
};

const ageOf = ({ lastGood }: ServerStatus, { run }: CommandContext): number | undefined =>
  lastGood === undefined ? undefined : Number(run.now() / 1_000_000n) - lastGood;

/** What a person has to look at; none: all is well. */
export const serverTroubles = (
  status: ServerStatus,
  maxAge: Nanoseconds | undefined,
  context: CommandContext,
): readonly string[] => {
  const { messages } = context;
  const age = ageOf(status, context);
  const limit = maxAge === undefined ? undefined : Number(maxAge / 1_000_000n);
  return [
    ...status.faults.map(({ message }) => message),
    ...(status.newest?.state === 'incomplete' ? [messages.statusIncomplete()] : []),
    ...(status.newest?.damaged === true ? [messages.serverDamaged(datedPlace(status.newest.name))] : []),
    ...(status.brake.length > 0 ? [messages.serverHeld(status.job.name)] : []),
    ...status.brake.map((reason) => brakeText(reason, messages)),
    ...(status.isUnjudged ? [messages.serverUnjudged(status.job.name)] : []),
    ...(age === undefined && status.faults.length === 0 ? [messages.statusNever()] : []),
    ...(limit !== undefined && age !== undefined && age > limit ? [messages.statusTooOld(formatDuration(limit))] : []),
  ];
};

/** A row of the table of `status`. */
export const serverRow = (
  status: ServerStatus,
  troubles: readonly string[],
  context: CommandContext,
): readonly (readonly string[])[] => {
  const { messages } = context;
  const { job, lastGood, daily, weekly } = status;
  const age = ageOf(status, context);
  const last =
    lastGood === undefined || age === undefined
      ? messages.statusNever()
      : messages.statusAge(localTime(BigInt(lastGood) * 1_000_000n), formatDuration(age));
  const kept = job.entry.disk === undefined ? '' : messages.serverKept(daily, weekly);
  return [[job.name], [last], [kept], troubles.length === 0 ? [messages.statusGood()] : troubles];
};

/** The same as a line of `--json`. `outlook`: undefined without a disk. */
export const serverStatusJson = (
  { job, lastGood, newest, daily, weekly, brake, faults }: ServerStatus,
  {
    troubles,
    outlook,
    drill,
  }: {
    readonly troubles: readonly string[];
    readonly outlook: DiskOutlook | undefined;
    readonly drill: LastDrill | undefined;
  },
  context: CommandContext,
): string =>
  JSON.stringify({
    message_type: 'status',
    server: job.name,
    host: serverHost(context),
    ok: troubles.length === 0,
    troubles,
    good_time: lastGood === undefined ? undefined : Math.round(lastGood / 1000),
    newest_backup: newest === undefined ? undefined : datedPlace(newest.name),
    newest_state: newest?.state,
    daily_backups: daily,
    weekly_backups: weekly,
    brake,
    ...(outlook === undefined ? {} : diskOutlookJson(outlook)),
    ...drillJson(drill),
    faults: faults.map(({ code, message, hint }) => ({ fault: code, message, hint })),
  });
