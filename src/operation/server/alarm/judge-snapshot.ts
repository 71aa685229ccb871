import type { Component } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import type { Base } from '../../../contract/source.ts';
import type { Store } from '../../../contract/store.ts';
import { alarmReasons, alarmTags, hasAlarm } from '../../../model/alarm-tag.ts';
import type { BrakeReason } from '../../../model/damage-brake.ts';
import {
  brakedTag,
  confirmedTag,
  incompleteTag,
  isFromFuture,
  isNote,
  type Snapshot,
  type SnapshotDescription,
} from '../../../model/snapshot.ts';
import { isOfSource } from '../../account-status.ts';
import { type AlarmNight, usualCount } from './alarm-night.ts';
import { type AlarmSetting, judgeBackup } from './judge-backup.ts';
import { type StoredBackup, storedBackup, storedBackups } from './stored-backup.ts';

export interface SnapshotAlarm extends AlarmSetting {
  /** A person has looked: what would hold the brake is taken for the truth. */
  readonly confirmed: boolean;
}

export interface SnapshotJudging extends SnapshotAlarm {
  readonly store: Pick<Store, 'snapshots' | 'open'>;
  /** Of the server. */
  readonly name: string;
  readonly description: Pick<SnapshotDescription, 'hostname' | 'paths'>;
  readonly components: readonly Pick<Component, 'name' | 'form'>[];
}

/** Looking for tables in a larger dump would read too much over a network. */
const largestDump = 256 << 20;

/** The snapshots of a server, oldest first. */
const ownSnapshots = async (
  { store, description }: Pick<SnapshotJudging, 'store' | 'description'>,
  run: Run,
): Promise<readonly Snapshot[]> =>
  (await store.snapshots(run)).filter(
    (one) => isOfSource(one, description) && !isNote(one) && !isFromFuture(one, run.now()),
  );

const isGood = ({ tags }: Snapshot): boolean => !tags.includes(brakedTag) && !tags.includes(incompleteTag);

/** Its tags, where the newest snapshot of a server has something that a person has to confirm; else none. */
const openIn = (own: readonly Snapshot[]): readonly string[] => {
  const newest = own.at(-1);
  return newest !== undefined && hasAlarm(newest.tags) ? newest.tags : [];
};

/** What the newest snapshot of a server says of the brake. */
export interface BrakeStanding {
  /** Why it holds. */
  readonly reasons: readonly BrakeReason[];
  /** It holds since nothing could be said. */
  readonly isUnjudged: boolean;
}

export const brakeStanding = async (
  place: Pick<SnapshotJudging, 'store' | 'description'>,
  run: Run,
): Promise<BrakeStanding> => {
  const own = await ownSnapshots(place, run);
  const tags = openIn(own);
  return {
    reasons: alarmReasons(tags),
    isUnjudged: tags.length === 0 && own.at(-1)?.tags.includes(brakedTag) === true,
  };
};

/** Why the newest snapshot of a server holds the brake; none: it does not. */
export const openAlarmIn = async (
  place: Pick<SnapshotJudging, 'store' | 'description'>,
  run: Run,
): Promise<readonly BrakeReason[]> => (await brakeStanding(place, run)).reasons;

/**
 * Compares what was captured with the newest good snapshot that no alarm is open for. An alarm that is open stays so, whatever later nights
 * look like, until one is confirmed.
 */
export const judgeSnapshot = async (judging: SnapshotJudging, captured: Base, run: Run): Promise<AlarmNight> => {
  const { store, name, components, confirmed } = judging;
  const own = await ownSnapshots(judging, run);
  const good = own.filter(isGood);
  const lastConfirmed = own.findLastIndex(({ tags }) => tags.includes(confirmedTag));
  const usual = own.slice(Math.max(0, lastConfirmed)).filter(isGood).toReversed().slice(0, usualCount);
  const forms = new Map(components.map((one) => [one.name, one.form]));
  const opened = async ({ id }: Snapshot): Promise<StoredBackup> =>
    storedBackup({ base: await store.open(id, run), name }, forms, run);
  const older = good.at(-1);
  const known = alarmReasons(openIn(own));
  if (older === undefined) return { reasons: confirmed ? [] : known, confirmed: confirmed ? known : [] };
  const pair = {
    older: await opened(older),
    newer: await storedBackup({ base: captured, name }, forms, run),
    usual: await Promise.all(usual.map(opened)),
  };
  const fresh = await judgeBackup({ ...judging, store: storedBackups, largestDump }, pair, run);
  const reasons = fresh.length > 0 ? fresh : known;
  return confirmed ? { reasons: [], confirmed: reasons } : { reasons, confirmed: [] };
};

/** What a snapshot bears of it. */
export const tagsOfAlarm = ({ reasons, confirmed }: AlarmNight): readonly string[] => [
  ...(reasons.length > 0 ? [brakedTag, ...alarmTags(reasons)] : []),
  ...(confirmed.length > 0 ? [confirmedTag] : []),
];
