import type { Run } from '../../../contract/run.ts';
import { brakeReasons, type BrakeReason, usualBrakeLimits } from '../../../model/damage-brake.ts';
import type { AlarmLimits } from './alarm-limits.ts';
import { judgeDumps } from './judge-dumps.ts';
import { countDeliveries } from './count-deliveries.ts';
import { countOdd } from './look-into.ts';
import type { JudgedBackup, JudgedPair, JudgedStore } from './judged-pair.ts';
import { createMailChanges, isMailFolder, type MailChanges } from './mail-changes.ts';

export interface AlarmSetting {
  readonly limits: AlarmLimits;
  /** Of the clock that writes the logs of the mail server. */
  readonly timeZone: string | undefined;
}

export interface Judging<Backup extends JudgedBackup> extends AlarmSetting {
  readonly store: JudgedStore<Backup>;
  /** Bytes: tables are not looked for in dumps that are larger, where reading costs a network. Absent: in all. */
  readonly largestDump?: number;
}

/** Fewer odd messages than this may be anything. */
const leastOdd = 10;

const changesOf = async <Backup extends JudgedBackup>(
  store: JudgedStore<Backup>,
  pair: JudgedPair<Backup>,
  run: Run,
): Promise<MailChanges> => {
  const changes = createMailChanges();
  for await (const difference of store.differences(pair, isMailFolder, run)) changes.add(difference);
  return changes.finish();
};

/**
 * Why a person should look at the source before anything older leaves; none: nothing points at damage. Nothing but the two backups
 * and those that say what is usual is looked at; see docs/decision/009.
 */
export const judgeBackup = async <Backup extends JudgedBackup>(
  { store, limits, timeZone, largestDump }: Judging<Backup>,
  pair: JudgedPair<Backup>,
  run: Run,
): Promise<readonly BrakeReason[]> => {
  const changes = await changesOf(store, pair, run);
  const { goneShare, goneMessages, changedBodies } = limits;
  const brake = { ...usualBrakeLimits, goneShare, goneMessages, changedBodies };
  const reasons = [...brakeReasons({ changes: changes.mailboxes, isFirst: false }, brake)];
  const opened = await store.open(pair.newer, run);
  try {
    const { odd, of } = await countOdd(opened, changes.fresh, run);
    if (odd >= leastOdd && odd >= limits.oddShare * of) reasons.push({ kind: 'odd-content', files: odd, of });
    const hasMail = changes.mailboxes.some(({ now }) => now > 0);
    if (hasMail && changes.arrived === 0) {
      const window = { since: pair.older.started, until: pair.newer.started, timeZone };
      const deliveries = await countDeliveries(opened, pair.newer, window, run);
      if (deliveries >= limits.deliveries) reasons.push({ kind: 'no-new-mail', deliveries });
    }
  } finally {
    await opened.close();
  }
  reasons.push(...(await judgeDumps({ store, shrinks: limits.dumpShrinks, largest: largestDump }, pair, run)));
  return reasons;
};
