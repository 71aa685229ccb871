import type { Run } from '../../../contract/run.ts';
import { isFault } from '../../../model/fault.ts';
import { heldBy, heldFault } from '../../../model/retention.ts';
import { BlobSaver } from '../copy/blob-saver.ts';
import { formatSnapshot, type SnapshotFile } from '../format/snapshot-format.ts';
import { heldSnapshots } from '../holds/held-snapshots.ts';
import { hexOf } from '../read/blob-reader.ts';
import type { Repository } from '../repository.ts';
import { loadAllSnapshots } from '../snapshots/load-snapshots.ts';
import { TreeRewriter, type RewriteRules } from './rewrite-tree.ts';

/** What becomes of one snapshot. */
export interface RewrittenSnapshot {
  readonly snapshot: SnapshotFile;
  /** `changed`: a new one without what is to go; `lost`: its root cannot be read, nothing of it is left. */
  readonly outcome: 'unchanged' | 'changed' | 'lost';
  /** Of the new snapshot; undefined in a dry run and when there is none. */
  readonly newId: string | undefined;
}

export interface RewriteOptions {
  readonly rules: RewriteRules;
  /** Added to the new snapshots unless the old ones go. */
  readonly tag: string;
  /** The old snapshots go once the new ones are stored. */
  readonly forget: boolean;
  readonly dryRun: boolean;
  /** Changes of the snapshots' own data. */
  readonly metadata?: Partial<Pick<SnapshotFile, 'hostname' | 'time'>>;
}

const rootOf = ({ tree }: SnapshotFile): Uint8Array => Uint8Array.from(Buffer.from(tree, 'hex'));

const replacementOf = (
  snapshot: SnapshotFile,
  tree: string,
  { metadata = {}, tag, forget }: RewriteOptions,
): SnapshotFile => ({
  ...snapshot,
  ...metadata,
  id: '',
  tree,
  tags: forget || snapshot.tags.includes(tag) ? snapshot.tags : [...snapshot.tags, tag],
});

const isAlike = (left: SnapshotFile, right: SnapshotFile): boolean =>
  left.tree === right.tree && left.hostname === right.hostname && left.time.nanoseconds === right.time.nanoseconds;

/** The totals that `snapshots` shows are those of what is left. */
const withTotals = async (repository: Repository, file: SnapshotFile, run: Run): Promise<SnapshotFile> => {
  if (file.summary === undefined) return file;
  const { files, bytes } = await (await repository.ledger(run)).counts(rootOf(file), run);
  return { ...file, summary: { ...file.summary, totalFilesProcessed: files, totalBytesProcessed: bytes } };
};

const remove = async (repository: Repository, name: string, run: Run): Promise<void> => {
  try {
    await repository.session.backend.remove({ kind: 'snapshot', name }, run);
  } catch (error) {
    if (!isFault(error, 'object-missing')) throw error;
  }
};

interface Draft {
  readonly snapshot: SnapshotFile;
  /** Undefined: nothing of it is left. */
  readonly file: SnapshotFile | undefined;
}

const outcomeOf = ({ snapshot, file }: Draft): RewrittenSnapshot['outcome'] =>
  file === undefined ? 'lost' : isAlike(file, snapshot) ? 'unchanged' : 'changed';

/** Nothing is left out of a snapshot on which a hold stands. */
const refuseHeld = async (repository: Repository, drafts: readonly Draft[], run: Run): Promise<void> => {
  const changed = drafts.filter((draft) => outcomeOf(draft) !== 'unchanged');
  if (changed.length === 0) return;
  const held = await heldSnapshots(repository, await loadAllSnapshots(repository, run), run);
  for (const { snapshot } of changed) {
    const hold = heldBy(snapshot, held);
    if (hold !== undefined) throw heldFault(snapshot, hold.by, 'it is not replaced; without --forget both are kept');
  }
};

/**
 * Makes snapshots anew without what the rules leave out: trees first, then their index, then the new snapshots, and with
 * `forget` the old ones go last. To be called under a lock, the exclusive one with `forget`. Fault `snapshot-held`, with
 * `forget`, before any new snapshot is there.
 */
export const rewriteSnapshots = async (
  repository: Repository,
  snapshots: readonly SnapshotFile[],
  options: RewriteOptions,
  run: Run,
): Promise<readonly RewrittenSnapshot[]> => {
  const { session } = repository;
  repository.forgetIndex();
  const { table } = await repository.index(run);
  const saver = options.dryRun ? undefined : new BlobSaver(session, run);
  const rewriter = new TreeRewriter({ trees: await repository.trees(run), table, saver }, options.rules, run);
  const drafts: Draft[] = [];
  for (const snapshot of snapshots) {
    const root = await rewriter.rewrite(rootOf(snapshot));
    drafts.push({ snapshot, file: root === undefined ? undefined : replacementOf(snapshot, hexOf(root), options) });
  }
  await saver?.finish();
  repository.forgetIndex();
  if (options.forget) await refuseHeld(repository, drafts, run);
  const results: RewrittenSnapshot[] = [];
  for (const draft of drafts) {
    const { snapshot, file } = draft;
    const outcome = outcomeOf(draft);
    let newId: string | undefined;
    if (!options.dryRun && outcome !== 'unchanged') {
      repository.assertLocked(run);
      if (file !== undefined) {
        newId = await session.io.save('snapshot', formatSnapshot(await withTotals(repository, file, run)), run);
      }
      if (options.forget) await remove(repository, snapshot.id, run);
    }
    results.push({ snapshot, outcome, newId });
  }
  return results;
};
