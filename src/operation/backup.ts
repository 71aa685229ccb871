import type { Run } from '../contract/run.ts';
import type { Source } from '../contract/source.ts';
import type { Store, WriteResult } from '../contract/store.ts';
import { chooseParent } from '../model/parent.ts';
import type { SnapshotDescription } from '../model/snapshot.ts';

export interface BackupOptions {
  readonly description: SnapshotDescription;
  /** Against which snapshot to capture: the newest that fits, none (everything is read), or one by its whole id. */
  readonly parent:
    | { readonly kind: 'newest' }
    | { readonly kind: 'none' }
    | { readonly kind: 'given'; readonly id: string };
  readonly dryRun: boolean;
  readonly reportEntries: boolean;
}

const parentId = async (store: Store, options: BackupOptions, run: Run): Promise<string | undefined> => {
  switch (options.parent.kind) {
    case 'none':
      return undefined;
    case 'given':
      return options.parent.id;
    case 'newest':
      return chooseParent(await store.snapshots(run), options.description)?.id;
  }
};

/** Captures a source into a new snapshot of the store, against an earlier one. */
export const backup = (source: Source, store: Store, options: BackupOptions, run: Run): Promise<WriteResult> =>
  store.guarded(async () => {
    run.emit({ kind: 'phase', phase: 'opening' });
    const id = await parentId(store, options, run);
    const parent = id === undefined ? undefined : await store.open(id, run);
    run.emit({ kind: 'phase', phase: 'reading' });
    const { description, dryRun, reportEntries } = options;
    return store.write(
      source,
      { description, dryRun, reportEntries, ...(parent === undefined ? {} : { parent }) },
      run,
    );
  }, run);
