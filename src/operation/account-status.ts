import type { BrowsableSnapshot } from '../contract/browse.ts';
import type { Run } from '../contract/run.ts';
import type { Store } from '../contract/store.ts';
import { type Ledger, parseLedger } from '../mail/direct/ledger.ts';
import { ledgerFileName, ownName } from '../mail/direct/block-name.ts';
import { readOwnFile } from './read-own-file.ts';
import { brakedTag, checkpointTag, incompleteTag, type Snapshot, type SnapshotDescription } from '../model/snapshot.ts';

/** What a repository knows of an account. */
export interface AccountStatus {
  /** Newest first to be found: complete or not, braked or not. Undefined: the account was never captured whole. */
  readonly newest: Snapshot | undefined;
  /** The newest that nothing is to be said against: complete, and no brake holds it. */
  readonly good: Snapshot | undefined;
  readonly isBraked: boolean;
  /** Of the newest; undefined where it has none. */
  readonly ledger: Ledger | undefined;
  /** A capture that was cut off and will be gone on with. */
  readonly checkpoint: Snapshot | undefined;
}

export interface AccountStatusParts {
  readonly store: Pick<Store, 'snapshots'>;
  readonly open: (id: string, run: Run) => Promise<BrowsableSnapshot>;
}

/** The ledger that a snapshot carries; undefined for one without. Faults as `parseLedger`, and those of reading. */
export const readLedger = async (snapshot: BrowsableSnapshot, run: Run): Promise<Ledger | undefined> => {
  const own = await snapshot.root.child(ownName, run);
  const file = await own?.folder?.child(ledgerFileName, run);
  return file === undefined ? undefined : parseLedger(await readOwnFile(snapshot, file, run));
};

const isOf = (snapshot: Snapshot, { hostname, paths }: Pick<SnapshotDescription, 'hostname' | 'paths'>): boolean =>
  snapshot.hostname === hostname && paths.every((path) => snapshot.paths.includes(path));

/** How an account stands in a store. `source` tells it from others, as in its snapshots. */
export const accountStatus = async (
  { store, open }: AccountStatusParts,
  source: Pick<SnapshotDescription, 'hostname' | 'paths'>,
  run: Run,
): Promise<AccountStatus> => {
  const all = (await store.snapshots(run)).filter((snapshot) => isOf(snapshot, source));
  const isCheckpoint = ({ tags }: Snapshot): boolean => tags.includes(checkpointTag);
  const newest = all.findLast((snapshot) => !isCheckpoint(snapshot));
  const good = all.findLast(
    ({ tags }) => ![brakedTag, incompleteTag, checkpointTag].some((doubt) => tags.includes(doubt)),
  );
  return {
    newest,
    good,
    isBraked: newest?.tags.includes(brakedTag) === true,
    ledger: newest === undefined ? undefined : await readLedger(await open(newest.id, run), run),
    checkpoint: all.findLast(isCheckpoint),
  };
};
