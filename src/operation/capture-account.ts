import type { AccountReport, AccountSource, AccountSourceOptions, FetchBudget } from '../contract/account-source.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import type { Store, StoredSnapshot, WriteResult } from '../contract/store.ts';
import { isExplained } from '../mail/direct/ledger.ts';
import { type BrakeLimits, type BrakeReason, brakeReasons, type FolderChange } from '../model/damage-brake.ts';
import { Fault } from '../model/fault.ts';
import { chooseParent } from '../model/parent.ts';
import {
  brakedTag,
  checkpointTag,
  incompleteTag,
  isFromFuture,
  type Snapshot,
  type SnapshotDescription,
} from '../model/snapshot.ts';

export interface CaptureAccountOptions {
  /** Its paths and host tell the account from others. */
  readonly description: SnapshotDescription;
  readonly limits: BrakeLimits;
  /** A person has looked: what would hold the brake is taken for the truth. */
  readonly confirmed: boolean;
  readonly budget: FetchBudget;
}

export interface CaptureAccountParts {
  readonly open: (options: AccountSourceOptions) => AccountSource;
  readonly store: Store;
  /** Lets go of checkpoints that a complete snapshot has made superfluous. */
  readonly removeSnapshots: (ids: readonly string[], run: Run) => Promise<void>;
}

export interface AccountCapture {
  readonly snapshot: Snapshot;
  readonly result: WriteResult;
  readonly report: AccountReport;
  /** Why the brake holds; none: it does not. */
  readonly brake: readonly BrakeReason[];
  /** What would have held it, had nobody confirmed. */
  readonly confirmed: readonly BrakeReason[];
}

interface Known {
  /** The newest that no brake holds: the state that a capture is judged against. */
  readonly good: Snapshot | undefined;
  readonly checkpoints: readonly Snapshot[];
}

const isNewer = (left: Snapshot, right: Snapshot | undefined): boolean =>
  right === undefined || left.time.nanoseconds >= right.time.nanoseconds;

const knownOf = async (store: Store, description: SnapshotDescription, run: Run): Promise<Known> => {
  const all = await store.snapshots(run);
  const own = all.filter(({ tags }) => !tags.includes(brakedTag) && !tags.includes(checkpointTag));
  const checkpoints = all.filter(
    ({ tags, hostname, paths }) =>
      tags.includes(checkpointTag) &&
      hostname === description.hostname &&
      description.paths.every((path) => paths.includes(path)),
  );
  // One from the future would be the newest for as long as its clock was wrong by.
  const now = run.now();
  const present = own.filter((snapshot) => !isFromFuture(snapshot, now));
  return { good: chooseParent(present, description) ?? chooseParent(own, description), checkpoints };
};

/** The state to go on from: a checkpoint of a capture that was cut off, if it is newer than the last good snapshot. */
const baseOf = ({ good, checkpoints }: Known): Snapshot | undefined => {
  const newest = chooseNewest(checkpoints);
  return newest !== undefined && isNewer(newest, good) ? newest : good;
};

const chooseNewest = (snapshots: readonly Snapshot[]): Snapshot | undefined => {
  let newest: Snapshot | undefined;
  for (const snapshot of snapshots) if (isNewer(snapshot, newest)) newest = snapshot;
  return newest;
};

interface Slice {
  readonly snapshot: Snapshot;
  readonly result: WriteResult;
  readonly report: AccountReport;
  readonly reasons: readonly BrakeReason[];
}

interface SliceOptions extends CaptureAccountOptions {
  readonly base: Snapshot | undefined;
  readonly isFirst: boolean;
  /** The checkpoint that this goes on from was braked. */
  readonly isBraked: boolean;
}

/** A snapshot whose ledger leaves something unexplained is as little evidence as one in which something could not be read. */
const stateTags = ({ isPartial, ledger }: AccountReport): readonly string[] => {
  if (isPartial) return [checkpointTag];
  return ledger.folders.every(isExplained) ? [] : [incompleteTag];
};

/** One capture: all of the account, or as much as the budget allows. */
const captureSlice = async ({ open, store }: CaptureAccountParts, options: SliceOptions, run: Run): Promise<Slice> => {
  const { base, isFirst, limits, confirmed, budget, description } = options;
  let reasons: readonly BrakeReason[] = [];
  const judge: AccountSourceOptions['judge'] = (changes) => {
    reasons = brakeReasons({ changes, isFirst }, limits);
    return confirmed ? [] : reasons;
  };
  const source = open({ budget, judge });
  try {
    const parent: StoredSnapshot | undefined = base === undefined ? undefined : await store.open(base.id, run);
    const tagsAtEnd = (): readonly string[] => [
      ...stateTags(source.report()),
      ...(!confirmed && (reasons.length > 0 || options.isBraked) ? [brakedTag] : []),
    ];
    const common = { description: { ...description, time: at(description, run) }, tagsAtEnd, frugal: true };
    const result = await store.write(source, parent === undefined ? common : { ...common, parent }, run);
    if (result.snapshot === undefined) throw new Fault('internal', 'the store made no snapshot of an account');
    return { snapshot: result.snapshot, result, report: source.report(), reasons };
  } finally {
    await source.close();
  }
};

const at = ({ time }: SnapshotDescription, run: Run): SnapshotDescription['time'] => ({
  nanoseconds: run.now(),
  offsetMinutes: time.offsetMinutes,
});

/** From the state before the first slice to that after the last. */
const joinedChanges = (reports: readonly AccountReport[]): readonly FolderChange[] => {
  const changes = new Map<string, FolderChange>();
  for (const change of reports.flatMap((report) => report.changes)) {
    const earlier = changes.get(change.folder);
    if (earlier === undefined) changes.set(change.folder, change);
    else {
      changes.set(change.folder, {
        ...change,
        before: earlier.before,
        gone: earlier.gone + change.gone,
        changedBodies: earlier.changedBodies + change.changedBodies,
        uidValidityChanged: earlier.uidValidityChanged || change.uidValidityChanged,
      });
    }
  }
  return [...changes.values()];
};

const joined = (reports: readonly AccountReport[], last: AccountReport): AccountReport => ({
  ...last,
  changes: joinedChanges(reports),
  fetched: {
    messages: reports.reduce((sum, { fetched }) => sum + fetched.messages, 0),
    bytes: reports.reduce((sum, { fetched }) => sum + fetched.bytes, 0),
  },
});

/**
 * Captures an account into a snapshot, against its last good one. A capture that takes long is cut into slices, each of
 * which ends in a checkpoint: a snapshot of its own tag, which no list, policy or `latest` means, and from which a later
 * run goes on. Between slices the lock is let go. When all is there, the checkpoints go.
 *
 * What looks like damage is captured all the same and tagged `mailkeep:braked`; the next capture is made against the last
 * good snapshot again, until a person confirms or the account is whole.
 */
export const captureAccount = async (
  parts: CaptureAccountParts,
  options: CaptureAccountOptions,
  run: Run,
): Promise<AccountCapture> => {
  const known = await knownOf(parts.store, options.description, run);
  const checkpoints = [...known.checkpoints];
  const slices: Slice[] = [];
  let base = baseOf(known);
  for (;;) {
    throwIfInterrupted(run);
    const isBraked = base?.tags.includes(checkpointTag) === true && base.tags.includes(brakedTag);
    const isFirst = known.good === undefined;
    const slice = await captureSlice(parts, { ...options, base, isFirst, isBraked }, run);
    slices.push(slice);
    if (!slice.report.isPartial) break;
    checkpoints.push(slice.snapshot);
    base = slice.snapshot;
  }
  await parts.removeSnapshots(
    checkpoints.map(({ id }) => id),
    run,
  );
  return finished(slices, options);
};

const finished = (slices: readonly Slice[], { confirmed }: CaptureAccountOptions): AccountCapture => {
  const last = slices.at(-1);
  if (last === undefined) throw new Fault('internal', 'an account was captured in no slice');
  const reasons = slices.flatMap((slice) => slice.reasons);
  return {
    snapshot: last.snapshot,
    result: last.result,
    report: joined(
      slices.map(({ report }) => report),
      last.report,
    ),
    brake: confirmed ? [] : reasons,
    confirmed: confirmed ? reasons : [],
  };
};
