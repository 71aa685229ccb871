import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { CapturedDirectory, Child, FreshChild, Source } from '../../../contract/source.ts';
import type { Overwrite, TargetPlan } from '../../../contract/target.ts';
import { createFolderMerge, type FolderMerge } from '../../../mail/merge/folder-merge.ts';
import { boxStoreOf } from '../../../mail/merge/living-file.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import type { Abilities } from '../../../system/file-metadata.ts';
import type { Action } from '../../files/plan-record.ts';
import { createPlanTally, type PlanTally } from '../../files/plan-tally.ts';
import { decideEntry } from '../../files/target-decision.ts';
import type { Filter } from '../../files/target-plan.ts';
import { childPath, joinedPath, occupied, refusalOfName, refusalOfPath } from '../../files/target-name.ts';
import { type LivingMessages, readLivingMessages } from './living-messages.ts';
import { createLivingTree, isLivingMaildir, isLivingMessages, type LivingTree, namesIn } from './living-tree.ts';
import { createMergeRecord, type DirectoryRole, type MergeRecord } from './merge-record.ts';
import { planMaildirFile } from './plan-maildir-file.ts';
import { isMessage, type PlannedMessage, planMessages } from './plan-messages.ts';

export interface MergePlanOptions {
  /** Absolute. */
  readonly directory: ByteString;
  readonly filter: Filter;
  /** For files that are no mail and none of the mail server's own. */
  readonly overwrite: Overwrite;
  readonly abilities: Abilities;
}

export interface MadeMerge {
  readonly plan: TargetPlan;
  readonly record: MergeRecord;
  /** What was there when the plan was made. */
  readonly tree: LivingTree;
}

interface OpenFolder {
  readonly merge: FolderMerge;
  readonly living: LivingMessages;
}

interface Planning {
  readonly source: Source;
  readonly options: MergePlanOptions;
  readonly tree: LivingTree;
  readonly record: MergeRecord;
  readonly tally: PlanTally;
  readonly run: Run;
  /** Directories below which something is to come, that were not walked yet; and their subdirectories that were. */
  readonly pending: Map<ByteString, { needed: boolean; readonly subdirectories: Set<ByteString> }>;
  /** What was told to be in the way, or not to be mergeable, once for all that is below. */
  readonly told: Set<ByteString>;
  /** Folders of sdbox and mdbox that were met. */
  readonly boxes: Set<ByteString>;
  /** The Maildir folder whose `cur` or `new` was walked last. */
  open: { readonly key: ByteString; readonly folder: OpenFolder } | undefined;
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

/** `fault`: to be told; it was told already when there is none. */
interface Refusal {
  readonly path: ByteString;
  readonly fault: Fault | undefined;
}

/** Why nothing of a directory comes. */
const refusalOf = (planning: Planning, path: Path): Refusal | undefined => {
  const unsafe = refusalOfPath(path);
  if (unsafe !== undefined) return { path: joinedPath(path), fault: unsafe };
  const once = (place: Path, fault: Fault): Refusal => {
    const key = joinedPath(place);
    const isFirst = !planning.told.has(key);
    planning.told.add(key);
    return { path: key, fault: isFirst ? fault : undefined };
  };
  try {
    const living = planning.tree.at(path);
    if (living.kind === 'obstructed') return once(path.slice(0, living.depth), notThrough());
    const box = boxOf(planning, path);
    return box === undefined ? undefined : once(box, noMerging());
  } catch (error) {
    return once(path, asFault(error));
  }
};

/** The folder of sdbox or mdbox in which a path lies, if it is there. */
const boxOf = ({ boxes, tree }: Planning, path: Path): Path | undefined => {
  const store = boxStoreOf(path);
  if (store !== undefined) boxes.add(joinedPath(store));
  for (let depth = path.length; depth >= 0; depth--) {
    const above = path.slice(0, depth);
    if (boxes.has(joinedPath(above))) return tree.at(above).kind === 'present' ? above : undefined;
  }
  return undefined;
};

const notThrough = (): Fault =>
  new Fault('target-occupied', 'something that is no directory is in the way, such as a link to one', {
    hint: 'Restore that folder by itself, to where the link leads.',
  });

const noMerging = (): Fault =>
  new Fault('unsupported', 'mail in the format of sdbox or mdbox cannot be merged into mail that is there', {
    hint: 'Restore it into an empty folder, and have Dovecot bring it over: doveadm import.',
  });

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

interface Decider {
  /** Looks at the messages of a page together. */
  page(page: readonly Child[]): Promise<ReadonlyMap<Child, PlannedMessage>>;
  child(child: Child, place: ByteString, messages: ReadonlyMap<Child, PlannedMessage>): Promise<Action | Fault>;
}

const noMessages = async (): Promise<ReadonlyMap<Child, PlannedMessage>> => new Map();

const deciderOf = async (planning: Planning, { path }: CapturedDirectory, role: DirectoryRole): Promise<Decider> => {
  const { options, tally } = planning;
  const wanted = (place: ByteString): boolean => options.filter(place, false);
  const counted = (action: Action, { entry }: FreshChild, place: ByteString): Action =>
    tally.count(action, entry, place);
  switch (role.kind) {
    case 'nothing':
      return { page: noMessages, child: async () => 'skip' };
    case 'messages':
      return messageDecider(planning, path);
    case 'missing':
      return {
        page: noMessages,
        child: async (child, place) => {
          if (child.kind !== 'fresh' || child.entry.name === 'maildirsize' || !wanted(place)) return 'skip';
          return counted(decideEntry(child.entry, undefined, options), child, place);
        },
      };
    // Files of the mail server may lie apart from the mail.
    case 'plain':
    case 'maildir':
      return maildirDecider(planning, path);
  }
};

/** As any other file: whether it is there is told by its name, whether it is equal by size and time. */
const planOrdinary = ({ options, tally }: Planning, { entry }: FreshChild, place: ByteString): Action | Fault => {
  try {
    const action = decideEntry(entry, byteStringOfLatin1(`${options.directory}/${place}`), options);
    return action === 'refuse' ? occupied('a directory') : tally.count(action, entry, place);
  } catch (error) {
    return asFault(error);
  }
};

const messageDecider = async (planning: Planning, path: Path): Promise<Decider> => {
  const { options, tally, source, record, run } = planning;
  const folder = await openFolder(planning, path.slice(0, -1));
  const change = record.change(path.slice(0, -1));
  const key = joinedPath(path);
  const isWanted = (child: Child): child is FreshChild =>
    isMessage(child) && options.filter(childPath(key, child.entry.name), false);
  return {
    page: (page) => planMessages(page.filter(isWanted), { source, ...folder, change }, run),
    child: async (child, place, messages) => {
      const decision = messages.get(child);
      if (decision === undefined || child.kind !== 'fresh') return 'skip';
      return decision instanceof Fault ? decision : tally.count(decision, child.entry, place);
    },
  };
};

const openFolder = async (planning: Planning, path: Path): Promise<OpenFolder> => {
  const key = joinedPath(path);
  if (planning.open?.key === key) return planning.open.folder;
  const { options, run } = planning;
  const living = await readLivingMessages(childPath(options.directory, key), options.abilities.posix, run);
  const folder = { living, merge: createFolderMerge((identity) => living.find(identity)) };
  planning.open = { key, folder };
  return folder;
};

const maildirDecider = (planning: Planning, path: Path): Decider => {
  const { options, tally, source, record, run } = planning;
  const key = joinedPath(path);
  const folder = key === '' ? options.directory : childPath(options.directory, key);
  const names = namesIn(folder);
  const change = record.change(path);
  return {
    page: noMessages,
    child: async (child, place) => {
      if (child.kind !== 'fresh' || !options.filter(place, false)) return 'skip';
      if (child.entry.type !== 'file') return planOrdinary(planning, child, place);
      try {
        const decision = await planMaildirFile(child, { source, folder, names, change }, run);
        if (decision === 'alone') return planOrdinary(planning, child, place);
        if (decision !== 'merge') return tally.count(decision, child.entry, place);
        tally.count(names.has(child.entry.name) ? 'overwrite' : 'create', child.entry, place);
        return 'skip';
      } catch (error) {
        return asFault(error);
      }
    },
  };
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
