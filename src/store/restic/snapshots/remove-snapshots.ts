import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { heldBy } from '../../../model/retention.ts';
import { heldSnapshots } from '../holds/held-snapshots.ts';
import type { Repository } from '../repository.ts';
import { loadAllSnapshots } from './load-snapshots.ts';

/** Fault `read-only` where the storage keeps what it has (append-only server, object lock). */
export const refuseImmutable = (repository: Repository, what: string): void => {
  const { backend } = repository.session;
  if (!backend.capabilities.immutable) return;
  throw new Fault('read-only', `the storage at ${backend.description} lets nothing be removed, so ${what}`, {
    hint: 'Do this where the repository is reached with credentials that may remove objects.',
  });
};

export interface RemovedSnapshots {
  readonly removed: readonly string[];
  /** Those that are still there; why was told as fault events. */
  readonly failed: readonly string[];
  /** Those on which a hold stands: nobody has tried to remove them. */
  readonly held: readonly string[];
}

/** Whoever planned may have planned before a hold was added, or without asking: here it is asked of each in any case. */
const heldAmongThem = async (
  repository: Repository,
  ids: readonly string[],
  run: Run,
): Promise<ReadonlySet<string>> => {
  const all = await loadAllSnapshots(repository, run);
  const held = await heldSnapshots(repository, all, run);
  const wanted = new Set(ids);
  return new Set(all.filter((one) => wanted.has(one.id) && heldBy(one, held) !== undefined).map(({ id }) => id));
};

/**
 * Removes snapshots under an exclusive lock; their data stays until a prune. One that cannot be removed is told and the
 * others go on; one that is gone already counts as removed; one that is held stays. Faults: `read-only`,
 * `repository-locked`, `lock-lost`, `snapshot-damaged`, `interrupted`.
 */
export const removeSnapshots = async (
  repository: Repository,
  ids: readonly string[],
  run: Run,
): Promise<RemovedSnapshots> => {
  refuseImmutable(repository, 'no snapshot is removed');
  const { backend } = repository.session;
  const removed: string[] = [];
  const failed: string[] = [];
  const waiting: string[] = [];
  const work = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      throwIfInterrupted(run);
      repository.assertLocked(run);
      try {
        await backend.remove({ kind: 'snapshot', name }, run);
        removed.push(name);
      } catch (error) {
        if (isFault(error, 'interrupted')) throw error;
        if (isFault(error, 'object-missing')) removed.push(name);
        else {
          failed.push(name);
          run.emit({ kind: 'fault', fault: asFault(error) });
        }
      }
      run.emit({ kind: 'progress', files: removed.length + failed.length, bytes: 0, totalFiles: ids.length });
    }
  };
  return repository.locked(
    'exclusive',
    async () => {
      const held = await heldAmongThem(repository, ids, run);
      waiting.push(...ids.filter((id) => !held.has(id)).reverse());
      await Promise.all(Array.from({ length: backend.capabilities.connections }, work));
      return { removed, failed, held: [...held] };
    },
    run,
  );
};
