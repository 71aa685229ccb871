import type { PackFate } from '../../../store/restic/prune/planned-pack.ts';
import { plural } from './plural.ts';

const reasons: Readonly<Record<PackFate['reason'], string>> = {
  used: 'used',
  tolerated: 'partly unused, within --max-unused',
  'small-but-few': 'small, but few are',
  'repack-limit': 'left for the next time: --max-repack-size',
  'not-cacheable': 'no pack of folders: --repack-cacheable-only',
  'partly-used': 'only a part of it is used',
  mixed: 'folders and contents in one pack',
  uncompressed: 'not compressed',
  small: 'small',
  unused: 'nothing in it is used',
  unindexed: 'no index lists it',
  missing: 'it is not there, and nothing needs it',
};

export const pruneMessages = {
  pruneLabels: () => ({
    used: 'used:             ',
    unused: 'unused:           ',
    unreferenced: 'in no index:      ',
    repack: 'to be repacked:   ',
    remove: 'no longer needed: ',
    remaining: 'remaining:        ',
    uncompressed: 'not compressed:   ',
  }),
  blobsAndBytes: (blobs: number, bytes: string): string => `${plural(blobs, 'blob', 'blobs')}, ${bytes}`,
  packsMissing: (count: number): string =>
    `the index lists ${plural(count, 'pack', 'packs')} that ${count === 1 ? 'is' : 'are'} missing and not needed; it will be corrected`,
  removedNow: (packs: number, bytes: string): string =>
    packs === 0 ? 'no pack is removed now' : `${plural(packs, 'pack is', 'packs are')} removed now: ${bytes}`,
  packsWaiting: (packs: number, bytes: string, hours: string): string =>
    `${plural(packs, 'pack waits', 'packs wait')} (${bytes}): removed by the first prune that runs ${hours} hours after they were noted, if they are still not used; --grace changes that`,
  packFate: (id: string, bytes: string, reason: string, now: boolean): string =>
    `pack ${id}, ${bytes}: ${reason}; ${now ? 'goes now' : 'waits'}`,
  fateReason: (reason: PackFate['reason']): string => reasons[reason],
  askPrune: (): string => 'Do this?',
  nothingPruned: (): string => 'nothing was done',
  pruneDone: (packs: number, bytes: string, newPacks: number, newBytes: string): string =>
    `removed ${plural(packs, 'pack', 'packs')} (${bytes})${newPacks > 0 ? `, wrote ${plural(newPacks, 'new pack', 'new packs')} (${newBytes})` : ''}`,
  packsFailed: (count: number): string =>
    `${plural(count, 'pack', 'packs')} could not be removed; the next prune tries again`,
};
