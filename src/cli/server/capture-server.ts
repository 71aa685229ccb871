import { join } from 'node:path';
import { dailyNameAt, weeklyNameAt } from '../../model/dated-name.ts';
import { weekDayOf } from '../../model/week-day.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import { asFault, isFault } from '../../model/fault.ts';
import { type JobRecord, type KnownRun, recordedFault } from '../../model/run-record.ts';
import { lastGoodOf } from '../../operation/account-status.ts';
import type { SnapshotAlarm } from '../../operation/server/alarm/judge-snapshot.ts';
import type { NightWish } from '../../operation/server/disk-night.ts';
import { createPace, type Pace, pacedComponent } from '../../operation/server/paced-component.ts';
import { type ServerNightParts, serverNight } from '../../operation/server/server-night.ts';
import { type ComponentParts, componentsOf, surveyOf } from '../../registry/server.ts';
import { sleep } from '../../system/clock.ts';
import { beGentle, computedTime, processors } from '../../system/gentle.ts';
import { readSecret } from '../../config/read-secret.ts';
import type { CommandContext } from '../context.ts';
import { diskHoldTrust } from '../hold/disk-hold-trust.ts';
import { leaveRunbook } from '../runbook/leave-runbook.ts';
import { withRepository } from '../open-repository.ts';
import { contextOfRepository } from '../run/repository-upkeep.ts';
import { rescueFromRepository } from '../scrub/rescue-from-repository.ts';
import { withDiskHealth } from './disk-health.ts';
import { type DiskWish, withServerDisk } from './open-disk.ts';
import { serverDescription, serverOrigin } from './server-description.ts';
import { destinationOf, serverHost, type ServerJob } from './server-job.ts';

export interface ServerWish {
  /** Which backups are asked for; neither: the daily one, and on its day the weekly one. */
  readonly daily: boolean;
  readonly weekly: boolean;
  /** Look at every message. */
  readonly rescan: boolean;
  /** A person has looked: what would hold the brake is right. */
  readonly confirm: boolean;
  /** Milliseconds to wait for another program on the same disk. */
  readonly wait: number;
  /** What an earlier run knew of the age of the last good backup. */
  readonly lastGoodBefore: number | undefined;
  /** Earlier nights of it. */
  readonly runsBefore: readonly KnownRun[];
}

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

const nightWish = ({ entry }: ServerJob, { daily, weekly }: ServerWish, date: string): NightWish => {
  if (daily || weekly) return { daily, weekly };
  const days = entry.schedule.weekly?.weekDays;
  return { daily: true, weekly: days?.includes(weekDayOf(date)) === true };
};

/** What its databases need besides the configuration. */
export const databasePartsOf = (
  name: string,
  { environment, messages }: Pick<CommandContext, 'environment' | 'messages'>,
): Pick<ComponentParts, 'readSecret' | 'variables' | 'spool' | 'words'> => ({
  readSecret,
  variables: environment.variables,
  spool: join(environment.stateDirectory, 'spool', name),
  words: messages,
});

/** What opening the components of a server needs besides the configuration. */
export const componentPartsOf = (
  { name, entry }: ServerJob,
  context: Pick<CommandContext, 'environment' | 'messages'>,
): Pick<ComponentParts, 'root' | 'readSecret' | 'variables' | 'spool' | 'words'> => ({
  root: entry.root,
  ...databasePartsOf(name, context),
});

const paceOf = ({ entry }: ServerJob): Pace => {
  const { cpu, bandwidth } = entry.gentle;
  return createPace({ cpu, processors: processors(), bandwidth }, { computed: computedTime, sleep });
};

const pacedComponents = (
  job: ServerJob,
  { rescan, pace }: { readonly rescan: boolean; readonly pace: Pace },
  context: CommandContext,
): ServerNightParts['components'] => {
  const { entry } = job;
  const parts = { ...componentPartsOf(job, context), rescan };
  return async (place, takesOver) => {
    const components = await componentsOf(entry.components, { ...parts, place, takesOver });
    return components.map((component) => pacedComponent(component, pace));
  };
};

interface DiskPartWish extends Pick<DiskWish, 'wait' | 'inSources' | 'origin'> {
  readonly started: number;
  readonly confirm: boolean;
  readonly pace: Pace;
}

const alarmOf = ({ entry, config }: ServerJob, confirmed: boolean): { readonly alarm?: SnapshotAlarm } => {
  const { enabled, ...limits } = entry.alarms;
  return enabled ? { alarm: { limits, timeZone: config.timeZone, confirmed } } : {};
};

const diskPart = (
  job: ServerJob,
  { started, confirm: confirmed, pace, ...wish }: DiskPartWish,
  context: CommandContext,
): ServerNightParts['disk'] => {
  const { disk } = job.entry;
  if (disk === undefined) return undefined;
  const { timeZone } = job.config;
  const { run } = context;
  const holdTrust = diskHoldTrust(job.config, context);
  const rescue = rescueFromRepository(job, context);
  return {
    ...alarmOf(job, confirmed),
    ...(disk.scrub
      ? {
          scrub: {
            within: disk.verifyWithin,
            repair: disk.repair,
            pace,
            ...(rescue === undefined ? {} : { rescue }),
          },
        }
      : {}),
    today: dailyNameAt(started, timeZone),
    thisWeek: weeklyNameAt(started, timeZone),
    policy: { keepDaily: disk.keepDaily, keepWeekly: disk.keepWeekly, verifiedWithin: disk.verifyWithin },
    withDisk: (work) =>
      withServerDisk(
        { disk, timeZone, holdTrust, ...wish },
        (open) => work({ ...open, leaveRunbook: (own) => leaveRunbook(job, open.store, { ...context, run: own }) }),
        run,
      ),
  };
};

interface RepositoryPart {
  readonly repository: ServerNightParts['repository'];
  /** When the newest good snapshot was made, once the repository was open. */
  readonly lastGood: () => number | undefined;
}

const repositoryPart = (
  job: ServerJob,
  { origin, confirm }: { readonly origin: ServerOrigin; readonly confirm: boolean },
  context: CommandContext,
): RepositoryPart => {
  const { repository } = job.entry;
  let lastGood: number | undefined;
  if (repository === undefined) return { repository: undefined, lastGood: () => lastGood };
  const description = serverDescription(job, context);
  const { name } = job;
  const alarm = alarmOf(job, confirm);
  return {
    lastGood: () => lastGood,
    repository: {
      withStore: (work) =>
        withRepository(
          contextOfRepository(repository, context),
          async (store) => {
            const result = await work({ store, name, description, origin, ...alarm });
            const good = lastGoodOf(await store.snapshots(context.run), description, context.run.now());
            if (good !== undefined) lastGood = Number(good.time.nanoseconds / 1_000_000n);
            return result;
          },
          true,
        ),
    },
  };
};

/** Requirement B8, TC-02: what this user cannot read is named before anything is written. */
const tellUnreadable = async (job: ServerJob, run: Run): Promise<() => Promise<number>> => {
  let survey: ReturnType<typeof surveyOf> | undefined;
  const look = (): ReturnType<typeof surveyOf> => (survey ??= surveyOf(job.entry, run));
  // To root everything is readable.
  if (process.geteuid?.() !== 0) {
    const { faults, unreadable } = await look();
    for (const { message } of faults) run.emit({ kind: 'log', level: 'ERROR', component: 'INIT', message });
    if (unreadable > faults.length) {
      const message = `and ${unreadable - faults.length} more cannot be read`;
      run.emit({ kind: 'log', level: 'ERROR', component: 'INIT', message });
    }
  }
  return async () => (await look()).bytes;
};

const night = async (job: ServerJob, wish: ServerWish, context: CommandContext): Promise<Partial<JobRecord>> => {
  const { run } = context;
  const { gentle, retries } = job.entry;
  const started = milliseconds(run);
  const path = context.environment.variables['PATH'];
  for (const message of await beGentle(gentle, { path, signal: run.signal })) {
    run.emit({ kind: 'log', level: 'WARNING', component: 'INIT', message });
  }
  const inSources = await tellUnreadable(job, run);
  const origin = await serverOrigin(job, context);
  const pace = paceOf(job);
  const { repository, lastGood } = repositoryPart(job, { origin, confirm: wish.confirm }, context);
  const disk = diskPart(job, { started, wait: wish.wait, inSources, origin, pace, confirm: wish.confirm }, context);
  const parts: ServerNightParts = {
    wish: nightWish(job, wish, dailyNameAt(started, job.config.timeZone).date),
    components: pacedComponents(job, { rescan: wish.rescan, pace }, context),
    patience: { retries, sleep },
    disk,
    repository,
  };
  const done = await serverNight(parts, run);
  const good = done.lastGood ?? lastGood() ?? wish.lastGoodBefore;
  return {
    ...(await withDiskHealth(job, done, { runsBefore: wish.runsBefore, context })),
    ...(good === undefined ? {} : { lastGood: good }),
  };
};

/** One night of one server. What fails is in the record; so is an interruption, and the run is aborted then. */
export const captureServer = async (job: ServerJob, wish: ServerWish, context: CommandContext): Promise<JobRecord> => {
  const { run } = context;
  const started = milliseconds(run);
  const common = {
    name: job.name,
    kind: 'server',
    host: serverHost(context),
    repository: destinationOf(job.entry),
    started,
  } as const;
  run.emit({ kind: 'phase', phase: job.name });
  try {
    const done = await night(job, wish, context);
    return { ...common, ended: milliseconds(run), outcome: { kind: 'good' }, ...done };
  } catch (error) {
    const fault = asFault(error);
    if (isFault(fault, 'usage')) throw fault;
    const { lastGoodBefore } = wish;
    return {
      ...common,
      ended: milliseconds(run),
      outcome: { kind: 'failed', fault: recordedFault(fault) },
      server: { components: [], removed: 0, isCritical: false, warnings: [] },
      ...(lastGoodBefore === undefined ? {} : { lastGood: lastGoodBefore }),
    };
  }
};
