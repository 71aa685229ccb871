import type { Run } from '../../contract/run.ts';
import type { ServerBackup, StoredComponent } from '../../contract/server-backup.ts';
import { drillChecks, type DrillRecord } from '../../model/drill/drill-record.ts';
import { recoveryTime } from '../../model/drill/recovery-time.ts';
import { shareOf } from '../../model/drill/sample.ts';
import { restoreOrder } from '../../model/restore-order.ts';
import { checkFiles } from './check-files.ts';
import { checkMail } from './check-mail.ts';
import { checkPacked } from './check-packed.ts';
import type { DrillParts } from './drill-parts.ts';
import { createDrillState, type DrillState, moment, stopDatabases } from './drill-state.ts';
import { judgeDatabases, loadDatabase } from './load-database.ts';
import { restoreComponent } from './restore-component.ts';
import type { Sampling } from './sampled-source.ts';
import { surveyBackup } from './survey-backup.ts';
import type { SurveyedMaildir } from './survey-mail.ts';

const restoreTree = async (
  { name }: StoredComponent,
  sampling: Sampling,
  { parts, state }: { readonly parts: DrillParts; readonly state: DrillState },
  run: Run,
): Promise<void> => {
  const part = await parts.part(name);
  const { time, told } = await restoreComponent({ name, part, sampling }, state.tallies, run);
  state.times.push(time);
  state.trees.set(name, parts.tree(name));
  for (const path of told) state.told.add(path);
};

/** Nobody has seen mail of a component of mail that has no Maildir: nothing could be compared. */
const tellWithoutMail = (
  { components }: ServerBackup,
  maildirs: readonly SurveyedMaildir[],
  state: DrillState,
): void => {
  const without =
    components.some(({ name }) => name === 'mail') && !maildirs.some(({ component }) => component === 'mail');
  if (!without) return;
  for (const name of ['folders', 'messages'] as const) state.tallies[name].skip('no-maildir', 'mail');
};

interface DrillFrame {
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly share: number;
  /** Messages of the whole backup. */
  readonly wholeMessages: number;
}

const recordOf = ({ began, ...frame }: DrillFrame, parts: DrillParts, state: DrillState): DrillRecord => {
  const { backup, server, trend } = parts;
  const { tallies, times, programs, tables, accounts } = state;
  return {
    ...frame,
    server,
    backup: backup.description,
    backupTime: backup.started,
    isComplete: backup.isComplete,
    messages: tallies.messages.result().looked,
    accounts: accounts.length,
    checks: drillChecks.map((name) => tallies[name].result()),
    times,
    recovery: recoveryTime(times),
    dataAge: Math.max(0, began - backup.started),
    programs,
    tables,
    trend,
  };
};

/**
 * Restores a backup where nobody sees it, and looks whether it is a mail server again. What is wrong is in the record; thrown is what
 * ended the drill: `interrupted`, `disk-full`, a backup that cannot be read at all.
 */
export const runDrill = async (parts: DrillParts, run: Run): Promise<DrillRecord> => {
  const { backup, wish, compileSieve: compile } = parts;
  const began = moment(run);
  const state = createDrillState();
  const { maildirs, messages: wholeMessages } = await surveyBackup(backup, run);
  tellWithoutMail(backup, maildirs, state);
  const share = shareOf(wish.sample, wholeMessages);
  const sampling = { share, salt: wish.salt };
  await checkPacked(backup, state.tallies.backup, run);
  try {
    for (const component of restoreOrder(backup.components, ['all'])) {
      run.emit({ kind: 'phase', phase: `drill: restoring ${component.name}` });
      if (component.form === 'dump') await loadDatabase(component, parts, state, run);
      else await restoreTree(component, sampling, { parts, state }, run);
    }
    judgeDatabases(parts, state);
    await checkMail({ maildirs, sampling }, parts, state, run);
  } finally {
    await stopDatabases(state);
  }
  await checkFiles({ now: began, compile }, state, run);
  return recordOf({ began, share, wholeMessages }, parts, state);
};
