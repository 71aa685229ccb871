import { formatBytes } from '../../model/size.ts';
import type { PruneResult } from '../../store/restic/prune/apply-prune.ts';
import type { PrunePlan } from '../../store/restic/prune/prune-plan.ts';
import type { PruneTotals } from '../../store/restic/prune/prune-totals.ts';
import type { Messages } from '../catalogue/english.ts';

interface Sums {
  readonly totalBlobs: number;
  readonly totalBytes: number;
  readonly removeBlobs: number;
  readonly removeBytes: number;
  readonly remainUnused: number;
}

const sumsOf = ({ used, duplicate, unused, unreferenced, repackRemove, remove }: PruneTotals): Sums => ({
  totalBlobs: used.blobs + duplicate.blobs + unused.blobs,
  totalBytes: used.bytes + duplicate.bytes + unused.bytes + unreferenced,
  removeBlobs: remove.blobs + repackRemove.blobs,
  removeBytes: remove.bytes + repackRemove.bytes + unreferenced,
  remainUnused: duplicate.bytes + unused.bytes - remove.bytes - repackRemove.bytes,
});

/** restic's summary, member by member, and ours: what goes now and what waits. */
export const pruneJson = ({ totals }: PrunePlan, result: PruneResult | undefined): string => {
  const { used, duplicate, unused, unreferenced, uncompressed, repack, repackRemove, remove, packs } = totals;
  const { totalBlobs, totalBytes, removeBlobs, removeBytes, remainUnused } = sumsOf(totals);
  return JSON.stringify({
    message_type: 'summary',
    blobs: {
      used: used.blobs,
      duplicate: duplicate.blobs,
      unused: unused.blobs,
      total: totalBlobs,
      repack: repack.blobs,
      repack_remove: repackRemove.blobs,
      remove: remove.blobs,
      remove_total: removeBlobs,
      remaining: totalBlobs - removeBlobs,
    },
    bytes: {
      used: used.bytes,
      duplicate: duplicate.bytes,
      unused: unused.bytes,
      unreferenced,
      uncompressed,
      total: totalBytes,
      repack: repack.bytes,
      repack_remove: repackRemove.bytes,
      remove: remove.bytes,
      remove_total: removeBytes,
      remaining: totalBytes - removeBytes,
      remaining_unused: remainUnused,
    },
    packfiles: {
      used: packs.used,
      unused: packs.unused,
      partly_used: packs.partlyUsed,
      unreferenced: packs.unreferenced,
      total: packs.used + packs.partlyUsed + packs.unused + packs.unreferenced,
      keep: packs.keep,
      repack: packs.repack,
      remove: packs.remove,
      remove_total: packs.remove + packs.unreferenced,
    },
    removed_now: totals.removedNow,
    waiting: totals.waiting,
    ...(result === undefined
      ? { dry_run: true }
      : {
          removed_packs: result.removedPacks,
          removed_bytes: result.removedBytes,
          new_packs: result.newPacks,
          new_bytes: result.newBytes,
          failed_packs: result.failedPacks,
        }),
  });
};

/** Whether carrying the plan out would do anything to packs. */
export const isIdle = ({ packs }: PrunePlan): boolean =>
  packs.every(({ fate, noted, removedNow }) => fate.kind === 'keep' || (!removedNow && noted !== undefined));

export const planLines = (plan: PrunePlan, verbose: boolean, messages: Messages): readonly string[] => {
  const { totals } = plan;
  const { removeBlobs, removeBytes, totalBlobs, totalBytes } = sumsOf(totals);
  const labels = messages.pruneLabels();
  const line = (label: string, blobs: number, bytes: number): string =>
    `${label}${messages.blobsAndBytes(blobs, formatBytes(bytes))}`;
  return [
    line(labels.used, totals.used.blobs, totals.used.bytes),
    line(labels.unused, totals.unused.blobs + totals.duplicate.blobs, totals.unused.bytes + totals.duplicate.bytes),
    ...(totals.unreferenced > 0 ? [`${labels.unreferenced}${formatBytes(totals.unreferenced)}`] : []),
    ...(totals.packs.missing > 0 ? [messages.packsMissing(totals.packs.missing)] : []),
    line(labels.repack, totals.repack.blobs, totals.repack.bytes),
    line(labels.remove, removeBlobs, removeBytes),
    line(labels.remaining, totalBlobs - removeBlobs, totalBytes - removeBytes),
    ...(totals.uncompressed > 0 ? [`${labels.uncompressed}${formatBytes(totals.uncompressed)}`] : []),
    messages.removedNow(totals.removedNow.packs, formatBytes(totals.removedNow.bytes)),
    ...(totals.waiting.packs > 0
      ? [messages.packsWaiting(totals.waiting.packs, formatBytes(totals.waiting.bytes), hoursOf(plan))]
      : []),
    ...(verbose ? packLines(plan, messages) : []),
  ];
};

const hoursOf = ({ options }: PrunePlan): string => {
  const hours = Number(options.grace / 1_000_000n) / 3_600_000;
  return Number.isInteger(hours) ? String(hours) : hours.toFixed(1);
};

const packLines = ({ packs }: PrunePlan, messages: Messages): readonly string[] =>
  packs
    .filter(({ fate }) => fate.kind !== 'keep')
    .map(({ id, bytes, fate, removedNow }) =>
      messages.packFate(id.slice(0, 8), formatBytes(bytes), messages.fateReason(fate.reason), removedNow),
    );

export const resultLines = (result: PruneResult, messages: Messages): readonly string[] => [
  messages.pruneDone(
    result.removedPacks,
    formatBytes(result.removedBytes),
    result.newPacks,
    formatBytes(result.newBytes),
  ),
  ...(result.failedPacks > 0 ? [messages.packsFailed(result.failedPacks)] : []),
];
