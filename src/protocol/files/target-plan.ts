import type { CapturedDirectory, Child, FreshChild, Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Overwrite, TargetPlan } from '../../contract/target.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { asFault, Fault } from '../../model/fault.ts';
import { createHardLinks, type HardLinks } from './hard-links.ts';
import { type Action, createPlanRecord, type PlanRecord } from './plan-record.ts';
import { createPlanTally, type PlanTally } from './plan-tally.ts';
import { decideEntry, lookAt, sameMetadata } from './target-decision.ts';
import type { Abilities } from '../../system/file-metadata.ts';
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
  refuseOccupied(options.directory);
  const planning: Planning = {
    options,
    record: createPlanRecord(),
    tally: createPlanTally(),
    links: createHardLinks(),
    pending: new Map(),
  };
  run.emit({ kind: 'phase', phase: 'planning' });
  for await (const captured of source.capture(undefined, run)) {
    throwIfInterrupted(run);
    await planDirectory(planning, captured);
    run.emit({ kind: 'progress', ...planning.tally.seen() });
  }
  return { plan: planning.tally.plan(), record: planning.record };
};

const refuseOccupied = (directory: ByteString): void => {
  const through = byteStringOfLatin1(`${directory}/.`);
  if (lookAt(directory) !== undefined && lookAt(through) === undefined)
    throw occupied('something that is no directory');
};

interface Planning {
  readonly options: PlanOptions;
  readonly record: PlanRecord;
  readonly tally: PlanTally;
  readonly links: HardLinks<PlannedFirst>;
  readonly pending: Map<ByteString, Above>;
}

const aboveOf = ({ pending }: Planning, path: Path): Above => {
  const key = joinedPath(path);
  let state = pending.get(key);
  if (state === undefined) pending.set(key, (state = { needed: false, touched: false, subdirectories: new Set() }));
  return state;
};

const planDirectory = async (planning: Planning, captured: CapturedDirectory): Promise<void> => {
  const { options, record, tally } = planning;
  const { path } = captured;
  const key = joinedPath(path);
  const state = aboveOf(planning, path);
  const refusal = refusalOfPath(path);
  let own: Action = 'refuse';
  if (refusal === undefined) {
    const presence = presenceOf(options.directory, path, options.overwrite);
    await planListing(planning, captured, { state, presence });
    own = planOwn(planning, captured, { state, presence });
  } else {
    tally.refuse(key, refusal);
    await refuseListing(captured, record);
  }
  planning.pending.delete(key);
  record.end(path, own);
  const name = path.at(-1);
  if (name === undefined) return;
  aboveOf(planning, path.slice(0, -1)).subdirectories.add(name);
  tally.countDirectory(own, key);
};

interface Place {
  readonly state: Above;
  readonly presence: Presence;
}

const planListing = async (
  planning: Planning,
  captured: CapturedDirectory,
  { state, presence }: Place,
): Promise<void> => {
  const { listing } = captured;
  const key = joinedPath(captured.path);
  if (listing.kind === 'same') throw new Fault('internal', 'the source took a directory over from nowhere');
  if (listing.kind === 'carried') {
    planning.tally.refuse(key, listing.fault);
    return;
  }
  const parent: ParentPlan = { key, presence, subdirectories: state.subdirectories, lastName: undefined };
  for await (const page of listing.pages) {
    for (const child of page) {
      const action = planChild(planning, child, parent);
      if (action === 'create' || action === 'overwrite') state.touched = true;
      if (action !== 'skip' && action !== 'refuse') state.needed = true;
      planning.record.add(nameOf(child), action);
    }
  }
};

const planChild = (planning: Planning, child: Child, parent: ParentPlan): Action => {
  const name = nameOf(child);
  const path = childPath(parent.key, name);
  const refuse = (fault: Fault): Action => {
    planning.tally.refuse(path, fault);
    return 'refuse';
  };
  const refusal = refusalOfName(name);
  if (refusal !== undefined) return refuse(refusal);
  if (parent.lastName !== undefined && name <= parent.lastName) return refuse(twice());
  parent.lastName = name;
  if (child.kind === 'directory') return 'skip';
  if (parent.subdirectories.has(name)) return refuse(twice());
  if (!planning.options.filter(path, false)) return 'skip';
  if (child.kind === 'carried') return refuse(child.fault);
  if (child.kind === 'same') return refuse(new Fault('internal', 'the source took an entry over from nowhere'));
  try {
    return planEntry(planning, child, { parent, path });
  } catch (error) {
    return refuse(asFault(error));
  }
};

/** What becomes of the first name of a file: `left` if it stays as it is. */
type PlannedFirst = { readonly kind: 'written' } | { readonly kind: 'left'; readonly place: ByteString; names: number };

const planEntry = (
  { options, links, tally }: Planning,
  { entry, content }: FreshChild,
  { parent, path }: { readonly parent: ParentPlan; readonly path: ByteString },
): Action => {
  const place = byteStringOfLatin1(`${options.directory}/${path}`);
  if (parent.presence === 'blocked') return tally.count('leave', entry, path);
  const linked = links.seen(entry, content);
  let action = decideEntry(entry, parent.presence === 'present' ? place : undefined, options);
  if (linked !== undefined) action = decideLink(linked.place, place, { alone: action, overwrite: options.overwrite });
  if (action === 'refuse') throw occupied('a directory');
  if (linked === undefined)
    links.add(entry, content, action === 'leave' ? { kind: 'left', place, names: 1 } : { kind: 'written' });
  return tally.count(action, entry, path);
};

/**
 * One more name of a file: left when it is that already. Nothing is linked to a file that has names we know nothing of,
 * as these may lie outside the target: then this name is looked at by itself.
 */
const decideLink = (
  first: PlannedFirst,
  place: ByteString,
  { alone, overwrite }: { readonly alone: Action; readonly overwrite: Overwrite },
): Action => {
  if (alone === 'create' || alone === 'refuse' || overwrite === 'never') return alone;
  if (first.kind === 'written') return 'overwrite';
  const [here, there] = [lookAt(place), lookAt(first.place)];
  if (here === undefined || there === undefined) return alone;
  if (here.ino === there.ino && here.dev === there.dev) {
    first.names++;
    return 'leave';
  }
  return there.nlink === BigInt(first.names) ? 'overwrite' : alone;
};

const planOwn = (planning: Planning, { path, metadata }: CapturedDirectory, { state, presence }: Place): Action => {
  const { directory, filter, overwrite, abilities } = planning.options;
  const key = joinedPath(path);
  const wanted = filter(key, true);
  if (!wanted && !state.needed) return 'skip';
  const above = path.length > 0 ? aboveOf(planning, path.slice(0, -1)) : undefined;
  if (above !== undefined) above.needed = true;
  if (presence === 'absent' || presence === 'obstructed') {
    if (above !== undefined) above.touched = true;
    return presence === 'absent' ? 'create' : 'overwrite';
  }
  if (presence === 'blocked' || overwrite === 'never' || !wanted || metadata === undefined) return 'leave';
  const place = key === '' ? directory : byteStringOfLatin1(`${directory}/${key}`);
  const existing = lookAt(place);
  if (existing === undefined || state.touched) return 'amend';
  return sameMetadata({ metadata, existing, place, abilities }) ? 'leave' : 'amend';
};

const nameOf = (child: Child): ByteString =>
  child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;

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

const refuseListing = async ({ listing }: CapturedDirectory, record: PlanRecord): Promise<void> => {
  if (listing.kind !== 'listed') return;
  for await (const page of listing.pages) for (const child of page) record.add(nameOf(child), 'refuse');
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
