import { type JobRecord, type KnownRun, recordedFault } from '../../model/run-record.ts';
import { forecastOf } from '../../model/space-forecast.ts';
import type { ServerNight } from '../../operation/server/server-night.ts';
import { serverOutcome, serverRecord } from '../../operation/server/server-record.ts';
import type { CommandContext } from '../context.ts';
import { healthAtNight } from '../health/health-at-night.ts';
import { spacePoints } from '../health/space-points.ts';
import type { ServerJob } from './server-job.ts';

interface Known {
  /** Earlier nights of the server. */
  readonly runsBefore: readonly KnownRun[];
  readonly context: CommandContext;
}

/** A night as it is recorded: with when its disk is full, and how the disk is. A disk that is about to fail is told like a failed backup. */
export const withDiskHealth = async (
  { name }: ServerJob,
  night: ServerNight,
  { runsBefore, context }: Known,
): Promise<Required<Pick<JobRecord, 'outcome' | 'server'>>> => {
  const [outcome, server] = [serverOutcome(night), serverRecord(night)];
  const { disk } = server;
  // What is not there cannot be asked; that is told already.
  if (disk === undefined) return { outcome, server };
  const now = { time: Number(context.run.now() / 1_000_000n), used: disk.used, total: disk.total };
  const forecast = forecastOf([...spacePoints(name, runsBefore), now], disk);
  const { fault, warnings } = await healthAtNight(name, disk.path, context);
  const isFirst = outcome.kind !== 'failed';
  const told = fault !== undefined && !isFirst ? [fault.message] : [];
  return {
    outcome: fault !== undefined && isFirst ? { kind: 'failed', fault: recordedFault(fault) } : outcome,
    server: {
      ...server,
      disk: forecast === undefined ? disk : { ...disk, forecast },
      warnings: [...server.warnings, ...told, ...warnings],
    },
  };
};
