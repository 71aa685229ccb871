import { plural } from './plural.ts';

/** Of `history`. */
export const historyMessages = {
  historyEmpty: (): string => 'no run is recorded yet',
  historyColumns: (): readonly string[] => ['ID', 'Started', 'Took', 'What', 'Came', 'Left', 'Stored', 'End'],
  historyVerdict: (verdict: 'good' | 'attention' | 'failed'): string =>
    ({ good: 'good', attention: 'needs a person', failed: 'FAILED' })[verdict],
  historyCutOff: (): string => 'CUT OFF: it was killed, or the machine went down',
  historyUnderWay: (): string => 'under way',
  historyEnd: (verdict: string, exitCode: number): string => `${verdict}, exit code ${exitCode}`,
  historyGood: (): string => 'good',
  historyIncomplete: (reason: string): string => `incomplete: ${reason}`,
  historyHeld: (reasons: string): string => `held by the brake: ${reasons}`,
  historyFailed: (sentence: string): string => `FAILED: ${sentence}`,
  historySkipped: (reason: string): string => `left out: ${reason}`,
  historyMessages: (count: number, stored: string): string =>
    `  in all:   ${plural(count, 'message', 'messages')}; ${stored} newly stored`,
  statusLastRun: (time: string, state: string): string => `last run: ${time}, ${state}`,
  statusShare: (good: number, all: number): string =>
    `${good.toLocaleString('en')} of ${plural(all, 'run', 'runs')} in 90 days ended well`,
  historyStored: (
    bytes: string,
    snapshots: number,
    cost: { readonly amount: number; readonly currency: string } | undefined,
  ): string =>
    `  holds:    ${bytes} in ${plural(snapshots, 'snapshot', 'snapshots')}${cost === undefined ? '' : `, ${cost.amount.toFixed(2)} ${cost.currency} a month`}`,
};
