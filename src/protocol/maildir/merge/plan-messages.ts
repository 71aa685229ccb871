import type { Child, FreshChild, Source } from '../../../contract/source.ts';
import type { Run } from '../../../contract/run.ts';
import type { FolderMerge } from '../../../mail/merge/folder-merge.ts';
import { keywordLettersIn } from '../../../mail/merge/keyword-letters.ts';
import { identityOf } from '../../../mail/maildir-name.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import type { LivingMessages } from './living-messages.ts';
import type { MaildirChange } from './merge-record.ts';
import { digestOfLiving, digestsOf, formOfLiving } from './read-source.ts';

/** What is decided for a message of a page; a Fault refuses it. */
export type PlannedMessage = 'create' | 'leave' | Fault;

export interface MessagePlanning {
  readonly source: Source;
  readonly merge: FolderMerge;
  readonly living: LivingMessages;
  readonly change: MaildirChange;
}

/** Whether a child of `cur` or `new` is a message. */
export const isMessage = (child: Child): child is FreshChild =>
  child.kind === 'fresh' && child.entry.type === 'file' && !child.entry.name.startsWith('.');

/** Decides for the messages of one page. Reads those whose names and sizes do not tell. */
export const planMessages = async (
  messages: readonly FreshChild[],
  planning: MessagePlanning,
  run: Run,
): Promise<ReadonlyMap<FreshChild, PlannedMessage>> => {
  const decided = new Map<FreshChild, PlannedMessage>();
  const doubtful: FreshChild[] = [];
  for (const message of messages) {
    const decision = planning.merge.decide(message.entry.name, message.entry);
    if (decision === 'compare') doubtful.push(message);
    else if (decision === 'inspect') decided.set(message, inspect(message, planning));
    else decided.set(message, decision === 'conflict' ? conflict() : decision);
    if (decision !== 'create') continue;
    for (const letter of keywordLettersIn(message.entry.name)) planning.change.used.add(letter);
  }
  await compareAll(doubtful, planning, { decided, run });
  return decided;
};

const inspect = ({ entry }: FreshChild, { living }: MessagePlanning): PlannedMessage => {
  const place = living.placeOf(identityOf(entry.name));
  try {
    return place === undefined || formOfLiving(place) === 'plain' ? conflict() : 'leave';
  } catch (error) {
    return asFault(error);
  }
};

const compareAll = async (
  doubtful: readonly FreshChild[],
  { source, living }: MessagePlanning,
  { decided, run }: { readonly decided: Map<FreshChild, PlannedMessage>; readonly run: Run },
): Promise<void> => {
  const digests = await digestsOf(source, doubtful, run);
  for (const [at, message] of doubtful.entries()) {
    const digest = digests[at];
    const place = living.placeOf(identityOf(message.entry.name));
    if (digest instanceof Fault || digest === undefined || place === undefined) {
      decided.set(message, digest instanceof Fault ? digest : conflict());
      continue;
    }
    try {
      decided.set(message, (await digestOfLiving(place)) === digest ? 'leave' : conflict());
    } catch (error) {
      decided.set(message, asFault(error));
    }
  }
};

/**
 * Neither is put in the other's place, nor is it given a second name: what a server has changed in its files since, all at
 * once, would come back as a second copy of each message.
 */
const conflict = (): Fault =>
  new Fault('target-occupied', 'its name is there with another content, and both may be right', {
    hint: 'Restore it into a folder of its own, or move the other one away and run the same command again.',
  });
