import type { DatedBackup, DatedStore } from '../../../contract/component.ts';

export type JudgedStore = Pick<DatedStore, 'backups' | 'open' | 'differences' | 'alarms' | 'noteAlarms'>;

export interface JudgedPair {
  readonly older: DatedBackup;
  readonly newer: DatedBackup;
  /** Good ones that say what is usual, newest first. */
  readonly usual: readonly DatedBackup[];
}
