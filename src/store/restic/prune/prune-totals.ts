import type { IndexSurvey } from './index-survey.ts';
import type { PackUsage } from './pack-usage.ts';
import type { PlannedPack } from './planned-pack.ts';

/** A number of blobs and their sealed bytes. */
export interface BlobTotals {
  readonly blobs: number;
  readonly bytes: number;
}

/** What a prune meets and what it leaves, in the terms of restic's summary; `waiting` is ours. */
export interface PruneTotals {
  readonly used: BlobTotals;
  readonly duplicate: BlobTotals;
  readonly unused: BlobTotals;
  /** Bytes of packs that no index lists. */
  readonly unreferenced: number;
  /** Bytes of packs with uncompressed blobs that remain so. */
  readonly uncompressed: number;
  readonly repack: BlobTotals;
  /** What repacking leaves out. */
  readonly repackRemove: BlobTotals;
  /** In packs without any use. */
  readonly remove: BlobTotals;
  readonly packs: {
    readonly used: number;
    readonly partlyUsed: number;
    readonly unused: number;
    readonly unreferenced: number;
    readonly keep: number;
    readonly repack: number;
    readonly remove: number;
    readonly missing: number;
  };
  /** Packs that this prune removes, and their bytes. */
  readonly removedNow: { readonly packs: number; readonly bytes: number };
  /** Packs that stay until their time of grace is over. */
  readonly waiting: { readonly packs: number; readonly bytes: number };
}

interface TotalsParts {
  readonly survey: IndexSurvey;
  readonly usages: readonly PackUsage[];
  readonly packs: readonly PlannedPack[];
  readonly version: 1 | 2;
}

const packCounts = ({ usages, packs }: TotalsParts): PruneTotals['packs'] => {
  const count = (kind: PlannedPack['fate']['kind']): number => packs.filter(({ fate }) => fate.kind === kind).length;
  const unreferenced = packs.filter(({ fate }) => fate.reason === 'unindexed').length;
  const missing = count('forget');
  const needed = usages.filter(({ usedBlobs }) => usedBlobs > 0);
  const partlyUsed = needed.filter(({ unusedBlobs }) => unusedBlobs > 0).length;
  return {
    used: needed.length - partlyUsed,
    partlyUsed,
    unused: usages.length - needed.length - missing,
    unreferenced,
    keep: count('keep'),
    repack: count('repack'),
    remove: count('unused') - unreferenced,
    missing,
  };
};

const packTotals = (packs: readonly PlannedPack[]): { readonly packs: number; readonly bytes: number } => ({
  packs: packs.length,
  bytes: packs.reduce((sum, { bytes }) => sum + bytes, 0),
});

export const addUpTotals = (parts: TotalsParts): PruneTotals => {
  const { survey, usages, packs, version } = parts;
  const fates = new Map(packs.map(({ id, fate }) => [id, fate.kind]));
  const repacked = (number: number): boolean => fates.get(survey.packs[number]?.id ?? '') === 'repack';
  const sum = (part: (usage: PackUsage, number: number) => number): number =>
    usages.reduce((total, usage, number) => total + part(usage, number), 0);
  const totals = (
    blobs: (usage: PackUsage) => number,
    bytes: (usage: PackUsage) => number,
    counts: (usage: PackUsage, number: number) => boolean = () => true,
  ): BlobTotals => ({
    blobs: sum((usage, number) => (counts(usage, number) ? blobs(usage) : 0)),
    bytes: sum((usage, number) => (counts(usage, number) ? bytes(usage) : 0)),
  });
  const unusedBlobs = (usage: PackUsage): number => usage.unusedBlobs;
  const unusedBytes = (usage: PackUsage): number => usage.unusedBytes;
  const going = packs.filter(({ fate }) => fate.kind === 'unused' || fate.kind === 'repack');
  const uncompressed = survey.packs.filter((pack, number) => pack.uncompressed && !repacked(number));
  return {
    used: totals(
      ({ usedBlobs }) => usedBlobs,
      ({ usedBytes }) => usedBytes,
    ),
    duplicate: totals(
      ({ duplicateBlobs }) => duplicateBlobs,
      ({ duplicateBytes }) => duplicateBytes,
    ),
    unused: totals(
      (usage) => usage.unusedBlobs - usage.duplicateBlobs,
      (usage) => usage.unusedBytes - usage.duplicateBytes,
    ),
    unreferenced: packTotals(packs.filter(({ fate }) => fate.reason === 'unindexed')).bytes,
    uncompressed: version === 1 ? 0 : uncompressed.reduce((bytes, { size }) => bytes + size, 0),
    repack: totals(
      (usage) => usage.usedBlobs + usage.unusedBlobs,
      (usage) => usage.usedBytes + usage.unusedBytes,
      (_usage, number) => repacked(number),
    ),
    repackRemove: totals(unusedBlobs, unusedBytes, (_usage, number) => repacked(number)),
    remove: totals(unusedBlobs, unusedBytes, ({ usedBlobs }) => usedBlobs === 0),
    packs: packCounts(parts),
    removedNow: packTotals(going.filter(({ removedNow }) => removedNow)),
    waiting: packTotals(going.filter(({ removedNow }) => !removedNow)),
  };
};
