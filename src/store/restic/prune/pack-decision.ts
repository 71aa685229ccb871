import type { SurveyedPack, IndexSurvey } from './index-survey.ts';
import type { PackUsage } from './pack-usage.ts';
import type { PackFate, PresentPacks } from './planned-pack.ts';
import { toleratedBytes, type PruneOptions } from './prune-options.ts';

export interface DecidedPack {
  readonly id: string;
  readonly bytes: number;
  readonly fate: PackFate;
}

export interface DecisionParts {
  readonly survey: IndexSurvey;
  readonly usages: readonly PackUsage[];
  readonly present: PresentPacks;
  readonly options: PruneOptions;
  readonly version: 1 | 2;
}

const smallestPack = 4 * 1_048_576;
/** Fewer small packs than this are not worth the trouble; it also keeps one last small pack from being repacked for ever. */
const fewestSmallPacks = 10;

/** From which size a pack is not small: 80 % of the size that all but 3 % of the packs have, or of restic's least. */
const smallLimit = (packs: readonly SurveyedPack[], given: number | undefined): number => {
  if (given !== undefined) return given;
  const sizes = packs.map(({ size }) => size).sort((left, right) => left - right);
  return Math.floor((Math.max(smallestPack, sizes[Math.floor((sizes.length * 3) / 100)] ?? 0) * 4) / 5);
};

interface Candidate {
  readonly pack: SurveyedPack;
  readonly usage: PackUsage;
  readonly reason: Extract<PackFate, { kind: 'repack' }>['reason'];
}

type Sorted =
  | { readonly kind: 'decided'; readonly fate: PackFate }
  | { readonly kind: 'candidate'; readonly reason: Candidate['reason'] };

const sortOne = (pack: SurveyedPack, usage: PackUsage, limit: number, parts: DecisionParts): Sorted => {
  const { present, options, version } = parts;
  if (usage.usedBlobs === 0) {
    const fate: PackFate = present.has(pack.id)
      ? { kind: 'unused', reason: 'unused' }
      : { kind: 'forget', reason: 'missing' };
    return { kind: 'decided', fate };
  }
  if (options.repackCacheableOnly && pack.type === 'data') {
    return { kind: 'decided', fate: { kind: 'keep', reason: 'not-cacheable' } };
  }
  if (pack.type === 'mixed') return { kind: 'candidate', reason: 'mixed' };
  const compressible = version === 2 && (pack.type === 'tree' || options.repackUncompressed);
  if (compressible && pack.uncompressed) return { kind: 'candidate', reason: 'uncompressed' };
  if (usage.unusedBlobs > 0) return { kind: 'candidate', reason: 'partly-used' };
  if (pack.size >= limit) return { kind: 'decided', fate: { kind: 'keep', reason: 'used' } };
  return { kind: 'candidate', reason: 'small' };
};

/** Trees and mixed packs first, then small ones, then those with the largest unused part. */
const inOrder =
  (limit: number) =>
  (left: Candidate, right: Candidate): number => {
    const urgency = ({ pack }: Candidate): number => (pack.type === 'data' ? 1 : 0);
    const smallness = ({ pack }: Candidate): number => (pack.size < limit ? 0 : 1);
    const waste = ({ usage, pack }: Candidate): number => usage.unusedBytes / pack.size;
    return urgency(left) - urgency(right) || smallness(left) - smallness(right) || waste(right) - waste(left);
  };

/** Which of the candidates are repacked: as many as the limits allow and need. */
const decideRepacking = (
  candidates: readonly Candidate[],
  limit: number,
  { usages, options }: DecisionParts,
): ReadonlyMap<string, PackFate> => {
  const sum = (part: (usage: PackUsage) => number): number => usages.reduce((total, usage) => total + part(usage), 0);
  const tolerated = toleratedBytes(
    options.maxUnused,
    sum(({ usedBytes }) => usedBytes),
  );
  // What is in packs without any use goes in any case.
  let remaining = sum(({ usedBlobs, unusedBytes }) => (usedBlobs === 0 ? 0 : unusedBytes));
  let repacked = 0;
  const fates = new Map<string, PackFate>();
  for (const { pack, usage, reason } of candidates) {
    const insisted = pack.type !== 'data' || reason === 'uncompressed' || pack.size < limit;
    if (repacked + pack.size >= (options.maxRepackSize ?? Number.POSITIVE_INFINITY)) {
      fates.set(pack.id, { kind: 'keep', reason: 'repack-limit' });
    } else if (!insisted && remaining < tolerated) {
      fates.set(pack.id, { kind: 'keep', reason: 'tolerated' });
    } else {
      fates.set(pack.id, { kind: 'repack', reason });
      repacked += pack.size;
      remaining -= usage.unusedBytes;
    }
  }
  return fates;
};

/** What becomes of each pack, by the rules of restic's prune. */
export const decidePacks = (parts: DecisionParts): readonly DecidedPack[] => {
  const { survey, usages, present, options } = parts;
  const limit = smallLimit(survey.packs, options.smallPackSize);
  const fates = new Map<string, PackFate>();
  const candidates: Candidate[] = [];
  const small: Candidate[] = [];
  for (const [number, pack] of survey.packs.entries()) {
    const usage = usages[number];
    if (usage === undefined) continue;
    const sorted = sortOne(pack, usage, limit, parts);
    if (sorted.kind === 'decided') fates.set(pack.id, sorted.fate);
    else (sorted.reason === 'small' ? small : candidates).push({ pack, usage, reason: sorted.reason });
  }
  if (small.length >= fewestSmallPacks) candidates.push(...small);
  else for (const { pack } of small) fates.set(pack.id, { kind: 'keep', reason: 'small-but-few' });
  candidates.sort(inOrder(limit));
  for (const [id, fate] of decideRepacking(candidates, limit, parts)) fates.set(id, fate);
  const unindexed = [...present].filter(([id]) => !fates.has(id));
  return [
    ...[...fates].map(([id, fate]) => ({ id, bytes: present.get(id) ?? 0, fate })),
    ...unindexed.map(([id, bytes]) => ({ id, bytes, fate: { kind: 'unused', reason: 'unindexed' } as const })),
  ];
};
