import { type Counts, noCounts } from '../../../model/entry.ts';

/** Counted while a component is captured. */
export interface CaptureTally {
  counts: Counts;
  linked: number;
  writtenBytes: number;
  unreadable: number;
  changedWhileRead: number;
  /** Entries whose metadata stands in full in the manifest only. */
  losses: number;
}

export const createTally = (): CaptureTally => ({
  counts: noCounts,
  linked: 0,
  writtenBytes: 0,
  unreadable: 0,
  changedWhileRead: 0,
  losses: 0,
});
