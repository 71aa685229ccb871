import type { Run } from '../../../contract/run.ts';
import type { Source } from '../../../contract/source.ts';
import type { Overwrite } from '../../../contract/target.ts';
import type { FolderMerge } from '../../../mail/merge/folder-merge.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Abilities } from '../../../system/file-metadata.ts';
import type { PlanTally } from '../../files/plan-tally.ts';
import type { Filter } from '../../files/target-plan.ts';
import type { LivingMessages } from './living-messages.ts';
import type { LivingTree } from './living-tree.ts';
import type { MergeRecord } from './merge-record.ts';

export interface MergePlanOptions {
  /** Absolute. */
  readonly directory: ByteString;
  readonly filter: Filter;
  /** For files that are no mail and none of the mail server's own. */
  readonly overwrite: Overwrite;
  readonly abilities: Abilities;
}

export interface OpenFolder {
  readonly merge: FolderMerge;
  readonly living: LivingMessages;
}

/** What is known while a plan is made. */
export interface Planning {
  readonly source: Source;
  readonly options: MergePlanOptions;
  readonly tree: LivingTree;
  readonly record: MergeRecord;
  readonly tally: PlanTally;
  readonly run: Run;
  /** Directories below which something is to come, that were not walked yet; and their subdirectories that were. */
  readonly pending: Map<ByteString, { needed: boolean; readonly subdirectories: Set<ByteString> }>;
  /** What was told to be in the way, or not to be mergeable, once for all that is below. */
  readonly told: Set<ByteString>;
  /** Folders of sdbox and mdbox that were met. */
  readonly boxes: Set<ByteString>;
  /** The Maildir folder whose `cur` or `new` was walked last. */
  open: { readonly key: ByteString; readonly folder: OpenFolder } | undefined;
}
