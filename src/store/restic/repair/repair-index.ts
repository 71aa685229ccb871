import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import { checkIndex, type CheckedIndex } from '../check/check-index.ts';
import { CheckFindings } from '../check/check-report.ts';
import { readPackHeader } from '../format/pack-format.ts';
import { IndexWriter } from '../index/index-writer.ts';
import { listNames } from '../index/index-loader.ts';
import { listPacks } from '../prune/repository-state.ts';
import { writeReplacement } from '../prune/index-replacement.ts';
import type { Repository } from '../repository.ts';

/** What is wrong with the index, and would be put right. */
export interface RepairIndexPlan {
  /** Index files that cannot be read: what they listed is found in the packs. */
  readonly damagedIndexes: readonly string[];
  readonly soundIndexes: readonly string[];
  /** Packs that are there and that no index lists. */
  readonly unlistedPacks: readonly string[];
  /** Packs that have another size than the index says. */
  readonly wrongSizePacks: readonly string[];
  /** Packs that an index lists and that are gone. */
  readonly missingPacks: readonly string[];
  /** Packs whose own list is read; with `readAll` all of them. */
  readonly packsToRead: readonly string[];
  readonly present: ReadonlyMap<string, number>;
}

export interface RepairIndexResult {
  readonly packsRead: number;
  /** Packs whose own list could not be read; each was told as a fault. What an index said of them was kept. */
  readonly unreadablePacks: readonly string[];
  readonly newIndexes: number;
  readonly removedIndexes: number;
}

/** Finds out what the index lacks. Changes nothing; damage is no Fault here but part of the plan. */
export const repairIndexPlan = async (
  repository: Repository,
  options: { readonly readAll: boolean },
  run: Run,
): Promise<RepairIndexPlan> => {
  const { session } = repository;
  const names = await listNames(session.backend, 'index', run);
  // Which files are damaged is what is wanted here; what is told of them is the plan.
  const findings = new CheckFindings({ signal: run.signal, now: () => run.now(), emit: () => {} });
  const checked: CheckedIndex = await checkIndex(session, findings, run);
  const present = await listPacks(session.backend, run);
  const sound = names.filter((name) => checked.index.indexIds.has(name));
  const unlistedPacks = [...present.keys()].filter((id) => !checked.packs.has(id));
  const missingPacks = [...checked.packs.keys()].filter((id) => !present.has(id));
  const wrongSizePacks = [...checked.packs].flatMap(([id, { size }]) =>
    present.has(id) && present.get(id) !== size ? [id] : [],
  );
  return {
    damagedIndexes: names.filter((name) => !checked.index.indexIds.has(name)),
    soundIndexes: sound,
    unlistedPacks,
    wrongSizePacks,
    missingPacks,
    packsToRead: options.readAll ? [...present.keys()] : [...unlistedPacks, ...wrongSizePacks],
    present,
  };
};

/** Whether there is nothing to do. */
export const isIndexSound = (plan: RepairIndexPlan): boolean =>
  plan.damagedIndexes.length + plan.missingPacks.length + plan.packsToRead.length === 0;

/**
 * Writes the index anew from what is sound in it and from the packs themselves; the old files go when the new ones are
 * durable. No pack is changed. To be called under the exclusive lock.
 */
export const repairIndex = async (
  repository: Repository,
  plan: RepairIndexPlan,
  run: Run,
): Promise<RepairIndexResult> => {
  const { session } = repository;
  const writer = new IndexWriter(session.io, run);
  const unreadable: string[] = [];
  for (const [number, id] of plan.packsToRead.entries()) {
    throwIfInterrupted(run);
    const load = (range: { start: number; length: number }): Promise<Uint8Array> =>
      session.backend.load({ kind: 'pack', name: id }, range, run);
    try {
      await writer.add(id, await readPackHeader(load, plan.present.get(id) ?? 0, session.envelope));
    } catch (error) {
      if (!isFault(error, 'pack-damaged', 'backend-misbehaved', 'object-missing')) throw error;
      unreadable.push(id);
      run.emit({ kind: 'fault', fault: asFault(error) });
    }
    run.emit({ kind: 'progress', files: number + 1, bytes: 0, totalFiles: plan.packsToRead.length });
  }
  await writer.flush();
  const gone = new Set([...plan.missingPacks, ...plan.packsToRead]);
  for (const id of unreadable) if (plan.present.has(id)) gone.delete(id);
  const replaced = await writeReplacement(session, plan.soundIndexes, (id) => gone.has(id), run);
  const kept = new Set([...writer.written, ...replaced]);
  await repository.assertAlone(run);
  let removedIndexes = 0;
  for (const name of [...plan.soundIndexes, ...plan.damagedIndexes]) {
    throwIfInterrupted(run);
    if (kept.has(name)) continue;
    await session.backend.remove({ kind: 'index', name }, run);
    removedIndexes++;
  }
  repository.forgetIndex();
  const packsRead = plan.packsToRead.length - unreadable.length;
  return { packsRead, unreadablePacks: unreadable, newIndexes: kept.size, removedIndexes };
};
