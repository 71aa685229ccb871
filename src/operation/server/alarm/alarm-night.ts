import type { DatedBackup, DatedStore, OpenAlarm } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import type { BrakeReason } from '../../../model/damage-brake.ts';
import { type AlarmSetting, judgeBackup } from './judge-backup.ts';

export interface AlarmWish extends AlarmSetting {
  readonly store: Pick<DatedStore, 'backups' | 'open' | 'differences' | 'alarms' | 'noteAlarms'>;
  /** A person has looked: what would hold the brake is taken for the truth. */
  readonly confirmed: boolean;
}

/** What a night is to do about alarms. */
export interface AlarmNight {
  /** Why the brake holds; none: it does not. */
  readonly reasons: readonly BrakeReason[];
  /** What would hold it, had a person not confirmed. */
  readonly confirmed: readonly BrakeReason[];
}

/** So many good backups say what is usual. */
export const usualCount = 7;

const isOlder = (one: DatedBackup, than: DatedBackup): boolean => one.started < than.started;

/**
 * Compares a new backup with the newest good one that no alarm is open for, and notes on the disk what a person has to confirm. An alarm
 * that is open stays so, whatever later nights look like.
 */
export const alarmNight = async (wish: AlarmWish, newer: DatedBackup, run: Run): Promise<AlarmNight> => {
  const { store, confirmed } = wish;
  const state = await store.alarms(run);
  const before = (await store.backups(run))
    .filter((one) => one.state === 'good' && isOlder(one, newer))
    .toSorted((left, right) => right.started - left.started);
  // Where a scrub has found something bad in every day, their lists still say what the source was: better than to judge nothing.
  const intact = before.filter(({ damaged }) => damaged !== true);
  const good = intact.length > 0 ? intact : before;
  const trusted = state.open === undefined ? good : good.filter(({ started }) => started < (state.open?.since ?? 0));
  const [older] = trusted.length === 0 ? good : trusted;
  const isUsual = ({ name, started }: DatedBackup): boolean =>
    name.kind === newer.name.kind && started >= (state.confirmed ?? 0);
  const usual = trusted.filter(isUsual).slice(0, usualCount);
  const fresh = older === undefined ? [] : await judgeBackup(wish, { older, newer, usual }, run);
  if (confirmed) {
    const known = state.open?.reasons ?? [];
    await store.noteAlarms({ confirmed: newer.started }, run);
    return { reasons: [], confirmed: fresh.length > 0 ? fresh : known };
  }
  if (fresh.length === 0) return { reasons: state.open?.reasons ?? [], confirmed: [] };
  const open: OpenAlarm = { since: state.open?.since ?? newer.started, reasons: fresh };
  await store.noteAlarms({ ...state, open }, run);
  return { reasons: fresh, confirmed: [] };
};
