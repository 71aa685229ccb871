import { InvalidArgumentError, type Command } from 'commander';
import { Fault } from '../../model/fault.ts';
import { parseUnusedLimit, type UnusedLimit, usualUnusedLimit } from '../../model/unused-limit.ts';
import type { PruneOptions } from '../../store/restic/prune/prune-options.ts';
import { parseSize, parseWait, type DefineCommand } from '../define-command.ts';

/** The options of `prune`, which `forget --prune` takes, too. */
export interface PruneCommandOptions {
  readonly maxUnused: UnusedLimit;
  readonly maxRepackSize?: number;
  readonly repackCacheableOnly: boolean;
  readonly repackSmall: boolean;
  readonly repackSmallerThan?: number;
  readonly repackUncompressed: boolean;
  /** Milliseconds. */
  readonly grace: number;
}

const day = 86_400_000;

const parseUnused = (text: string): UnusedLimit => {
  const limit = parseUnusedLimit(text);
  if (limit !== undefined) return limit;
  throw new InvalidArgumentError('It must be a share below 100% such as 5%, a size such as 1G, or unlimited.');
};

const parseLimit = (text: string): number => {
  const size = parseSize(text);
  if (size === 0) throw new InvalidArgumentError('It must be more than 0.');
  return size;
};

export const addPruneOptions = (command: ReturnType<DefineCommand>): Command =>
  command
    .option('--max-unused <limit>', 'unused data that may stay: 5%, 1G, unlimited', parseUnused, usualUnusedLimit)
    .option('--max-repack-size <size>', 'repack no more than so much, e.g. 10G', parseSize)
    .option('--repack-cacheable-only', 'repack only packs of folders, which the cache holds', false)
    .option('--repack-smaller-than <size>', 'packs below this size count as small and are put together', parseLimit)
    .option('--repack-small', 'does nothing: small packs are put together in any case (as with restic)', false)
    .option('--repack-uncompressed', 'repack what is not compressed', false)
    .option(
      '--grace <time>',
      'how long unused packs stay once they are noted, e.g. 24h; 0 removes them at once',
      parseWait,
      day,
    );

export const pruneOptionsOf = (options: PruneCommandOptions, packSize: number): PruneOptions => {
  const { maxUnused, maxRepackSize, repackCacheableOnly, repackSmallerThan, repackUncompressed, grace } = options;
  if (repackSmallerThan !== undefined && repackSmallerThan > packSize) {
    throw new Fault('usage', '--repack-smaller-than is more than the size of a pack', {
      hint: 'Raise --pack-size as well.',
    });
  }
  return {
    maxUnused,
    maxRepackSize,
    repackCacheableOnly,
    repackUncompressed,
    smallPackSize: repackSmallerThan,
    grace: BigInt(Math.round(grace)) * 1_000_000n,
  };
};
