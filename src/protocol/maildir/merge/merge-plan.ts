import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { CapturedDirectory, Child, Source } from '../../../contract/source.ts';
import type { TargetPlan } from '../../../contract/target.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import type { Action } from '../../files/plan-record.ts';
import { createPlanTally } from '../../files/plan-tally.ts';
import { childPath, joinedPath, occupied, refusalOfName } from '../../files/target-name.ts';
import { createLivingTree, isLivingMaildir, isLivingMessages, type LivingTree } from './living-tree.ts';
import { createMergeRecord, type DirectoryRole, type MergeRecord } from './merge-record.ts';
import { deciderOf } from './plan-entries.ts';
import type { MergePlanOptions, Planning } from './planning.ts';
import { refusalOf } from './refused-directory.ts';

export interface MadeMerge {
  readonly plan: TargetPlan;
  readonly record: MergeRecord;
  /** What was there when the plan was made. */
  readonly tree: LivingTree;
}

/** Walks the source once and compares it with the mail that lives at the target. Changes nothing. */
export const planMerge = async (source: Source, options: MergePlanOptions, run: Run): Promise<MadeMerge> => {
  const tree = createLivingTree(options.directory);
  if (tree.at([]).kind === 'obstructed') throw occupied('something that is no directory');
  const planning: Planning = {
    source,
    options,
    tree,
    run,
    record: createMergeRecord(),
    tally: createPlanTally(),
    pending: new Map(),
    told: new Set(),
    boxes: new Set(),
    open: undefined,
  };
  run.emit({ kind: 'phase', phase: 'planning' });
  for await (const captured of source.capture(undefined, run)) {
    throwIfInterrupted(run);
    await planDirectory(planning, captured);
    run.emit({ kind: 'progress', ...planning.tally.seen() });
  }
  return { plan: planning.tally.plan(), record: planning.record, tree };
};

const pendingOf = ({ pending }: Planning, path: Path) => {
  const key = joinedPath(path);
  let state = pending.get(key);
  if (state === undefined) pending.set(key, (state = { needed: false, subdirectories: new Set() }));
  return state;
};

const planDirectory = async (planning: Planning, captured: CapturedDirectory): Promise<void> => {
  const { record, tally, pending } = planning;
  const { path } = captured;
  const key = joinedPath(path);
  const refusal = refusalOf(planning, path);
  let own: Action = 'refuse';
  if (refusal === undefined) {
    const role = roleOf(planning.tree, path);
    record.setRole(path, role);
    await planListing(planning, captured, role);
    own = planOwn(planning, path, role);
  } else {
    if (refusal.fault !== undefined) tally.refuse(refusal.path, refusal.fault);
    await refuseListing(captured, record);
  }
  pending.delete(key);
  record.decisions.end(path, own);
  const name = path.at(-1);
  if (name === undefined) return;
  const above = pendingOf(planning, path.slice(0, -1));
  above.subdirectories.add(name);
  if (own === 'create') above.needed = true;
  tally.countDirectory(own, key);
};

const roleOf = (tree: LivingTree, path: Path): DirectoryRole => {
  const living = tree.at(path);
  if (living.kind === 'missing') return { kind: 'missing', depth: living.depth };
  if (isLivingMessages(tree, path)) return { kind: 'messages' };
  if (path.at(-1) === 'tmp' && isLivingMaildir(tree, path.slice(0, -1))) return { kind: 'nothing' };
  return { kind: isLivingMaildir(tree, path) ? 'maildir' : 'plain' };
};

const planListing = async (planning: Planning, captured: CapturedDirectory, role: DirectoryRole): Promise<void> => {
  const { listing, path } = captured;
  const key = joinedPath(path);
  if (listing.kind === 'same') throw new Fault('internal', 'the source took a directory over from nowhere');
  if (listing.kind === 'carried') {
    planning.tally.refuse(key, listing.fault);
    return;
  }
  const { record, tally } = planning;
  const state = pendingOf(planning, path);
  const decide = await deciderOf(planning, captured, role);
  let last: ByteString | undefined;
  for await (const page of listing.pages) {
    const messages = await decide.page(page);
    for (const child of page) {
      const name = nameOf(child);
      const place = childPath(key, name);
      const doubled =
        (last !== undefined && name <= last) || (child.kind !== 'directory' && state.subdirectories.has(name));
      let action = refusedChild(child, doubled) ?? (await decide.child(child, place, messages));
      if (action instanceof Fault) {
        tally.refuse(place, action);
        action = 'refuse';
      }
      if (refusalOfName(name) === undefined && (last === undefined || name > last)) last = name;
      if (action === 'create') state.needed = true;
      record.decisions.add(name, action);
    }
  }
};

const twice = (): Fault =>
  new Fault('target-unsafe', 'a name that its directory lists twice or out of order is not restored', {
    hint: 'The snapshot is damaged or was made to do harm. Check the repository.',
  });

const refusedChild = (child: Child, doubled: boolean): Fault | 'skip' | undefined => {
  const refusal = refusalOfName(nameOf(child)) ?? (doubled ? twice() : undefined);
  if (refusal !== undefined) return refusal;
  if (child.kind === 'directory') return 'skip';
  if (child.kind === 'carried') return child.fault;
  return child.kind === 'same' ? new Fault('internal', 'the source took an entry over from nowhere') : undefined;
};

const planOwn = (planning: Planning, path: Path, role: DirectoryRole): Action => {
  if (role.kind !== 'missing') return 'leave';
  const isWanted = pendingOf(planning, path).needed || planning.options.filter(joinedPath(path), true);
  return isWanted ? 'create' : 'skip';
};

const refuseListing = async ({ listing }: CapturedDirectory, { decisions }: MergeRecord): Promise<void> => {
  if (listing.kind !== 'listed') return;
  for await (const page of listing.pages) {
    for (const child of page) decisions.add(nameOf(child), child.kind === 'directory' ? 'skip' : 'refuse');
  }
};

export const nameOf = (child: Child): ByteString =>
  child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;
