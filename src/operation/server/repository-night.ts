import type { CapturedComponent, Component, FailedComponent } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import type { Base, Source } from '../../contract/source.ts';
import type { Store, WriteOptions } from '../../contract/store.ts';
import { alarmTags } from '../../model/alarm-tag.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import type { BrakeReason } from '../../model/damage-brake.ts';
import { asFault, Fault } from '../../model/fault.ts';
import { chooseParent } from '../../model/parent.ts';
import {
  brakedTag,
  confirmedTag,
  incompleteTag,
  type Snapshot,
  type SnapshotDescription,
} from '../../model/snapshot.ts';
import type { AlarmNight } from './alarm/alarm-night.ts';
import {
  judgeSnapshot,
  openAlarmIn,
  type SnapshotAlarm,
  type SnapshotJudging,
  tagsOfAlarm,
} from './alarm/judge-snapshot.ts';
import { tellAlarms } from './alarm/tell-alarms.ts';
import { addMember } from './added-member.ts';
import type { Patience } from './component-attempts.ts';
import { joinSources } from './joined-sources.ts';
import { liveSource } from './live-source.ts';
import { rethrowInterrupted } from './or-fault.ts';
import { originMember } from './origin-file.ts';

/** Marks the snapshots of a server. */
export const serverTag = (name: string): string => `mailkeep:server=${name}`;

/** Whose backup a snapshot is; undefined for one that is of no server. */
export const serverOfTags = (tags: readonly string[]): string | undefined => {
  const prefix = serverTag('');
  return tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
};

export interface RepositoryNightParts {
  readonly store: Store;
  /** Of the server: it is the one folder at the root of its snapshots. */
  readonly name: string;
  readonly description: SnapshotDescription;
  /** Where its components come from. */
  readonly origin: ServerOrigin;
  /** Absent: what is captured from the server itself is not judged. */
  readonly alarm?: SnapshotAlarm;
}

/** What a night brought about in a repository. */
export interface RepositoryNight {
  readonly snapshot: string;
  readonly unreadable: number;
  readonly storedBytes: number;
  /** Why a person has to look at the source; none: the brake does not hold. */
  readonly brake: readonly BrakeReason[];
  /** It could not be told whether all is right, so nothing leaves. */
  readonly notJudged?: Fault;
  /** Where the components were captured themselves. */
  readonly live?: { readonly captured: readonly CapturedComponent[]; readonly failed: readonly FailedComponent[] };
}

/**
 * Whether mail folders that seem unchanged may be taken over from this parent unread: only from a complete snapshot of ours that was
 * made by the same rules.
 */
const mayTakeOver = (parent: Snapshot | undefined, { excludes }: SnapshotDescription): boolean =>
  parent?.programVersion?.startsWith('mailkeep ') === true &&
  !parent.tags.includes(incompleteTag) &&
  parent.excludes.length === excludes.length &&
  parent.excludes.every((rule, at) => rule === excludes[at]);

interface Night {
  readonly open: (takesOver: boolean) => Promise<Source>;
  /** Asked when all of it was captured: what is to be said of it. */
  readonly tagsAtEnd: () => readonly string[];
  readonly judge?: WriteOptions['judge'];
}

type Written = Omit<RepositoryNight, 'brake'>;

const write = (
  { store, name, description, origin }: RepositoryNightParts,
  { open, tagsAtEnd, judge }: Night,
  run: Run,
): Promise<Written> =>
  store.guarded(async () => {
    const parent = chooseParent(await store.snapshots(run), description);
    const opened = parent === undefined ? undefined : await store.open(parent.id, run);
    const member = await open(mayTakeOver(parent, description));
    const whole = addMember(member, originMember(origin));
    const source = joinSources([{ name: byteStringOfText(name), source: whole }]);
    try {
      const common = { description, tagsAtEnd, ...(judge === undefined ? {} : { judge }) };
      const options = opened === undefined ? common : { ...common, parent: opened };
      const { snapshot, unreadable, summary } = await store.write(source, options, run);
      return { snapshot: snapshot?.id ?? '', unreadable, storedBytes: summary.dataAddedPacked };
    } finally {
      await source.close();
    }
  }, run);

/** What is known of a finished backup. */
export interface Finished {
  readonly isComplete: boolean;
  /** Undefined: it could not be told whether all is right. */
  readonly alarm: AlarmNight | undefined;
}

/** Brings a finished backup into the repository. */
export const captureFinished = async (
  source: Source,
  { isComplete, alarm }: Finished,
  parts: RepositoryNightParts,
  run: Run,
): Promise<RepositoryNight> => {
  const told = alarm === undefined ? [brakedTag] : tagsOfAlarm(alarm);
  const tags = [...(isComplete ? [] : [incompleteTag]), ...told];
  const written = await write(parts, { open: async () => source, tagsAtEnd: () => tags }, run);
  return { ...written, brake: alarm?.reasons ?? [] };
};

/** What judging what was captured has come to, as soon as it was. */
interface Judged {
  night: AlarmNight;
  fault: Fault | undefined;
}

const notComparable = (cause: Fault, { name, confirmed }: SnapshotJudging): Fault => {
  const what = 'what was captured could not be compared with the last good snapshot';
  const then = confirmed ? 'and counts as right, as was confirmed' : 'so the brake holds, and nothing older leaves';
  return new Fault(cause.code, `${what}, ${then}: ${cause.message}`, {
    cause,
    ...(confirmed
      ? {}
      : {
          hint: `Look at the server. When all is right there, say so once: \`mailkeep run ${name} --confirm\`. \`mailkeep check\` tells what is damaged in the repository.`,
        }),
  });
};

/** What could not be judged lets nothing leave, and what is open stays open, unless a person has looked. */
const judgeOrBrake = async (judging: SnapshotJudging, judged: Judged, captured: Base, run: Run) => {
  try {
    judged.night = await judgeSnapshot(judging, captured, run);
    tellAlarms(judged.night, run);
    return tagsOfAlarm(judged.night);
  } catch (error) {
    rethrowInterrupted(error, run);
    const open = await openAlarmIn(judging, run);
    const fault = notComparable(asFault(error), judging);
    if (!judging.confirmed) {
      judged.fault = fault;
      return [brakedTag, ...alarmTags(open)];
    }
    run.emit({ kind: 'fault', fault });
    judged.night = { reasons: [], confirmed: open };
    return [confirmedTag];
  }
};

/** Captures the components themselves. `components`: whether mail folders that seem unchanged may be taken over. */
export const captureLive = async (
  components: (takesOver: boolean) => Promise<readonly Component[]>,
  patience: Patience,
  parts: RepositoryNightParts,
  run: Run,
): Promise<RepositoryNight> => {
  const lives: ReturnType<typeof liveSource>[] = [];
  const known: Component[] = [];
  const judged: Judged = { night: { reasons: [], confirmed: [] }, fault: undefined };
  const open = async (takesOver: boolean): Promise<Source> => {
    known.push(...(await components(takesOver)));
    const live = liveSource(known, patience);
    lives.push(live);
    return live;
  };
  const { alarm } = parts;
  const written = await write(
    parts,
    {
      open,
      tagsAtEnd: () => (lives.every(({ failed }) => failed.length === 0) ? [] : [incompleteTag]),
      ...(alarm === undefined
        ? {}
        : { judge: (captured, own) => judgeOrBrake({ ...parts, ...alarm, components: known }, judged, captured, own) }),
    },
    run,
  );
  const [live] = lives;
  return {
    ...written,
    brake: judged.night.reasons,
    ...(judged.fault === undefined ? {} : { notJudged: judged.fault }),
    ...(live === undefined ? {} : { live: { captured: live.captured, failed: live.failed } }),
  };
};
