import type { Fault } from '../../model/fault.ts';
import { type DrillRecord, drillVerdict } from '../../model/drill/drill-record.ts';
import type { KnownRun, RecordedFault } from '../../model/run-record.ts';
import { formatDuration } from '../../model/size.ts';
import { firstFinding } from '../../operation/report/drill-drawing.ts';
import type { CommandContext } from '../context.ts';
import { localTime } from '../render/local-time.ts';

/** The newest drill of a server that has ended; `time` in milliseconds since 1970. */
export type LastDrill =
  | { readonly kind: 'done'; readonly time: number; readonly drill: DrillRecord }
  /** It could not be done. */
  | { readonly kind: 'not-done'; readonly time: number; readonly fault: RecordedFault }
  /** History cannot be read: it may have failed. */
  | { readonly kind: 'unknown'; readonly fault: Fault };

/** Runs, newest first, and what keeps history from being read. */
export interface RecentHistory {
  readonly runs: readonly KnownRun[];
  readonly fault?: Fault;
}

/** A drill that could not be done may have been of any server, and is told of each. Undefined: there was none. */
export const lastDrill = (server: string, { runs, fault: unreadable }: RecentHistory): LastDrill | undefined => {
  if (unreadable !== undefined) return { kind: 'unknown', fault: unreadable };
  for (const known of runs) {
    if (known.kind !== 'finished' || known.record.command !== 'drill') continue;
    const { drill, faults, started: time } = known.record;
    const [fault] = faults;
    if (drill?.server === server) return { kind: 'done', time, drill };
    // Somebody has pressed Ctrl-C: it says nothing of the backup.
    if (drill === undefined && fault !== undefined && fault.code !== 'interrupted')
      return { kind: 'not-done', time, fault };
  }
  return undefined;
};

const timeText = (milliseconds: number): string => localTime(BigInt(milliseconds) * 1_000_000n);

const hasPassed = (last: LastDrill): boolean => last.kind === 'done' && drillVerdict(last.drill) === 'passed';

/** A drill that failed is to be looked at until one has passed; a monitor must not take what cannot be read for that. */
export const drillTroubles = (
  last: LastDrill | undefined,
  { messages }: Pick<CommandContext, 'messages'>,
): readonly string[] => {
  if (last === undefined || hasPassed(last)) return [];
  if (last.kind === 'unknown') return [messages.drillStatusUnknown(last.fault.message)];
  const why = last.kind === 'done' ? firstFinding(last.drill, messages) : last.fault.message;
  return [messages.drillStatusFailed(timeText(last.time), why)];
};

/** What `status` says of one that passed. */
export const drillLines = (last: LastDrill | undefined, { messages }: CommandContext): readonly string[] =>
  last?.kind !== 'done' || !hasPassed(last)
    ? []
    : [messages.drillStatusLast(last.drill.server, timeText(last.time), formatDuration(last.drill.recovery))];

/** The same for a line of `--json`. */
export const drillJson = (last: LastDrill | undefined): Readonly<Record<string, unknown>> => {
  if (last === undefined) return {};
  if (last.kind === 'unknown') return { drill_verdict: 'unknown' };
  return {
    drill_time: Math.round(last.time / 1000),
    drill_verdict: hasPassed(last) ? 'passed' : 'failed',
    ...(last.kind === 'done' ? { drill_recovery_seconds: last.drill.recovery / 1000 } : {}),
  };
};
