import type { Run } from '../contract/run.ts';
import type { Source } from '../contract/source.ts';
import type { Store, StoredSnapshot, WriteResult } from '../contract/store.ts';
import { chooseParent, type ParentGroup } from '../model/parent.ts';
import type { Snapshot, SnapshotDescription } from '../model/snapshot.ts';
import { findSnapshot } from '../model/snapshot-selection.ts';

/** Against which snapshot to capture. */
export type ParentChoice =
  /** The newest that fits. */
  | { readonly kind: 'newest'; readonly group: ParentGroup }
  /** Everything is read. */
  | { readonly kind: 'none' }
  /** Beginning of an id, or `latest`. */
  | { readonly kind: 'given'; readonly id: string };

export interface BackupOptions {
  readonly description: SnapshotDescription;
  readonly parent: ParentChoice;
  readonly dryRun: boolean;
  /** Write no snapshot when its tree is the parent's. */
  readonly skipIfUnchanged: boolean;
  readonly reportEntries: boolean;
  /** Take little memory rather than all processors. */
  readonly frugal?: boolean;
}

const parentId = async (store: Store, options: BackupOptions, run: Run): Promise<string | undefined> => {
  const { parent, description } = options;
  if (parent.kind === 'none') return undefined;
  const snapshots = await store.snapshots(run);
  if (parent.kind === 'given') return findSnapshot(snapshots, parent.id).id;
  return chooseParent(snapshots, description, parent.group)?.id;
};

const openParent = async (store: Store, options: BackupOptions, run: Run): Promise<StoredSnapshot | undefined> => {
  const id = await parentId(store, options, run);
  return id === undefined ? undefined : await store.open(id, run);
};

/**
 * Captures a source into a new snapshot of the store, against an earlier one. The source is made once the parent is
 * known, as what it may skip depends on how that was made; it is closed on every way out.
 */
export const backup = (
  openSource: (parent: Snapshot | undefined) => Source,
  store: Store,
  options: BackupOptions,
  run: Run,
): Promise<WriteResult> =>
  store.guarded(async () => {
    run.emit({ kind: 'phase', phase: 'opening' });
    const parent = await openParent(store, options, run);
    const source = openSource(parent?.snapshot);
    try {
      run.emit({ kind: 'phase', phase: 'reading' });
      const { description, dryRun, skipIfUnchanged, reportEntries, frugal = false } = options;
      const common = { description, dryRun, skipIfUnchanged, reportEntries, frugal };
      return await store.write(source, parent === undefined ? common : { ...common, parent }, run);
    } finally {
      await source.close();
    }
  }, run);
