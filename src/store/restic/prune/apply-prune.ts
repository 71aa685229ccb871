import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { BlobSaver } from '../copy/blob-saver.ts';
import { listNames } from '../index/index-loader.ts';
import type { Repository } from '../repository.ts';
import { affectedFiles, listAgain, writeReplacement } from './index-replacement.ts';
import { nextNote, removeNotes, saveNote } from './note-writing.ts';
import type { PlannedPack } from './planned-pack.ts';
import type { PrunePlan } from './prune-plan.ts';
import { readKeptCopies } from './read-kept-copies.ts';
import { repack } from './repack.ts';
import { listPacks } from './repository-state.ts';

export interface PruneResult {
  readonly repackedPacks: number;
  /** Packs that were written, and their bytes. */
  readonly newPacks: number;
  readonly newBytes: number;
  readonly removedPacks: number;
  readonly removedBytes: number;
  /** Packs that could not be removed; each was told as a fault event. The next prune tries again. */
  readonly failedPacks: number;
}

const changed = (what: string): Fault =>
  new Fault('lock-lost', `${what} since the prune was planned, so nothing was removed`, {
    hint: 'Run the same command again: it plans anew.',
    retry: true,
  });

const isSame = (left: Iterable<string>, right: Iterable<string>): boolean =>
  [...left].sort().join() === [...right].sort().join();

const assertUnchanged = async (repository: Repository, plan: PrunePlan, run: Run): Promise<void> => {
  const { backend } = repository.session;
  if (!isSame(await listNames(backend, 'snapshot', run), plan.snapshotIds)) throw changed('the snapshots have changed');
  if (!isSame(await listNames(backend, 'index', run), plan.survey.files.keys())) throw changed('the index has changed');
  const present = await listPacks(backend, run);
  if (present.size !== plan.present.size || [...plan.present].some(([id, size]) => present.get(id) !== size)) {
    throw changed('the packs have changed');
  }
};

const assertAllowed = (repository: Repository): void => {
  const { backend, options } = repository.session;
  if (options.noLock) {
    throw new Fault('usage', 'prune removes data, so it cannot run without a lock', {
      hint: 'Leave out --no-lock, or add --dry-run.',
    });
  }
  if (backend.capabilities.immutable) {
    throw new Fault('permission-denied', `nothing can be removed from ${backend.description}: it keeps all it has`, {
      hint: 'Prune it from where the storage allows removal.',
    });
  }
};

/**
 * Carries a plan out under the exclusive lock: needed blobs into new packs, their index, the note for the next prune, then
 * the new index in place of the old one, and only then packs are removed; of what is there twice, the copies that stay are
 * read before. May be interrupted anywhere: nothing needed is
 * lost, and the next prune goes on. Faults: `lock-lost` when the repository has changed since the plan, `repository-locked`
 * when somebody else has a lock by now, `pack-damaged` when what would stay cannot be read, and what reading and writing say.
 */
export const applyPrune = (repository: Repository, plan: PrunePlan, run: Run): Promise<PruneResult> => {
  assertAllowed(repository);
  return repository.locked(
    'exclusive',
    async () => {
      await repository.assertAlone(run);
      await assertUnchanged(repository, plan, run);
      try {
        return await apply(repository, plan, run);
      } finally {
        repository.forgetIndex();
      }
    },
    run,
  );
};

const apply = async (repository: Repository, plan: PrunePlan, run: Run): Promise<PruneResult> => {
  const saver = new BlobSaver(repository.session, run);
  const repackedPacks = plan.packs.filter(({ fate }) => fate.kind === 'repack').length;
  if (repackedPacks > 0) {
    run.emit({ kind: 'phase', phase: 'repacking' });
    await repack(repository, plan, saver, run);
    await saver.finish();
  }
  const noteId = await replaceNote(repository, plan, run);
  const removed = await removePacks(repository, plan, noteId, run);
  return { repackedPacks, newPacks: saver.packIds.length, newBytes: saver.bytes, ...removed };
};

/** Returns the id of the new note's snapshot, if one was needed. */
const replaceNote = async (repository: Repository, plan: PrunePlan, run: Run): Promise<string | undefined> => {
  const note = nextNote(plan, run.now());
  if (note === undefined) return undefined;
  const { current, superseded } = plan.notes;
  const id = await saveNote(repository, note, new BlobSaver(repository.session, run), run);
  await repository.assertAlone(run);
  await removeNotes(repository, current === undefined ? superseded : [current, ...superseded], run);
  return id;
};

type Removed = Pick<PruneResult, 'removedPacks' | 'removedBytes' | 'failedPacks'>;

const removePacks = async (
  repository: Repository,
  plan: PrunePlan,
  noteId: string | undefined,
  run: Run,
): Promise<Removed> => {
  const going = plan.packs.filter(({ removedNow }) => removedNow);
  if (going.length === 0) return { removedPacks: 0, removedBytes: 0, failedPacks: 0 };
  await readKeptCopies(repository, plan, run);
  run.emit({ kind: 'phase', phase: 'writing the new index' });
  const unlisted = await unlist(repository, plan, going, run);
  await assertNothingNew(repository, plan, { noteId, unlisted }, run);
  run.emit({ kind: 'phase', phase: 'removing packs' });
  return removeFiles(
    repository,
    going.filter(({ fate }) => fate.kind !== 'forget'),
    run,
  );
};

/** Replaces the index files that list these packs. Returns the packs that are listed no more and still there. */
const unlist = async (
  repository: Repository,
  { survey, present }: PrunePlan,
  going: readonly PlannedPack[],
  run: Run,
): Promise<ReadonlyMap<string, number>> => {
  const { session } = repository;
  const listed = going.filter(({ id }) => survey.packList.has(id)).map(({ id }) => id);
  const old = affectedFiles(survey.files, new Set(listed.map((id) => survey.packList.numberOf(id))));
  if (old.length === 0) return new Map();
  const gone = new Set(listed);
  await writeReplacement(session, old, (id) => gone.has(id), run);
  await repository.assertAlone(run);
  for (const name of old) {
    throwIfInterrupted(run);
    await session.backend.remove({ kind: 'index', name }, run);
  }
  return new Map(listed.flatMap((id) => (present.has(id) ? [[id, present.get(id) ?? 0] as const] : [])));
};

/**
 * A snapshot or a lock that has appeared in spite of our lock: who made it may have read the old index, and needs what is
 * about to go. So the packs stay, and are listed again.
 */
const assertNothingNew = async (
  repository: Repository,
  plan: PrunePlan,
  own: { readonly noteId: string | undefined; readonly unlisted: ReadonlyMap<string, number> },
  run: Run,
): Promise<void> => {
  const known = new Set(plan.snapshotIds);
  try {
    await repository.assertAlone(run);
    const names = await listNames(repository.session.backend, 'snapshot', run);
    if (!names.every((name) => known.has(name) || name === own.noteId)) throw intruder();
  } catch (error) {
    if (!isFault(error, 'interrupted')) await listAgain(repository.session, own.unlisted, run);
    throw error;
  }
};

const intruder = (): Fault =>
  new Fault('lock-lost', 'a snapshot was made while prune held the exclusive lock, so no pack was removed', {
    hint: 'A program works on the repository without regard for locks, or removed ours. Prune again when nothing else runs.',
    retry: true,
  });

const removeFiles = async (repository: Repository, packs: readonly PlannedPack[], run: Run): Promise<Removed> => {
  const { backend } = repository.session;
  const queue = [...packs];
  const removed = { removedPacks: 0, removedBytes: 0, failedPacks: 0 };
  const removeOne = async ({ id, bytes }: PlannedPack): Promise<void> => {
    try {
      await backend.remove({ kind: 'pack', name: id }, run);
      removed.removedPacks++;
      removed.removedBytes += bytes;
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      if (isFault(error, 'object-missing')) return;
      // It is in no index any more: too much is kept, nothing is lost.
      removed.failedPacks++;
      run.emit({ kind: 'fault', fault: asFault(error) });
    }
  };
  const work = async (): Promise<void> => {
    for (let pack = queue.shift(); pack !== undefined; pack = queue.shift()) {
      throwIfInterrupted(run);
      repository.assertLocked(run);
      await removeOne(pack);
      const done = packs.length - queue.length;
      run.emit({ kind: 'progress', files: done, bytes: removed.removedBytes, totalFiles: packs.length });
    }
  };
  await Promise.all(Array.from({ length: Math.min(backend.capabilities.connections, packs.length) }, work));
  return removed;
};
