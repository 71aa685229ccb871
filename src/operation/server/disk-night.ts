import type {
  CapturedComponent,
  Component,
  DatedBackup,
  DatedStore,
  DatedWriter,
  FailedComponent,
} from '../../contract/component.ts';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type { DatedName } from '../../model/dated-name.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import { attempt, type Patience } from './component-attempts.ts';

/** What is asked of a night: the daily backup, the weekly one, or both. */
export interface NightWish {
  readonly daily: boolean;
  readonly weekly: boolean;
}

export interface DiskNightParts {
  readonly store: DatedStore;
  readonly components: readonly Component[];
  readonly patience: Patience;
  /** The backup of today, and that of this week. */
  readonly today: DatedName & { readonly kind: 'daily' };
  readonly thisWeek: DatedName & { readonly kind: 'weekly' };
  readonly wish: NightWish;
}

/** What a night brought about on a disk. */
export interface DiskNight {
  /** Undefined: no component could be captured, or what was captured is worse than the good one of that date. */
  readonly backup: DatedBackup | undefined;
  readonly captured: readonly CapturedComponent[];
  readonly failed: readonly FailedComponent[];
  readonly attempts: ReadonlyMap<string, number>;
  /** The weekly one was made of the daily by links. */
  readonly weekly: DatedBackup | undefined;
}

/** Captures every component, those that fail left out. Faults: those that end at once. */
const captureEach = async (
  writer: DatedWriter,
  { components, patience }: DiskNightParts,
  run: Run,
): Promise<Omit<DiskNight, 'backup' | 'weekly'>> => {
  const captured: CapturedComponent[] = [];
  const failed: FailedComponent[] = [];
  const attempts = new Map<string, number>();
  for (const component of components) {
    throwIfInterrupted(run);
    const { name, form } = component;
    run.emit({ kind: 'log', level: 'INFO', component: name, message: 'begins' });
    const tried = await attempt(name, () => writer.capture(component, run), patience, run);
    attempts.set(name, tried.attempts);
    if (tried.kind === 'failed') {
      failed.push({ name, form, fault: tried.fault, attempts: tried.attempts });
      const message = `left out after ${tried.attempts} attempts: ${tried.fault.message}`;
      run.emit({ kind: 'log', level: 'ERROR', component: name, message });
      continue;
    }
    captured.push(tried.result);
    run.emit(capturedLine(tried.result));
  }
  return { captured, failed, attempts };
};

const capturedLine = ({ name, counts, linked, writtenBytes, unreadable, duration }: CapturedComponent) => {
  const doubt = unreadable === 0 ? '' : `, ${unreadable} could not be read`;
  const message = `${counts.files} files, ${formatBytes(counts.bytes)}; ${linked} linked, ${formatBytes(writtenBytes)} written in ${formatDuration(duration)}${doubt}`;
  return { kind: 'log', level: unreadable === 0 ? 'INFO' : 'WARNING', component: name, message } as const;
};

/** Undefined: it is incomplete, and the good one of the same date stays instead. */
const publishOver = async (
  writer: DatedWriter,
  failed: readonly FailedComponent[],
  run: Run,
): Promise<DatedBackup | undefined> => {
  try {
    return await writer.publish(failed, run);
  } catch (error) {
    if (!isFault(error, 'target-occupied')) throw error;
    run.emit({ kind: 'log', level: 'ERROR', component: 'DISK', message: error.message });
    return undefined;
  }
};

const capture = async (name: DatedName, parts: DiskNightParts, run: Run): Promise<Omit<DiskNight, 'weekly'>> => {
  const writer = await parts.store.begin(name, run);
  let isDone = false;
  try {
    const tried = await captureEach(writer, parts, run);
    if (tried.captured.length === 0) return { ...tried, backup: undefined };
    const backup = await publishOver(writer, tried.failed, run);
    isDone = true;
    if (backup === undefined) return { ...tried, backup };
    const state = backup.state === 'good' ? 'complete and verified' : 'INCOMPLETE';
    const level = backup.state === 'good' ? 'INFO' : 'ERROR';
    run.emit({ kind: 'log', level, component: 'DISK', message: `${backup.folder} is published, ${state}` });
    return { ...tried, backup };
  } catch (error) {
    // What failed its check stays under a name of its own, to be looked at.
    isDone = isFault(error, 'verification-failed');
    throw error;
  } finally {
    if (!isDone) await writer.abandon();
  }
};

const isSameDay = (date: string, { name, state }: DatedBackup): boolean =>
  name.kind === 'daily' && name.date === date && state === 'good';

/** Requirement B2: a weekly backup is that date's good daily one by hard links. */
const linkWeek = async (
  daily: DatedBackup,
  { store, thisWeek }: DiskNightParts,
  run: Run,
): Promise<DatedBackup | undefined> => {
  let weekly: DatedBackup;
  try {
    weekly = await store.linkWeekly(thisWeek, daily, run);
  } catch (error) {
    // Somebody restores from that of this week, which is there, then.
    if (!isFault(error, 'run-under-way')) throw error;
    run.emit({ kind: 'log', level: 'WARNING', component: 'DISK', message: error.message });
    return undefined;
  }
  run.emit({ kind: 'log', level: 'INFO', component: 'DISK', message: `${weekly.folder} is made of ${daily.folder}` });
  return weekly;
};

/**
 * A night on a dated disk: captures the daily backup, makes the weekly one of it. Where only the weekly one is wanted it is made of
 * the good daily one of the day, or captured where there is none.
 *
 * Faults: those that end at once, `verification-failed`, and whatever the store cannot go on with.
 */
export const diskNight = async (parts: DiskNightParts, run: Run): Promise<DiskNight> => {
  const { wish, store, today, thisWeek } = parts;
  if (!wish.daily) {
    const daily = (await store.backups(run)).find((backup) => isSameDay(today.date, backup));
    if (daily === undefined) return { ...(await capture(thisWeek, parts, run)), weekly: undefined };
    const weekly = await linkWeek(daily, parts, run);
    return { backup: undefined, captured: [], failed: [], attempts: new Map(), weekly };
  }
  const night = await capture(today, parts, run);
  const isLinked = wish.weekly && night.backup?.state === 'good';
  return { ...night, weekly: isLinked ? await linkWeek(night.backup, parts, run) : undefined };
};

/** Why a night has not all of it; undefined: it is good. */
export const nightFault = ({ failed, captured }: Pick<DiskNight, 'failed' | 'captured'>): Fault | undefined => {
  const [first, ...others] = failed;
  if (first === undefined) return undefined;
  const all = captured.length === 0 ? 'nothing could be captured: ' : '';
  const more = others.length === 0 ? '' : `; and so ${others.map(({ name }) => name).join(', ')}`;
  const { code, message, hint } = first.fault;
  return new Fault(code, `${all}${first.name} failed ${first.attempts} times: ${message}${more}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: first.fault,
  });
};
