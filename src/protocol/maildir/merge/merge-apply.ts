import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { CapturedDirectory, Child, FreshChild, Source } from '../../../contract/source.ts';
import { livingFileOf } from '../../../mail/merge/living-file.ts';
import { mergeSubscriptions } from '../../../mail/merge/merge-subscriptions.ts';
import { raisedUidList } from '../../../mail/merge/raised-uid-list.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Entry, Path } from '../../../model/entry.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import type { AccountNames } from '../../../system/account-name.ts';
import { attainableMetadata } from '../../../system/file-metadata.ts';
import { createHardLinks, type HardLinks } from '../../files/hard-links.ts';
import type { Action, DirectoryDecisions } from '../../files/plan-record.ts';
import { prepareDirectory, restoreSpecial } from '../../files/restore-entry.ts';
import { createRound, type Round } from '../../files/restore-round.ts';
import type { RestoreContext } from '../../files/restore-dispatch.ts';
import { unsupported } from '../../files/target-decision.ts';
import { childPath, joinedPath } from '../../files/target-name.ts';
import type { LivingTree, Owner } from './living-tree.ts';
import { nameOf } from './merge-plan.ts';
import type { DirectoryRole, MergeRecord } from './merge-record.ts';
import { ownedAs } from './owner.ts';
import { changeText, placeText, textInPlace } from './place-text.ts';
import { publish } from './publish.ts';
import { readText } from './read-source.ts';
import type { Stage, StagedFolder, StagedMessage } from './stage.ts';

/** As many are brought together as the restore of a tree does: what a batch keeps in memory, about 1 kB each. */
const entriesInABatch = 4096;
const bytesInABatch = 2 ** 30;

export interface MergeContext {
  readonly source: Source;
  readonly record: MergeRecord;
  /** As it was when the plan was made. */
  readonly tree: LivingTree;
  readonly stage: Stage;
  /** Its ledger is the stage's. */
  readonly context: RestoreContext;
  readonly names: AccountNames;
}

interface Merging extends MergeContext {
  readonly run: Run;
  readonly links: HardLinks<true>;
  round: Round;
  messages: StagedMessage[];
  /** Folders that were missing and are whole when the round is done. */
  folders: StagedFolder[];
}

/** Walks the source again and does what the plan says. Throws the Fault that made it end early. */
export const applyMerge = async (given: MergeContext, run: Run): Promise<void> => {
  const merging: Merging = {
    ...given,
    run,
    links: createHardLinks(),
    round: createRound(),
    messages: [],
    folders: [],
  };
  try {
    for await (const captured of given.source.capture(undefined, run)) {
      throwIfInterrupted(run);
      const decisions = given.record.decisions.directory(captured.path);
      const role = given.record.role(captured.path);
      await applyDirectory(merging, captured, { decisions: decisions ?? unplanned, role });
    }
    await flush(merging);
  } finally {
    await given.context.pool.settled();
    given.stage.clear();
  }
};

const unplanned: DirectoryDecisions = { own: 'skip', of: () => undefined };

const flush = async (merging: Merging): Promise<void> => {
  const { round, messages, folders, source, context, record, stage, run } = merging;
  merging.round = createRound();
  merging.messages = [];
  merging.folders = [];
  await round.restore(source, context, run);
  await publish({ messages, folders }, { context, record, stage, run });
  context.ledger.check();
};

interface Decided {
  readonly decisions: DirectoryDecisions;
  /** Undefined of what the plan refused whole. */
  readonly role: DirectoryRole | undefined;
}

interface Parent {
  /** In the source. */
  readonly path: Path;
  /** Where what lies in it is written to. */
  readonly place: Path;
  readonly role: DirectoryRole;
  readonly own: Action;
  readonly owner: Owner | undefined;
  /** Whether it could be made ready to take files; undefined until the first one. */
  prepared: boolean | undefined;
}

const parentOf = ({ stage, record, tree }: Merging, path: Path, { decisions, role }: Decided): Parent => {
  const kind = role ?? { kind: 'nothing' };
  const living = kind.kind === 'nothing' ? undefined : tree.at(path);
  const owner = living === undefined || living.kind === 'obstructed' ? undefined : living.owner;
  let place = path;
  if (kind.kind === 'missing' && decisions.own === 'create') {
    const final = path.slice(0, kind.depth);
    const isInMaildir = record.role(final.slice(0, -1))?.kind === 'maildir';
    const folder = stage.stagedFolder(final) ?? stage.folder(final, isInMaildir);
    place = [...folder.staged, ...path.slice(kind.depth)];
  }
  return { path, place, role: kind, own: decisions.own, owner, prepared: undefined };
};

const applyDirectory = async (merging: Merging, captured: CapturedDirectory, decided: Decided): Promise<void> => {
  const { context, record, stage, names } = merging;
  const { path, listing, metadata } = captured;
  const key = joinedPath(path);
  const { decisions } = decided;
  const parent = parentOf(merging, path, decided);
  if (listing.kind === 'carried') context.ledger.failed(key, listing.fault);
  if (listing.kind === 'listed') {
    for await (const page of listing.pages) {
      for (const child of page) {
        const action = decisions.of(nameOf(child));
        if (action === undefined) context.ledger.failed(childPath(key, nameOf(child)), unexpected());
        else await applyChild(merging, child, { action, parent });
        if (merging.round.bytes() >= bytesInABatch) await flush(merging);
      }
      context.ledger.check();
      if (merging.round.size() >= entriesInABatch) await flush(merging);
    }
  }
  if (parent.role.kind === 'plain' || parent.role.kind === 'maildir') addSubscriptions(merging, path, record);
  const own = metadata === undefined ? undefined : ownedAs(metadata, parent.owner, names);
  merging.round.end({ path: parent.place, metadata: own, listing }, decisions.own);
  if (parent.role.kind !== 'missing' || parent.role.depth !== path.length || decisions.own !== 'create') return;
  const folder = stage.stagedFolder(path);
  if (folder !== undefined) merging.folders.push(folder);
};

const unexpected = (): Fault =>
  new Fault('entry-changed', 'it was not in the source when the plan was made', {
    hint: 'Run the same command again to restore it too.',
  });

const applyChild = async (
  merging: Merging,
  child: Child,
  { action, parent }: { readonly action: Action; readonly parent: Parent },
): Promise<void> => {
  const { context, links } = merging;
  const { ledger, abilities } = context;
  if (action === 'refuse') ledger.refused();
  if (child.kind !== 'fresh' || action === 'skip' || action === 'refuse') return;
  const { content } = child;
  if (action === 'unsupported') {
    ledger.lost(unsupported(child.entry.type, abilities) ?? 'irregular');
    return;
  }
  const entry: Entry = ownedAs(child.entry, parent.owner, merging.names);
  attainableMetadata(entry, abilities, ledger.lost);
  if (action === 'leave') {
    ledger.left(childPath(joinedPath(parent.path), entry.name), entry.size);
    return;
  }
  // Each name becomes a file of its own: links between messages only save room.
  if (links.seen(entry, content) === undefined) links.add(entry, content, true);
  else ledger.lost('hard-link');
  if (parent.role.kind === 'messages') {
    stageMessage(merging, { ...child, entry }, parent.path);
    return;
  }
  parent.prepared ??= prepareDirectory(parent.place, parent.own, context);
  const file = { directory: parent.place, entry, content, replace: action === 'overwrite' };
  if (!parent.prepared) ledger.refused();
  else if (entry.type !== 'file') restoreSpecial(file, context);
  else if (livingFileOf(entry.name) === 'uid-list') await placeList(merging, { ...child, entry }, parent);
  else if (action === 'amend') merging.round.amend(file);
  else merging.round.write(file);
};

const temporaryFolder = byteStringOfLatin1('tmp');

const stageMessage = (merging: Merging, { entry, content }: FreshChild, path: Path): void => {
  const folder = path.slice(0, -1);
  const part: ByteString = path.at(-1) ?? byteStringOfLatin1('cur');
  const message = merging.stage.message({ folder, part, name: entry.name, size: entry.size });
  merging.messages.push(message);
  const directory = [...folder, temporaryFolder];
  merging.round.write({ directory, entry: { ...entry, name: message.temporary }, content, replace: false });
};

/** The list of UIDs of a folder that has none, with UIDNEXT raised. */
const placeList = async (merging: Merging, child: FreshChild, parent: Parent): Promise<void> => {
  const { source, context, run } = merging;
  const { entry } = child;
  const path = childPath(joinedPath(parent.place), entry.name);
  try {
    const text = raisedUidList(await readText(source, child, run));
    if (text === undefined) {
      context.ledger.lost('uid-list');
      return;
    }
    placeText({ directory: parent.place, name: entry.name, text, metadata: entry, replace: false }, context);
    context.ledger.written(path, entry.size, false);
  } catch (error) {
    if (isFault(error, 'interrupted')) throw error;
    // The server has made one meanwhile, which is as good.
    if (isFault(error, 'target-occupied')) context.ledger.left(path, entry.size);
    else context.ledger.failed(path, asFault(error));
  }
};

const addSubscriptions = ({ context, run }: Merging, path: Path, record: MergeRecord): void => {
  for (const [name, backup] of record.change(path).subscriptions) {
    const key = joinedPath([...path, name]);
    try {
      const text = mergeSubscriptions(textInPlace({ directory: path, name }, context), backup);
      if (text === undefined) continue;
      changeText({ directory: path, name, text }, context, run);
      context.ledger.written(key, backup.length, true);
    } catch (error) {
      context.ledger.failed(key, asFault(error));
    }
  }
};
