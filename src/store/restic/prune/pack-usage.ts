import type { BlobSlot } from '../index/blob-table.ts';
import { createBlobSet, type BlobSet } from '../index/blob-set.ts';
import type { IndexSurvey } from './index-survey.ts';

/** What of a pack is needed. Bytes are sealed ones, without the pack's header. */
export interface PackUsage {
  usedBlobs: number;
  unusedBlobs: number;
  usedBytes: number;
  unusedBytes: number;
  /** Of the unused ones: needed blobs of which another copy was chosen. */
  duplicateBlobs: number;
  duplicateBytes: number;
}

export interface UsageOptions {
  /** Whether the pack is there with the size it must have. */
  readonly isSound: (pack: number) => boolean;
  /** Whether it is on its way out: noted as unused by an earlier prune. */
  readonly isNoted: (pack: number) => boolean;
}

const repeatedBlobs = ({ occurrences }: IndexSurvey, used: BlobSet): BlobSet => {
  const once = createBlobSet();
  const repeated = createBlobSet();
  occurrences.each((_pack, slot) => {
    if (used.has(slot) && !once.add(slot)) repeated.add(slot);
  });
  return repeated;
};

/** Which copy of a blob to keep: the lower, the better. */
const rankOf = (pack: number, usage: PackUsage, { isSound, isNoted }: UsageOptions): number => {
  if (!isSound(pack)) return 4;
  if (isNoted(pack)) return 3;
  if (usage.usedBlobs > 0) return 0;
  // Nothing but copies: what an interrupted prune has repacked already.
  return usage.duplicateBlobs === usage.unusedBlobs ? 1 : 2;
};

const ranks = 5;

const chooseCopies = (
  { occurrences }: IndexSurvey,
  repeated: BlobSet,
  usages: readonly PackUsage[],
  options: UsageOptions,
): void => {
  const rankByPack = usages.map((usage, pack) => rankOf(pack, usage, options));
  const chosen = createBlobSet();
  const choose = (pack: number, slot: BlobSlot, length: number): void => {
    const usage = usages[pack];
    if (usage === undefined || !chosen.add(slot)) return;
    usage.usedBlobs++;
    usage.usedBytes += length;
    usage.unusedBlobs--;
    usage.unusedBytes -= length;
    usage.duplicateBlobs--;
    usage.duplicateBytes -= length;
  };
  for (let rank = 0; rank < ranks && chosen.size < repeated.size; rank++) {
    occurrences.each((pack, slot, length) => {
      if (rankByPack[pack] === rank && repeated.has(slot)) choose(pack, slot, length);
    });
  }
};

/** By pack number. Of every needed blob exactly one copy counts as used. */
export const countUsage = (survey: IndexSurvey, used: BlobSet, options: UsageOptions): readonly PackUsage[] => {
  const { packs, occurrences } = survey;
  const usages: PackUsage[] = packs.map(() => ({
    usedBlobs: 0,
    unusedBlobs: 0,
    usedBytes: 0,
    unusedBytes: 0,
    duplicateBlobs: 0,
    duplicateBytes: 0,
  }));
  const repeated = repeatedBlobs(survey, used);
  occurrences.each((pack, slot, length) => {
    const usage = usages[pack];
    if (usage === undefined) return;
    if (used.has(slot) && !repeated.has(slot)) {
      usage.usedBlobs++;
      usage.usedBytes += length;
      return;
    }
    usage.unusedBlobs++;
    usage.unusedBytes += length;
    if (!used.has(slot)) return;
    usage.duplicateBlobs++;
    usage.duplicateBytes += length;
  });
  if (repeated.size > 0) chooseCopies(survey, repeated, usages, options);
  return usages;
};
