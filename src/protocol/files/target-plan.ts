import type { CapturedDirectory, Child, FreshChild, Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Overwrite, TargetPlan } from '../../contract/target.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { type Counts, noCounts, type Path } from '../../model/entry.ts';
import { asFault, Fault } from '../../model/fault.ts';
import { createHardLinks } from './hard-links.ts';
import { type Action, createPlanRecord, type PlanRecord } from './plan-record.ts';
import { decideEntry, lookAt, sameMetadata } from './target-decision.ts';
import type { Abilities } from './target-metadata.ts';
import { childPath, joinedPath, occupied, refusalOfName, refusalOfPath } from './target-name.ts';

/** Asked for every entry with its whole path (names joined by `/`, '' for the root), also below what it refused. */
export type Filter = (path: ByteString, isDirectory: boolean) => boolean;

export interface PlanOptions {
  readonly directory: ByteString;
  readonly filter: Filter;
  readonly overwrite: Overwrite;
  readonly abilities: Abilities;
}

export interface MadePlan {
  readonly plan: TargetPlan;
  readonly record: PlanRecord;
}

const listedAtMost = 1000;

/** What is known of a directory that was yielded, or lies above one, before its own turn comes. */
interface Above {
  /** Something below it is asked for. */
  needed: boolean;
  /** Something directly in it is going to change, and with that its time. */
  touched: boolean;
  readonly subdirectories: Set<ByteString>;
}

/** Where a directory of the source is at the target. `blocked`: something else is there or above, and stays. */
type Presence = 'present' | 'absent' | 'obstructed' | 'blocked';

/** Walks the source once and compares it with what lies at the target. Changes nothing. */
export const planFiles = async (source: Source, options: PlanOptions, run: Run): Promise<MadePlan> => {
  const planning = createPlanning(options);
  run.emit({ kind: 'phase', phase: 'planning' });
  for await (const captured of source.capture(undefined, run)) {
    throwIfInterrupted(run);
    await planning.directory(captured);
    run.emit({ kind: 'progress', ...planning.seen() });
  }
  return planning.made();
};

const createPlanning = (options: PlanOptions) => {
  const { directory: target, filter } = options;
  const record = createPlanRecord();
  const tally = createTally();
  const links = createHardLinks<ByteString | undefined>();
  const pending = new Map<ByteString, Above>();

  const above = (path: Path): Above => {
    const key = joinedPath(path);
    let state = pending.get(key);
    if (state === undefined) pending.set(key, (state = { needed: false, touched: false, subdirectories: new Set() }));
    return state;
  };

  const planChild = (child: Child, parent: ParentPlan): Action => {
    const name = child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;
    const path = childPath(parent.key, name);
    const refuse = (fault: Fault): Action => {
      tally.refuse(path, fault);
      return 'refuse';
    };
    const refusal = refusalOfName(name);
    if (refusal !== undefined) return refuse(refusal);
    if (parent.lastName !== undefined && name <= parent.lastName) return refuse(twice());
    parent.lastName = name;
    if (child.kind === 'directory') return 'skip';
    if (parent.subdirectories.has(name)) return refuse(twice());
    if (!filter(path, false)) return 'skip';
    if (child.kind === 'carried') return refuse(child.fault);
    if (child.kind === 'same') return refuse(new Fault('internal', 'the source took an entry over from nowhere'));
    try {
      return planEntry(child, parent, path);
    } catch (error) {
      return refuse(asFault(error));
    }
  };

  const planEntry = ({ entry }: FreshChild, parent: ParentPlan, path: ByteString): Action => {
    const place = byteStringOfLatin1(`${target}/${path}`);
    if (parent.presence === 'blocked') return tally.count('leave', entry, path);
    const linked = links.seen(entry);
    let action = decideEntry(entry, parent.presence === 'present' ? place : undefined, options);
    if (linked !== undefined) action = planLink(linked, place, action);
    else links.add(entry, action === 'leave' ? place : undefined);
    if (action === 'refuse') throw occupied('a directory');
    return tally.count(action, entry, path);
  };

  const planLink = ({ place: first }: { place: ByteString | undefined }, place: ByteString, alone: Action): Action => {
    if (alone === 'create' || alone === 'refuse' || options.overwrite === 'never') return alone;
    const [here, there] = [lookAt(place), first === undefined ? undefined : lookAt(first)];
    const linked = here !== undefined && there !== undefined && here.ino === there.ino && here.dev === there.dev;
    return linked ? 'leave' : 'overwrite';
  };

  const planOwn = (captured: CapturedDirectory, state: Above, presence: Presence): Action => {
    const { path, metadata } = captured;
    const key = joinedPath(path);
    const wanted = filter(key, true);
    if (!wanted && !state.needed) return 'skip';
    if (path.length > 0) above(path.slice(0, -1)).needed = true;
    if (presence === 'absent' || presence === 'obstructed') {
      if (path.length > 0) above(path.slice(0, -1)).touched = true;
      return presence === 'absent' ? 'create' : 'overwrite';
    }
    if (presence === 'blocked' || options.overwrite === 'never' || !wanted || metadata === undefined) return 'leave';
    const place = key === '' ? target : byteStringOfLatin1(`${target}/${key}`);
    const existing = lookAt(place);
    if (existing === undefined || state.touched) return 'amend';
    return sameMetadata({ metadata, existing, place, abilities: options.abilities }) ? 'leave' : 'amend';
  };

  const planListing = async (captured: CapturedDirectory, state: Above, presence: Presence): Promise<void> => {
    const { listing } = captured;
    const key = joinedPath(captured.path);
    if (listing.kind === 'same') throw new Fault('internal', 'the source took a directory over from nowhere');
    if (listing.kind === 'carried') {
      tally.refuse(key, listing.fault);
      return;
    }
    const parent: ParentPlan = { key, presence, subdirectories: state.subdirectories, lastName: undefined };
    for await (const page of listing.pages) {
      for (const child of page) {
        const action = planChild(child, parent);
        if (action === 'create' || action === 'overwrite') state.touched = true;
        if (action !== 'skip' && action !== 'refuse') state.needed = true;
        record.add(child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name, action);
      }
    }
  };

  return {
    seen: tally.seen,
    directory: async (captured: CapturedDirectory): Promise<void> => {
      const { path } = captured;
      const state = above(path);
      const refusal = refusalOfPath(path);
      const presence = refusal === undefined ? presenceOf(target, path, options.overwrite) : 'blocked';
      if (refusal !== undefined) {
        tally.refuse(joinedPath(path), refusal);
        await skipListing(captured, record);
      } else {
        await planListing(captured, state, presence);
      }
      pending.delete(joinedPath(path));
      const own = refusal === undefined ? planOwn(captured, state, presence) : 'refuse';
      record.end(path, own);
      const name = path.at(-1);
      if (name === undefined) return;
      above(path.slice(0, -1)).subdirectories.add(name);
      tally.countDirectory(own, joinedPath(path));
    },
    made: (): MadePlan => ({ plan: tally.plan(), record }),
  };
};

interface ParentPlan {
  readonly key: ByteString;
  readonly presence: Presence;
  readonly subdirectories: ReadonlySet<ByteString>;
  lastName: ByteString | undefined;
}

const twice = (): Fault =>
  new Fault('target-unsafe', 'a name that its directory lists twice or out of order is not restored', {
    hint: 'The snapshot is damaged or was made to do harm. Check the repository.',
  });

const skipListing = async ({ listing }: CapturedDirectory, record: PlanRecord): Promise<void> => {
  if (listing.kind !== 'listed') return;
  for await (const page of listing.pages) {
    for (const child of page) {
      record.add(child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name, 'refuse');
    }
  }
};

const presenceOf = (target: ByteString, path: Path, overwrite: Overwrite): Presence => {
  const root = lookAt(byteStringOfLatin1(`${target}/.`));
  if (root === undefined) return 'absent';
  let place = target;
  for (const [depth, name] of path.entries()) {
    place = byteStringOfLatin1(`${place}/${name}`);
    const there = lookAt(place);
    if (there === undefined) return 'absent';
    if (there.isDirectory()) continue;
    if (overwrite === 'never') return 'blocked';
    return depth === path.length - 1 ? 'obstructed' : 'absent';
  }
  return 'present';
};

const plus = (counts: Counts, entry: { readonly size: number }): Counts => ({
  files: counts.files + 1,
  directories: counts.directories,
  bytes: counts.bytes + entry.size,
});

const oneDirectory = (counts: Counts): Counts => ({ ...counts, directories: counts.directories + 1 });

const createTally = () => {
  let create = noCounts;
  let overwrite = noCounts;
  let leave = noCounts;
  let seen = { files: 0, bytes: 0 };
  let unlisted = 0;
  const refusals: { readonly path: ByteString; readonly fault: Fault }[] = [];
  const overwritten: ByteString[] = [];
  const name = (path: ByteString): void => {
    if (overwritten.length < listedAtMost) overwritten.push(path);
  };
  return {
    seen: () => seen,
    refuse: (path: ByteString, fault: Fault): void => {
      if (refusals.length < listedAtMost) refusals.push({ path, fault });
      else unlisted++;
    },
    count: (action: Action, entry: { readonly size: number }, path: ByteString): Action => {
      seen = { files: seen.files + 1, bytes: seen.bytes + entry.size };
      if (action === 'create') create = plus(create, entry);
      if (action === 'leave') leave = plus(leave, entry);
      if (action === 'overwrite' || action === 'amend') {
        overwrite = plus(overwrite, action === 'amend' ? { size: 0 } : entry);
        name(path);
      }
      return action;
    },
    countDirectory: (action: Action, path: ByteString): void => {
      if (action === 'create') create = oneDirectory(create);
      if (action === 'leave') leave = oneDirectory(leave);
      if (action === 'amend' || action === 'overwrite') overwrite = oneDirectory(overwrite);
      if (action === 'overwrite') name(path);
    },
    plan: (): TargetPlan => {
      const more = new Fault('target-unsafe', `${unlisted} more entries cannot be restored`);
      const last = { path: byteStringOfLatin1(''), fault: more };
      return { create, overwrite, leave, refusals: unlisted > 0 ? [...refusals, last] : refusals, overwritten };
    },
  };
};
