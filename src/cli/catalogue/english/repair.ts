import { plural } from './plural.ts';

interface IndexPlan {
  readonly damaged_indexes: number;
  readonly unlisted_packs: number;
  readonly wrong_size_packs: number;
  readonly missing_packs: number;
  readonly packs_to_read: number;
}

/** Of `repair`, `rewrite` and `migrate`. */
export const repairMessages = {
  indexPlan: (plan: IndexPlan): string =>
    plan.damaged_indexes + plan.missing_packs + plan.packs_to_read === 0
      ? 'the index is sound'
      : `${plural(plan.damaged_indexes, 'damaged index file', 'damaged index files')}; ${plural(plan.unlisted_packs, 'pack', 'packs')} in no index, ${plan.wrong_size_packs} of another size than listed, ${plan.missing_packs} missing; the lists of ${plural(plan.packs_to_read, 'pack', 'packs')} will be read and the index written anew`,
  indexMended: (packs: number, indexes: number): string =>
    `${plural(packs, 'pack', 'packs')} listed anew, ${plural(indexes, 'index file', 'index files')} written`,
  packPlan: (id: string): string =>
    `what is readable of the pack ${id} will be stored again; the pack is kept here as pack-${id.slice(0, 8)}… and removed from the repository`,
  packMended: (id: string, readable: number, lost: number): string =>
    `pack ${id}: ${plural(readable, 'blob', 'blobs')} saved, ${lost} lost${lost > 0 ? '; next: mailkeep repair snapshots' : ''}`,
  snapshotRewritten: (id: string, newId: string | undefined, forget: boolean): string =>
    newId === undefined
      ? `snapshot ${id} would be made anew${forget ? ', and the old one removed' : ''}`
      : `snapshot ${id} was made anew as ${newId}${forget ? ', the old one is removed' : ''}`,
  snapshotLost: (id: string, removed: boolean): string =>
    `snapshot ${id}: nothing of it is left${removed ? '; it was removed' : ''}`,
  lostFound: (removed: number, overwritten: number): string =>
    removed + overwritten === 0
      ? 'nothing was removed or overwritten since then'
      : `${plural(removed, 'removed object', 'removed objects')} and ${plural(overwritten, 'overwritten one', 'overwritten ones')} can be brought back`,
  lostBroughtBack: (count: number): string =>
    `${plural(count, 'object is', 'objects are')} back; next: mailkeep check --read-data`,
  objectsHeld: (extended: number, enough: number, until: string): string =>
    `held from deletion until ${until}: ${plural(extended, 'object', 'objects')} extended, ${enough} held for as long already`,
  snapshotUnchanged: (id: string): string => `snapshot ${id} stays as it is`,
  migrations: (name: string | undefined): string =>
    name === undefined ? 'the repository is of the newest version' : `${name}: version 2, which can compress`,
  upgradePlan: (): string =>
    'the repository becomes one of version 2: restic 0.14 and later read it, older ones no longer do',
  upgraded: (copy: string): string =>
    `the repository is of version 2 now; the old config is kept in ${copy}. mailkeep prune --repack-uncompressed compresses what is there.`,
};
