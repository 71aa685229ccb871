import type { KnownRun } from '../../model/run-record.ts';
import { formatBytes } from '../../model/size.ts';
import type { SpaceForecast } from '../../model/space-forecast.ts';
import type { CommandContext } from '../context.ts';
import { localTime } from '../render/local-time.ts';
import type { ServerJob } from '../server/server-job.ts';
import { lastDiskHealth } from './health-at-night.ts';
import { lastDisk } from './space-points.ts';

/** What earlier nights know of the disk of a server: it is not asked again. */
export interface DiskOutlook {
  /** Undefined: it will not be full before long, or that is not known yet. */
  readonly forecast: SpaceForecast | undefined;
  /** Undefined: it was never asked. */
  readonly smart: Awaited<ReturnType<typeof lastDiskHealth>>;
}

/** Undefined: the server has no disk. `runs`: newest first. */
export const diskOutlook = async (
  { name, entry }: Pick<ServerJob, 'name' | 'entry'>,
  runs: readonly KnownRun[],
  context: CommandContext,
): Promise<DiskOutlook | undefined> => {
  if (entry.disk === undefined) return undefined;
  return { forecast: lastDisk(name, runs)?.forecast, smart: await lastDiskHealth(name, context) };
};

/** What a person reads of it. */
export const diskOutlookLines = (
  server: string,
  { forecast, smart }: DiskOutlook,
  { messages }: CommandContext,
): readonly string[] => {
  const full = forecast === undefined ? [] : [messages.spaceForecast(forecast.days, formatBytes(forecast.bytesPerDay))];
  return [...full, ...smartTexts(smart, messages)].map((text) => `${server}: ${text}`);
};

const smartTexts = (smart: DiskOutlook['smart'], messages: CommandContext['messages']): readonly string[] => {
  if (smart === undefined) return [];
  const when = localTime(BigInt(Math.trunc(smart.time)) * 1_000_000n);
  if (smart.troubles !== undefined && smart.troubles.length > 0) return smart.troubles;
  return [smart.isKnown === true ? messages.smartAskedWell(when) : messages.smartAskedNothing(when)];
};

/** The same as fields of `--json`. */
export const diskOutlookJson = ({ forecast, smart }: DiskOutlook): Record<string, unknown> => ({
  full_in_days: forecast?.days,
  bytes_per_day: forecast?.bytesPerDay,
  smart: smart && {
    asked: Math.round(smart.time / 1000),
    known: smart.isKnown ?? false,
    well: smart.isWell,
    troubles: smart.troubles ?? [],
  },
});
