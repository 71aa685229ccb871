import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import type { BlobSet } from '../index/blob-set.ts';
import type { Repository } from '../repository.ts';
import { surveyIndex, type IndexSurvey } from './index-survey.ts';
import { decidePacks } from './pack-decision.ts';
import { countUsage } from './pack-usage.ts';
import type { PruneOptions } from './prune-options.ts';
import { addUpTotals, type PruneTotals } from './prune-totals.ts';
import { assertSound, blobsToCopy, blobsToRead } from './plan-safety.ts';
import type { PlannedPack, PresentPacks } from './planned-pack.ts';
import { assertClock, blobReaderOf, listPacks, markUsed, readAllSnapshots, readNotes } from './repository-state.ts';
import type { Notes } from './repository-state.ts';

/** What a prune would do. Made by `prunePlan`, carried out by `applyPrune`, which checks that all is still so. */
export interface PrunePlan {
  readonly options: PruneOptions;
  readonly packs: readonly PlannedPack[];
  readonly totals: PruneTotals;
  readonly snapshotIds: readonly string[];
  readonly present: PresentPacks;
  readonly notes: Notes;
  readonly survey: IndexSurvey;
  /** Blobs that have to be in a new pack before their old ones go. */
  readonly toCopy: BlobSet;
  /** Blobs of which a copy goes now and another stays, which is read back before. */
  readonly toRead: BlobSet;
}

const refuseMissing = (repository: Repository, id: string, size: number, found: number | undefined): never => {
  const what = found === undefined ? 'is missing' : `has ${found} bytes instead of ${size}`;
  throw new Fault('pack-damaged', `the pack ${id.slice(0, 8)}, which snapshots need, ${what}; nothing was pruned`, {
    hint: `Bring it back from a copy of the repository, or see \`mailkeep check\`, then \`mailkeep repair index\` and \`mailkeep repair snapshots\`. (${repository.description})`,
    context: { pack: id },
  });
};

const assertOptions = (options: PruneOptions, repository: Repository): void => {
  const { config, options: settings } = repository.session;
  if (!options.repackUncompressed) return;
  if (config.version === 1) {
    throw new Fault('usage', 'a repository of version 1 cannot hold compressed data', {
      hint: '`mailkeep migrate upgrade_repo_v2` makes it one of version 2.',
    });
  }
  if (settings.compression === 'off') {
    throw new Fault('usage', '--repack-uncompressed and --compression off contradict each other');
  }
};

/**
 * Finds out what no snapshot needs, and what to do about it. Takes the exclusive lock, changes nothing. Refuses on any
 * doubt: Faults `snapshot-damaged`, `index-damaged`, `blob-missing`, `tree-damaged`, `pack-damaged` (a needed pack missing
 * or of the wrong size), `configuration` (the clock), and what reading says.
 */
export const prunePlan = (repository: Repository, options: PruneOptions, run: Run): Promise<PrunePlan> =>
  repository.locked(
    repository.session.options.noLock ? 'shared' : 'exclusive',
    () => plan(repository, options, run),
    run,
  );

const plan = async (repository: Repository, options: PruneOptions, run: Run): Promise<PrunePlan> => {
  assertOptions(options, repository);
  const { backend } = repository.session;
  run.emit({ kind: 'phase', phase: 'reading snapshots and index' });
  const all = await readAllSnapshots(repository, run);
  const snapshots = all.filter(({ id }) => options.without?.has(id) !== true);
  const survey = await surveyIndex(repository.session, run);
  const present = await listPacks(backend, run);
  const blobs = blobReaderOf(repository, survey);
  const notes = await readNotes(repository, snapshots, { ...options, blobs }, run);
  assertClock(snapshots, notes, run.now());
  run.emit({ kind: 'phase', phase: 'finding what is used' });
  const { connections } = backend.capabilities;
  const used = await markUsed(snapshots, { blobs, table: survey.table, connections }, run);
  const planned = planPacks(repository, { options, survey, present, notes, used }, run.now());
  return { options, snapshotIds: snapshots.map(({ id }) => id), present, notes, survey, ...planned };
};

interface Known {
  readonly options: PruneOptions;
  readonly survey: IndexSurvey;
  readonly present: PresentPacks;
  readonly notes: Notes;
  readonly used: BlobSet;
}

const planPacks = (
  repository: Repository,
  { options, survey, present, notes, used }: Known,
  now: Nanoseconds,
): Pick<PrunePlan, 'packs' | 'totals' | 'toCopy' | 'toRead'> => {
  const notedSince = (id: string): Nanoseconds | undefined => notes.current?.packs.get(id);
  const usages = countUsage(survey, used, {
    isSound: (pack) => present.get(survey.packs[pack]?.id ?? '') === survey.packs[pack]?.size,
    isNoted: (pack) => notedSince(survey.packs[pack]?.id ?? '') !== undefined,
  });
  for (const [pack, { id, size }] of survey.packs.entries()) {
    const needed = (usages[pack]?.usedBlobs ?? 0) > 0;
    if (needed && present.get(id) !== size) refuseMissing(repository, id, size, present.get(id));
  }
  const decided = decidePacks({ survey, usages, present, options, version: repository.session.config.version });
  const isDue = (since: Nanoseconds | undefined): boolean =>
    options.grace === 0n || (since !== undefined && since <= now && now - since >= options.grace);
  const packs = decided.map(({ id, bytes, fate }): PlannedPack => {
    if (fate.kind === 'keep') return { id, bytes, fate, noted: undefined, removedNow: false };
    if (fate.kind === 'forget') return { id, bytes, fate, noted: undefined, removedNow: true };
    const noted = fate.kind === 'unused' ? notedSince(id) : undefined;
    return { id, bytes, fate, noted, removedNow: isDue(noted) };
  });
  const toCopy = blobsToCopy(survey, packs, used);
  assertSound(survey, { packs, present, used, toCopy });
  const totals = addUpTotals({ survey, usages, packs, version: repository.session.config.version });
  return { packs, toCopy, toRead: blobsToRead(survey, { packs, used, toCopy }), totals };
};
