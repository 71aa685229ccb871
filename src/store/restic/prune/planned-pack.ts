import type { Nanoseconds } from '../../../model/entry.ts';

/** The packs that are there: name to bytes. */
export type PresentPacks = ReadonlyMap<string, number>;

/** What becomes of a pack, and why. */
export type PackFate =
  | {
      readonly kind: 'keep';
      readonly reason: 'used' | 'tolerated' | 'small-but-few' | 'repack-limit' | 'not-cacheable';
    }
  /** What is needed of it is copied into new packs; then it goes like an unused one. */
  | { readonly kind: 'repack'; readonly reason: 'partly-used' | 'mixed' | 'uncompressed' | 'small' }
  | { readonly kind: 'unused'; readonly reason: 'unused' | 'unindexed' }
  /** The index lists it, it is not there, and nothing needs it: only the index is corrected. */
  | { readonly kind: 'forget'; readonly reason: 'missing' };

export interface PlannedPack {
  readonly id: string;
  /** Of the file; 0 when it is missing. */
  readonly bytes: number;
  readonly fate: PackFate;
  /** Since when it is noted as unused; undefined: this prune notes it. */
  readonly noted: Nanoseconds | undefined;
  /** Whether its time has come: it is removed by this prune, not only noted. */
  readonly removedNow: boolean;
}
