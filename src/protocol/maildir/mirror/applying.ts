import type { AccountScan, FolderState } from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import type { LedgerDifference } from '../../../mail/direct/ledger.ts';
import type { KnownFolder, MirrorPlace } from './mirror-base.ts';
import type { MirrorFolder } from './mirror-folder.ts';
import type { MirrorKeywords } from './mirror-keywords.ts';
import type { MirrorProgress } from './mirror-progress.ts';

export interface ApplyingOptions {
  readonly place: MirrorPlace;
  readonly account: string;
  readonly scan: AccountScan;
  readonly progress: MirrorProgress;
}

/** One folder that is being brought to what the scan says. */
export interface Applying extends ApplyingOptions {
  readonly state: FolderState;
  readonly directory: string;
  readonly mark: string;
  readonly files: MirrorFolder;
  readonly keywords: MirrorKeywords;
  /** Undefined: nothing is known of this generation. */
  readonly known: KnownFolder | undefined;
  readonly counts: { messages: number; bytes: number; flags: number };
  readonly differences: LedgerDifference[];
  readonly run: Run;
}
