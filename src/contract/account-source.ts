import type { BrakeReason, FolderChange } from '../model/damage-brake.ts';
import type { Ledger } from '../mail/direct/ledger.ts';
import type { Source } from './source.ts';

/** How much of an account one capture fetches before it ends with a checkpoint; the next one goes on from there. */
export interface FetchBudget {
  /** Bytes of messages. */
  readonly bytes: number;
  /** Nanoseconds of the wall clock. */
  readonly time: bigint;
}

export interface AccountReport {
  /** Folder by folder against the base; those that could not be read are not among them. */
  readonly changes: readonly FolderChange[];
  readonly ledger: Ledger;
  /** Messages were left for a next capture, as the budget was used up. They are no differences of the ledger. */
  readonly isPartial: boolean;
  /** Messages whose bodies were fetched, and their bytes. */
  readonly fetched: { readonly messages: number; readonly bytes: number };
}

/** An account as a source, which can say afterwards how complete its capture was. */
export interface AccountSource extends Source {
  /** To be asked for once everything was captured and read. */
  report(): AccountReport;
}

export interface AccountSourceOptions {
  readonly budget: FetchBudget;
  /**
   * Called once, when all folders were looked at and before the ledger is written, which records what it says: why a person
   * should look before this is taken for the truth.
   */
  readonly judge: (changes: readonly FolderChange[]) => readonly BrakeReason[];
}
