import type { BrowsableSnapshot, StoredFolder } from '../contract/browse.ts';
import type { Run } from '../contract/run.ts';
import type { Store } from '../contract/store.ts';
import { type Ledger, parseLedger } from '../mail/direct/ledger.ts';
import { ledgerFileName } from '../mail/direct/block-name.ts';
import { readOwnFile } from './read-own-file.ts';
import type { Nanoseconds, Path } from '../model/entry.ts';
import {
  brakedTag,
  checkpointTag,
  incompleteTag,
  isFromFuture,
  type Snapshot,
  type SnapshotDescription,
} from '../model/snapshot.ts';

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
  /** How many bear a time that is yet to come; they count for nothing else here. */
  readonly fromFuture: number;
}

export interface AccountStatusParts {
  readonly store: Pick<Store, 'snapshots'>;
  readonly open: (id: string, run: Run) => Promise<BrowsableSnapshot>;
}

/** The ledger that lies in a folder of a snapshot; undefined for one without. Faults as `parseLedger`, and those of reading. */
export const readLedger = async (snapshot: BrowsableSnapshot, folder: Path, run: Run): Promise<Ledger | undefined> => {
  let place: StoredFolder | undefined = snapshot.root;
  for (const name of folder) place = (await place?.child(name, run))?.folder;
  const file = await place?.child(ledgerFileName, run);
  return file === undefined ? undefined : parseLedger(await readOwnFile(snapshot, file, run));
};

/** Whether a snapshot is of this source. */
export const isOfSource = (
  snapshot: Snapshot,
  { hostname, paths }: Pick<SnapshotDescription, 'hostname' | 'paths'>,
): boolean => snapshot.hostname === hostname && paths.every((path) => snapshot.paths.includes(path));

/** The newest snapshot that nothing is to be said against; undefined when there is none. One from the future is none. `snapshots`: oldest first. */
export const lastGoodOf = (
  snapshots: readonly Snapshot[],
  source: Pick<SnapshotDescription, 'hostname' | 'paths'>,
  now: Nanoseconds,
): Snapshot | undefined => {
  const doubts = [brakedTag, incompleteTag, checkpointTag];
  return snapshots.findLast(
    (snapshot) =>
      isOfSource(snapshot, source) &&
      !isFromFuture(snapshot, now) &&
      !doubts.some((doubt) => snapshot.tags.includes(doubt)),
  );
};

export interface AccountPlace extends Pick<SnapshotDescription, 'hostname' | 'paths'> {
  /** The folder of its snapshots in which its ledger lies. */
  readonly ledgerFolder: Path;
}

/** How an account stands in a store. `source` tells it from others, as in its snapshots. */
export const accountStatus = async (
  { store, open }: AccountStatusParts,
  source: AccountPlace,
  run: Run,
): Promise<AccountStatus> => {
  const now = run.now();
  const known = (await store.snapshots(run)).filter((snapshot) => isOfSource(snapshot, source));
  const all = known.filter((snapshot) => !isFromFuture(snapshot, now));
  const isCheckpoint = ({ tags }: Snapshot): boolean => tags.includes(checkpointTag);
  const newest = all.findLast((snapshot) => !isCheckpoint(snapshot));
  return {
    newest,
    good: lastGoodOf(all, source, now),
    isBraked: newest?.tags.includes(brakedTag) === true,
    ledger: newest === undefined ? undefined : await readLedger(await open(newest.id, run), source.ledgerFolder, run),
    checkpoint: all.findLast(isCheckpoint),
    fromFuture: known.length - all.length,
  };
};
