import { folderDifferences, type Ledger } from '../../mail/direct/ledger.ts';
import { type Fault } from '../../model/fault.ts';
import { type JobRecord, type LedgerTotals, recordedFault, type StepOutcome } from '../../model/run-record.ts';
import { brakedTag } from '../../model/snapshot.ts';
import type { AccountCapture } from '../capture-account.ts';

/** What became of a job. */
export type JobOutcome =
  | { readonly kind: 'captured'; readonly capture: AccountCapture }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** The ledger of all folders, added up. */
export const ledgerTotals = ({ folders }: Ledger): LedgerTotals => {
  let [onSource, inSnapshot, explained, unexplained] = [0, 0, 0, 0];
  for (const folder of folders) {
    const differences = folderDifferences(folder);
    onSource += folder.onServer ?? 0;
    inSnapshot += folder.inSnapshot;
    explained += differences.explained;
    unexplained += differences.unexplained;
  }
  return { onSource, inSnapshot, explained, unexplained };
};

const capturedOutcome = ({ snapshot, brake, result, report }: AccountCapture): StepOutcome => {
  if (snapshot.tags.includes(brakedTag)) return { kind: 'held', reasons: brake };
  if (result.unreadable > 0) return { kind: 'incomplete', reason: 'unreadable', count: result.unreadable };
  const { unexplained } = ledgerTotals(report.ledger);
  return unexplained > 0 ? { kind: 'incomplete', reason: 'unexplained', count: unexplained } : { kind: 'good' };
};

const captured = ({ snapshot, result, report }: AccountCapture): NonNullable<JobRecord['captured']> => {
  const ledger = ledgerTotals(report.ledger);
  return {
    snapshot: snapshot.id,
    arrived: report.fetched.messages,
    arrivedBytes: report.fetched.bytes,
    gone: report.changes.reduce((sum, { gone }) => sum + gone, 0),
    changedBodies: report.changes.reduce((sum, { changedBodies }) => sum + changedBodies, 0),
    messages: ledger.inSnapshot,
    ledger,
    addedBytes: result.summary.dataAdded,
    storedBytes: result.summary.dataAddedPacked,
  };
};

/** What the record of a run says of a job, but for its times. */
export const jobResult = (outcome: JobOutcome): Pick<JobRecord, 'outcome' | 'captured'> =>
  outcome.kind === 'failed'
    ? { outcome: { kind: 'failed', fault: recordedFault(outcome.fault) } }
    : { outcome: capturedOutcome(outcome.capture), captured: captured(outcome.capture) };
