import { incompleteTag, type Snapshot, type SnapshotDescription, type SnapshotSummary } from '../model/snapshot.ts';
import type { Base, Source } from './source.ts';
import type { LevelText } from './browse.ts';
import type { Run } from './run.ts';

/**
 * Where snapshots are kept.
 *
 * Guarantees: a snapshot is listed only when everything it needs is durable; a failed or killed `write` changes nothing
 * that was there; a stored snapshot never changes.
 */
export interface Store {
  readonly description: string;

  /**
   * Runs `work` while nothing that the store holds can be removed by others: what `work` reads and refers to stays.
   * May be nested; `write` does it by itself.
   */
  guarded<Result>(work: () => Promise<Result>, run: Run): Promise<Result>;

  /** All snapshots, oldest first. One that cannot be read is reported as an event and left out. */
  snapshots(run: Run): Promise<readonly Snapshot[]>;

  /** A snapshot as a source, and as a base for the next. `id` is whole. Fault `snapshot-missing`. */
  open(id: string, run: Run): Promise<StoredSnapshot>;

  /** Captures a source into a new snapshot. */
  write(source: Source, options: WriteOptions, run: Run): Promise<WriteResult>;

  close(): Promise<void>;
}

export interface StoredSnapshot extends Source, Base {
  readonly snapshot: Snapshot;
  /** As of a `BrowsableSnapshot`. */
  readonly levelText?: LevelText;
}

export interface WriteOptions {
  readonly description: SnapshotDescription;
  /** Further tags of the snapshot, asked for when all of the source was captured: what the capture itself brought to light. */
  readonly tagsAtEnd?: () => readonly string[];
  /**
   * Looks at what was captured when all of it is stored, and before there is a snapshot of it; answers with further tags. When it
   * throws, no snapshot is written. Not asked in a dry run.
   */
  readonly judge?: (captured: Base, run: Run) => Promise<readonly string[]>;
  /** The snapshot to capture against. */
  readonly parent?: StoredSnapshot;
  /** Do everything but write. */
  readonly dryRun?: boolean;
  /** Write no snapshot when nothing at all differs from the parent. */
  readonly skipIfUnchanged?: boolean;
  /** Emit an `entry` event for each entry; by default only counters. */
  readonly reportEntries?: boolean;
  /** Take little memory rather than all processors: what comes over a network keeps no more than one thread busy. */
  readonly frugal?: boolean;
}

export interface WriteResult {
  /** Absent after a dry run, and when it was skipped as unchanged. */
  readonly snapshot?: Snapshot;
  readonly summary: SnapshotSummary;
  /** What was renamed only, content untouched and not read. Counted among `filesUnmodified` too. */
  readonly filesRenamed: number;
  /** Entries carried forward or missing because they could not be read. 0 means complete. */
  readonly unreadable: number;
  /** Entries that changed while they were read. */
  readonly changedWhileRead: number;
}

/** The tags of a snapshot once its source is captured. `unreadable`: entries that could not be read; `judged`: what `judge` has answered. */
export const finalTags = (
  { description, tagsAtEnd }: WriteOptions,
  unreadable: number,
  judged: readonly string[] = [],
): readonly string[] => [
  ...new Set([...description.tags, ...(tagsAtEnd?.() ?? []), ...judged, ...(unreadable > 0 ? [incompleteTag] : [])]),
];
