import type { Nanoseconds } from '../../../model/entry.ts';
import { type UnusedLimit, usualUnusedLimit } from '../../../model/unused-limit.ts';

export interface PruneOptions {
  readonly maxUnused: UnusedLimit;
  /** Bytes; a pack that would exceed it in sum is not repacked. Undefined: as many as there are. */
  readonly maxRepackSize: number | undefined;
  /** Repack only packs of trees, which the cache holds. */
  readonly repackCacheableOnly: boolean;
  /** Repack what is stored without compression. */
  readonly repackUncompressed: boolean;
  /** Packs below so many bytes count as small. Undefined: guessed from the sizes of all. */
  readonly smallPackSize: number | undefined;
  /** How long an unused pack stays after it was noted as such; 0: it goes at once. */
  readonly grace: Nanoseconds;
  /** Whether only notes count that this machine has signed, or one whose key it was given: anybody else who can add may hasten nothing. */
  readonly signedNotes?: boolean;
  /** Snapshots to be taken for gone already: for showing what would happen after `forget`. Such a plan cannot be applied. */
  readonly without?: ReadonlySet<string>;
}

const hour: Nanoseconds = 3_600_000_000_000n;

/** restic's, and a day of grace. */
export const usualPruneOptions: PruneOptions = {
  maxUnused: usualUnusedLimit,
  maxRepackSize: undefined,
  repackCacheableOnly: false,
  repackUncompressed: false,
  smallPackSize: undefined,
  grace: 24n * hour,
};

/** Bytes that may stay unused beside so many used ones. */
export const toleratedBytes = (limit: UnusedLimit, used: number): number => {
  switch (limit.kind) {
    case 'unlimited':
      return Number.POSITIVE_INFINITY;
    case 'bytes':
      return limit.bytes;
    case 'percent':
      return (limit.percent / (100 - limit.percent)) * used;
  }
};
