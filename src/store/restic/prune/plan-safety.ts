import { Fault } from '../../../model/fault.ts';
import { createBlobSet, type BlobSet } from '../index/blob-set.ts';
import type { IndexSurvey } from './index-survey.ts';
import type { PlannedPack, PresentPacks } from './planned-pack.ts';

const numbersOf = (
  survey: IndexSurvey,
  packs: readonly PlannedPack[],
  kind: PlannedPack['fate']['kind'],
): Set<number> =>
  new Set(
    packs
      .filter(({ id, fate }) => fate.kind === kind && survey.packList.has(id))
      .map(({ id }) => survey.packList.numberOf(id)),
  );

/** The needed blobs that lie only in packs that go. */
export const blobsToCopy = (survey: IndexSurvey, packs: readonly PlannedPack[], used: BlobSet): BlobSet => {
  const kept = numbersOf(survey, packs, 'keep');
  const repacked = numbersOf(survey, packs, 'repack');
  const safe = createBlobSet();
  if (repacked.size > 0) {
    survey.occurrences.each((pack, slot) => {
      if (kept.has(pack)) safe.add(slot);
    });
  }
  const toCopy = createBlobSet();
  survey.occurrences.each((pack, slot) => {
    if (repacked.has(pack) && used.has(slot) && !safe.has(slot)) toCopy.add(slot);
  });
  return toCopy;
};

/**
 * The needed blobs of packs that are removed now whose only other copies nobody has read: they lie in packs that stay. What is
 * copied is read on the way.
 */
export const blobsToRead = (
  survey: IndexSurvey,
  { packs, used, toCopy }: { readonly packs: readonly PlannedPack[]; readonly used: BlobSet; readonly toCopy: BlobSet },
): BlobSet => {
  const going = packs.filter(({ removedNow, fate }) => removedNow && fate.kind !== 'forget');
  const removed = new Set(
    going.filter(({ id }) => survey.packList.has(id)).map(({ id }) => survey.packList.numberOf(id)),
  );
  const toRead = createBlobSet();
  if (removed.size === 0) return toRead;
  survey.occurrences.each((pack, slot) => {
    if (removed.has(pack) && used.has(slot) && !toCopy.has(slot)) toRead.add(slot);
  });
  return toRead;
};

/** The last line of defence against a mistake of ours: every needed blob is in a sound pack that stays, or is copied. */
export const assertSound = (
  survey: IndexSurvey,
  plan: {
    readonly packs: readonly PlannedPack[];
    readonly present: PresentPacks;
    readonly used: BlobSet;
    readonly toCopy: BlobSet;
  },
): void => {
  const kept = numbersOf(survey, plan.packs, 'keep');
  const safe = createBlobSet();
  survey.occurrences.each((pack, slot) => {
    const { id = '', size } = survey.packs[pack] ?? {};
    if (plan.toCopy.has(slot) || (kept.has(pack) && plan.used.has(slot) && plan.present.get(id) === size)) {
      safe.add(slot);
    }
  });
  if (safe.size === plan.used.size) return;
  const lost = plan.used.size - safe.size;
  throw new Fault('internal', `the plan would lose ${lost} blobs that snapshots need, so nothing was pruned`, {
    hint: 'This is a defect in Mailkeep; please report it. restic can prune this repository.',
  });
};
