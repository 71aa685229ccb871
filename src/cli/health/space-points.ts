import type { DiskRecord, KnownRun } from '../../model/run-record.ts';
import { forecastOf, type SpaceForecast, type SpacePoint } from '../../model/space-forecast.ts';

/** How full the disk of a server was when earlier nights had ended. */
export const spacePoints = (server: string, runs: readonly KnownRun[]): readonly SpacePoint[] =>
  runs.flatMap((known) => {
    if (known.kind !== 'finished') return [];
    const job = known.record.jobs.find(({ name, kind }) => kind === 'server' && name === server);
    const disk = job?.server?.disk;
    return job === undefined || disk === undefined ? [] : [{ time: job.ended, used: disk.used, total: disk.total }];
  });

/** How the last night left the disk of a server; `runs` have the newest first. */
export const lastDisk = (server: string, runs: readonly KnownRun[]): DiskRecord | undefined => {
  for (const known of runs) {
    if (known.kind !== 'finished') continue;
    const disk = known.record.jobs.find(({ name, kind }) => kind === 'server' && name === server)?.server?.disk;
    if (disk !== undefined) return disk;
  }
  return undefined;
};

export const forecastFor = (
  server: string,
  runs: readonly KnownRun[],
  space: { readonly free: number; readonly total: number },
): SpaceForecast | undefined => forecastOf(spacePoints(server, runs), space);
