import { throwIfInterrupted } from '../../contract/run.ts';
import type { BaseEntry, Child } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Entry, Metadata, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { type CaptureContext, childFile, nextTurn, pageSize } from '../files/capture-context.ts';
import { capturable } from '../files/entry-kind.ts';
import { unreadable } from '../files/local-metadata.ts';
import { hasNotChanged } from '../../model/unchanged.ts';
import type { FoundMessage, MessageFinder } from './message-finder.ts';
import { type ListingLook, parseLook } from './message-look.ts';
import { createMessageWindow, type MessageWindow } from './message-window.ts';
import { createRewriteAlarm, isRewritten, type RewriteAlarm } from './rewrite-alarm.ts';
import type { Scan } from './settled-scan.ts';

export interface ScannedPart {
  readonly path: Path;
  readonly file: ByteString;
  readonly scan: Scan;
}

export interface MessageListing {
  readonly folder: { readonly path: Path; readonly file: ByteString };
  /** What is listed: `cur` or `new`. */
  readonly part: ScannedPart;
  /** What was scanned of the folder, this part included. */
  readonly parts: readonly ScannedPart[];
  readonly below: ReadonlyMap<ByteString, 'directory' | Fault | undefined>;
  readonly finder: MessageFinder;
  /** Is told what is listed. */
  readonly look: ListingLook;
}

/** The messages of `cur` or `new` in pages, against what the base has in both. */
export async function* listMessages(
  context: CaptureContext,
  listing: MessageListing,
): AsyncGenerator<readonly Child[]> {
  const { part } = listing;
  const windows = windowsOf(context, listing);
  try {
    const lost = await lostMessages(context, listing);
    const attributesAreKnown = await knowsAttributes(context, part.path);
    const { names: scanned } = part.scan;
    const names = lost.size === 0 ? scanned : [...scanned, ...lost.keys()].sort();
    yield* listNames(context, listing, { names, lost, windows, attributesAreKnown });
  } finally {
    for (const window of windows) await window.close();
  }
}

/** Where the base is asked for a message: messages move from `new` to `cur` and not back. The first is that of the part itself. */
export const windowsOf = (context: CaptureContext, { folder, part }: MessageListing): readonly MessageWindow[] => {
  const windowOf = (name: string): MessageWindow =>
    createMessageWindow(context.base, [...folder.path, byteStringOfLatin1(name)], context.run);
  return part.path.at(-1) === 'new' ? [windowOf('new')] : [windowOf('cur'), windowOf('new')];
};

/** Looks at names one by one. They are in byte order. */
export async function* listNames(
  context: CaptureContext,
  listing: MessageListing,
  work: Omit<PageWork, 'alarm'>,
): AsyncGenerator<readonly Child[]> {
  const alarm = createRewriteAlarm();
  for (let at = 0; at < work.names.length; at += pageSize) {
    throwIfInterrupted(context.run);
    const names = work.names.slice(at, at + pageSize);
    const page = await listPage(context, listing, { ...work, names, alarm });
    if (page.length > 0) yield page;
    await nextTurn();
  }
  alarm.tell(listing.part, context.run);
}

/** Whether what the base has of the extended attributes of unchanged messages can be believed; else they are read again. */
export const knowsAttributes = async ({ base, maildir, reader, run }: CaptureContext, path: Path): Promise<boolean> => {
  if (!reader.readsAttributes) return true;
  if (maildir?.rescan === true) return false;
  const look = (await base?.directory(path, run))?.look;
  return look !== undefined && parseLook(look).hasAttributes;
};

/** What only the base has, by name, when the scan cannot be believed. */
const lostMessages = async (
  { base, run }: CaptureContext,
  { part, parts }: MessageListing,
): Promise<ReadonlyMap<ByteString, BaseEntry>> => {
  const lost = new Map<ByteString, BaseEntry>();
  if (base === undefined || parts.every(({ scan }) => scan.settled)) return lost;
  const met = new Set(parts.flatMap(({ scan }) => scan.names).map((name) => identityOf(name)));
  for await (const page of base.children(part.path, run)) {
    for (const entry of page) {
      const { name, type } = entry.entry;
      if (type !== 'directory' && !met.has(identityOf(name))) lost.set(name, entry);
    }
  }
  return lost;
};

export interface PageWork {
  readonly names: readonly ByteString[];
  readonly lost: ReadonlyMap<ByteString, BaseEntry>;
  readonly windows: readonly MessageWindow[];
  readonly alarm: RewriteAlarm;
  readonly attributesAreKnown: boolean;
}

const unsettled = (file: ByteString): Fault =>
  new Fault('scan-unsettled', `${displayText(file)} was missed while others were renamed around it`, {
    hint: 'The message is kept as the last backup has it. Run the backup again when the folder is less busy.',
    retry: true,
    context: { path: displayText(file) },
  });

/** What there is of a message now, or what became of it. */
type Looked = FoundMessage | Fault | 'gone' | 'unsure';

const listPage = async (
  context: CaptureContext,
  { part, below, finder, look }: MessageListing,
  { names, lost, windows, alarm, attributesAreKnown }: PageWork,
): Promise<Child[]> => {
  const isMessage = (name: ByteString): boolean => !lost.has(name) && !below.has(name);
  const known: Candidates[] = [];
  for (const name of names) known.push(lost.has(name) ? unknown : await candidatesFor(name, windows));
  const looked = names.map((name, at): Looked =>
    isMessage(name)
      ? lookAt(context, childFile(part.file, name), attributesAreKnown ? known[at]?.exact?.entry : undefined)
      : 'gone',
  );
  const again = names.filter((name, at) => looked[at] === 'gone' && isMessage(name)).map((name) => identityOf(name));
  const { found, certain } = again.length === 0 ? nothingMissing : await finder.find(again, context.run);
  const children: Child[] = [];
  for (const [at, name] of names.entries()) {
    const base = lost.get(name);
    if (base !== undefined) {
      children.push({ kind: 'carried', name, base, fault: unsettled(childFile(part.file, name)) });
      continue;
    }
    const { candidates, exact } = known[at] ?? unknown;
    if (below.has(name)) {
      const outcome = below.get(name);
      if (outcome === 'directory') children.push({ kind: 'directory', name });
      else if (outcome !== undefined) children.push({ kind: 'carried', name, base: exact, fault: outcome });
      continue;
    }
    const own = looked[at] ?? 'gone';
    const message = own === 'gone' ? (found.get(identityOf(name)) ?? whyMissing(context, part, certain)) : own;
    const child = childOf(context, { name, message, candidates, exact, file: childFile(part.file, name), alarm });
    if (child !== undefined) children.push(child);
    // It is there, and left out.
    else if (message !== 'gone') look.spoil();
  }
  tellLook(look, children);
  return children;
};

const tellLook = (look: ListingLook, children: readonly Child[]): void => {
  const messages = children.flatMap((child) =>
    (child.kind === 'same' || child.kind === 'fresh') && child.entry.type === 'file' ? [child.entry] : [],
  );
  if (messages.length < children.length) look.spoil();
  look.add(messages);
};

const whyMissing = ({ places, reader }: CaptureContext, { file }: ScannedPart, certain: boolean): Looked =>
  places.lost(file, reader) ?? places.lostAbove(file, reader) ?? (certain ? 'gone' : 'unsure');

const nothingMissing: Awaited<ReturnType<MessageFinder['find']>> = { found: new Map(), certain: true };

const lookAt = ({ reader }: CaptureContext, file: ByteString, known: Metadata | undefined): Looked => {
  try {
    const stats = reader.stats(file);
    return stats === undefined ? 'gone' : { file, metadata: reader.describe(file, stats, known) };
  } catch (error) {
    return errnoCode(error) === 'ENOENT' ? 'gone' : unreadable(error, file);
  }
};

type Candidates = Pick<MessageState, 'candidates' | 'exact'>;

const unknown: Candidates = { candidates: [], exact: undefined };

/** The first window is that of the listed directory itself. */
const candidatesFor = async (name: ByteString, windows: readonly MessageWindow[]): Promise<Candidates> => {
  let candidates: readonly BaseEntry[] = [];
  let exact: BaseEntry | undefined;
  for (const [at, window] of windows.entries()) {
    const answer = window.find(name);
    const found = answer instanceof Promise ? await answer : answer;
    if (found.length === 0) continue;
    if (at === 0) exact = found.find(({ entry }) => entry.name === name);
    candidates = candidates.length === 0 ? found : [...candidates, ...found];
  }
  return { candidates, exact };
};

interface MessageState {
  readonly name: ByteString;
  readonly message: Looked;
  /** What the base has of the same identity, here or in the other directory. */
  readonly candidates: readonly BaseEntry[];
  /** The one of these with the same name in the same directory. */
  readonly exact: BaseEntry | undefined;
  readonly file: ByteString;
  readonly alarm: RewriteAlarm;
}

const childOf = (context: CaptureContext, state: MessageState): Child | undefined => {
  const { name, message, candidates, exact, alarm } = state;
  if (message === 'gone') return undefined;
  if (message === 'unsure')
    return { kind: 'carried', name, base: exact ?? candidates[0], fault: unsettled(state.file) };
  if (message instanceof Fault) return { kind: 'carried', name, base: exact, fault: message };
  const { metadata, file } = message;
  if (context.filter?.(state.file, metadata) === false) return undefined;
  const kept = capturable(context, file, metadata);
  if (kept === undefined) return undefined;
  if (kept instanceof Fault) return { kind: 'carried', name, base: exact, fault: kept };
  // The name stays the one that was listed, which keeps the order, if the file was found under another by now.
  const entry: Entry = { name, ...metadata };
  if (exact?.held === true && hasNotChanged(entry, exact.entry)) {
    return { kind: 'same', entry, base: exact, action: 'unchanged' };
  }
  const renamed = candidates.find((base) => base !== exact && base.held && isSameMessage(entry, base.entry));
  if (renamed !== undefined) return { kind: 'same', entry, base: renamed, action: 'renamed' };
  const before = exact ?? candidates[0];
  if (before !== undefined && isRewritten(entry, before.entry)) alarm.add(name);
  return {
    kind: 'fresh',
    entry,
    content: entry.type === 'file' ? { kind: 'local-file', file } : { kind: 'none' },
    action: before === undefined ? 'new' : 'changed',
  };
};

/** A change of flags renames a file and touches nothing else than its ctime. */
const isSameMessage = (now: Metadata, before: Metadata): boolean =>
  now.type === 'file' &&
  before.type === 'file' &&
  now.inode === before.inode &&
  now.size === before.size &&
  now.mtime === before.mtime;
