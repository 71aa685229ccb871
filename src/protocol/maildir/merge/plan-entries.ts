import type { CapturedDirectory, Child, FreshChild } from '../../../contract/source.ts';
import { createFolderMerge } from '../../../mail/merge/folder-merge.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import type { Action } from '../../files/plan-record.ts';
import { decideEntry } from '../../files/target-decision.ts';
import { childPath, joinedPath, occupied } from '../../files/target-name.ts';
import { readLivingMessages } from './living-messages.ts';
import { namesIn } from './living-tree.ts';
import type { DirectoryRole } from './merge-record.ts';
import { planMaildirFile } from './plan-maildir-file.ts';
import { isMessage, type PlannedMessage, planMessages } from './plan-messages.ts';
import type { OpenFolder, Planning } from './planning.ts';

/** Decides what becomes of the entries of one directory. */
export interface Decider {
  /** Looks at the messages of a page together. */
  page(page: readonly Child[]): Promise<ReadonlyMap<Child, PlannedMessage>>;
  child(child: Child, place: ByteString, messages: ReadonlyMap<Child, PlannedMessage>): Promise<Action | Fault>;
}

const noMessages = async (): Promise<ReadonlyMap<Child, PlannedMessage>> => new Map();

export const deciderOf = async (
  planning: Planning,
  { path }: CapturedDirectory,
  role: DirectoryRole,
): Promise<Decider> => {
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
