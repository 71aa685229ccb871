import type { BigIntStats } from 'node:fs';
import { throwIfInterrupted } from '../../contract/run.ts';
import type { BaseEntry, CapturedDirectory, Child } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { captureMessages } from '../maildir/folder-capture.ts';
import { isMaildirFolder } from '../maildir/folder-layout.ts';
import { countTemporary, withoutCaches } from '../maildir/mail-cache.ts';
import { createBaseCursor } from '../../contract/base-cursor.ts';
import { type CaptureContext, childFile, type MaildirOptions, nextTurn, pageSize } from './capture-context.ts';
import { type DirectoryNames, readDirectoryNames } from './directory-names.ts';
import { capturable } from './entry-kind.ts';
import { typeOf, unreadable } from './local-metadata.ts';
import type { PathNode } from './path-tree.ts';
import { vanishedFolder } from './scanned-places.ts';
import { childOf } from './sameness.ts';

/** A directory on its way into the tree. */
export interface Place {
  readonly path: Path;
  /** Undefined where the node only leads to given paths elsewhere. */
  readonly file: ByteString | undefined;
  readonly metadata: Metadata | undefined;
  /** What was given here or below. */
  readonly node: PathNode | undefined;
  /** The only file system to stay on. */
  readonly device: bigint | undefined;
}

/** What the parent is to say of a directory; undefined: nothing, it is left out. */
type Outcome = 'directory' | Fault | undefined;
type Outcomes = Map<ByteString, Outcome>;

/** A given path, or one that leads to some: no filter applies, and when it is missing that is a fault. */
const givenIn = (place: Place, name: ByteString): PathNode | undefined => place.node?.children.get(name);

const fileIn = (place: Place, name: ByteString): ByteString => {
  const given = givenIn(place, name);
  return given?.path ?? given?.way ?? childFile(place.file ?? name, name);
};

/** Walks everything at and below a place, children first. Returns what the parent is to say of it. */
export async function* walk(context: CaptureContext, place: Place): AsyncGenerator<CapturedDirectory, Outcome> {
  throwIfInterrupted(context.run);
  const { file, node, path, metadata } = place;
  let read: DirectoryNames = { names: [], directories: new Set() };
  let fault: Fault | undefined;
  try {
    if (file !== undefined) {
      read = readDirectoryNames(file);
      // Opening a folder may mount what belongs there; then it is read as what it is now.
      if (wasMounted(context, file)) read = readDirectoryNames(file);
      // What was unmounted between the two looks has the names of what lay below it.
      fault = placeLost(context, file);
    }
  } catch (error) {
    if (file === undefined) throw error;
    const isGone = isMissing(error);
    fault = isGone
      ? (placeLost(context, file, node) ?? (node === undefined ? vanishedFolder(file) : undefined))
      : undefined;
    fault ??= unreadable(error, file, 'list');
  }
  if (fault !== undefined) {
    const base = await context.base?.directory(path, context.run);
    yield { path, metadata, listing: { kind: 'carried', base, fault } };
    return 'directory';
  }
  const outcomes: Outcomes = new Map();
  const { maildir } = context;
  if (file !== undefined && maildir !== undefined && isFolderOfItsOwn(place) && isMaildirFolder(read)) {
    if (maildir.caches !== 'keep') read = withoutCaches(context, file, read);
    yield* walkFolder(context, { place, file, maildir }, outcomes);
  }
  const names = node === undefined ? read.names : [...new Set([...read.names, ...node.children.keys()])].sort();
  for (const name of names) {
    if (outcomes.has(name) || !(read.directories.has(name) || givenIn(place, name) !== undefined)) continue;
    const outcome = yield* walkChild(context, place, name);
    if (outcome !== 'no directory') outcomes.set(name, outcome);
  }
  yield { path, metadata, listing: { kind: 'listed', pages: listPages(context, place, { names, outcomes }) } };
  return 'directory';
}

/** ELOOP and ENOTDIR: something else has its name now. */
const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoCode(error) ?? '');

/** Whether a file system came to lie on the directory since it was looked at, as an automounter does it. */
const wasMounted = ({ places, reader }: CaptureContext, file: ByteString): boolean => {
  if (places.lost(file, reader) === undefined) return false;
  const stats = reader.stats(file);
  // After an unmount it is of its parent's file system again.
  if (stats === undefined || stats.dev === reader.stats(childFile(file, byteStringOfLatin1('..')))?.dev) return false;
  places.remember(file, stats);
  return true;
};

/** A given directory itself; of another, what is above it, unless it is there as another than it was. */
const placeLost = (context: CaptureContext, file: ByteString, node?: PathNode): Fault | undefined => {
  const above = context.places.lostAbove(file, context.reader);
  if (above !== undefined || node !== undefined) return above ?? context.places.lost(file, context.reader);
  return isThere(context, file) ? context.places.lost(file, context.reader) : undefined;
};

const isThere = ({ reader }: CaptureContext, file: ByteString): boolean => {
  try {
    return reader.stats(file) !== undefined;
  } catch {
    // Something is there that cannot be looked at.
    return true;
  }
};

/** Where single files or folders inside were given, it is taken as the plain directory it is. */
const isFolderOfItsOwn = ({ node }: Place): boolean => node === undefined || node.children.size === 0;

interface FolderPlace {
  readonly place: Place;
  readonly file: ByteString;
  readonly maildir: MaildirOptions;
}

/** `cur`, `new` and `tmp` of a Maildir folder, into `outcomes`. */
async function* walkFolder(
  context: CaptureContext,
  { place, file, maildir }: FolderPlace,
  outcomes: Outcomes,
): AsyncGenerator<CapturedDirectory, void> {
  const folder = { path: place.path, file, device: place.device };
  const walkBelow = (parent: { readonly path: Path; readonly file: ByteString }, name: ByteString) =>
    walkChild(context, { ...parent, metadata: undefined, node: undefined, device: place.device }, name);
  const captured = yield* captureMessages(context, maildir, { folder, walkBelow });
  for (const [name, outcome] of captured) outcomes.set(name, outcome);
  if (maildir.caches === 'keep') return;
  const temporary = byteStringOfLatin1('tmp');
  const directory = childFile(file, temporary);
  const looked = lookAt(context, directory, undefined);
  if (looked === undefined || looked instanceof Fault) {
    outcomes.set(temporary, looked ?? vanishedFolder(directory));
  } else if (typeOf(looked.stats) === 'directory' && context.filter?.(directory, looked.metadata) !== false) {
    countTemporary(context, directory);
    const path = [...place.path, temporary];
    yield { path, metadata: looked.metadata, listing: { kind: 'listed', pages: noPages() } };
    outcomes.set(temporary, 'directory');
  }
}

async function* walkChild(
  context: CaptureContext,
  place: Place,
  name: ByteString,
): AsyncGenerator<CapturedDirectory, Outcome | 'no directory'> {
  const given = givenIn(place, name);
  const file = fileIn(place, name);
  const looked = lookAt(context, file, given);
  if (looked === undefined || looked instanceof Fault) return looked ?? vanishedFolder(file);
  const { stats, metadata } = looked;
  if (typeOf(stats) !== 'directory') return 'no directory';
  if (given === undefined && context.filter?.(file, metadata) === false) return undefined;
  const path = [...place.path, name];
  if (given === undefined && isElsewhere(place, stats)) {
    // The mount point is kept, so that a restored tree has where to mount.
    yield { path, metadata, listing: { kind: 'listed', pages: noPages() } };
    return 'directory';
  }
  const isWay = given !== undefined && given.path === undefined;
  if (!isWay) context.places.remember(file, stats);
  const ownDevice = context.oneFileSystem && !isWay ? stats.dev : undefined;
  const device = given === undefined ? place.device : ownDevice;
  return yield* walk(context, { path, file: isWay ? undefined : file, metadata, node: given, device });
}

const isElsewhere = (place: Place, stats: BigIntStats): boolean =>
  place.device !== undefined && stats.dev !== place.device;

interface Looked {
  readonly stats: BigIntStats;
  readonly metadata: Metadata;
}

/** Undefined: it is gone, and the folders above it are what they were. A given path that is gone is a Fault: an unmounted disk must not look like a deletion. */
const lookAt = (context: CaptureContext, file: ByteString, given: PathNode | undefined): Looked | Fault | undefined => {
  const isWay = given !== undefined && given.path === undefined;
  try {
    const stats = context.reader.stats(file, isWay ? 'follow' : undefined);
    if (stats !== undefined) {
      if (!isWay || typeOf(stats) === 'directory') return { stats, metadata: context.reader.describe(file, stats) };
      return new Fault('source-missing', `${displayText(file)} is not a folder`, {
        context: { path: displayText(file) },
      });
    }
  } catch (error) {
    if (given !== undefined || !isMissing(error)) return unreadable(error, file);
  }
  return given === undefined ? context.places.lostAbove(file, context.reader) : missingPath(file);
};

export const missingPath = (file: ByteString): Fault =>
  new Fault('source-missing', `${displayText(file)} is not there`, {
    hint: 'Look whether the path is right and its file system is mounted.',
    context: { path: displayText(file) },
  });

async function* noPages(): AsyncGenerator<readonly Child[]> {}

interface Names {
  readonly names: readonly ByteString[];
  /** Of the directories among them. */
  readonly outcomes: ReadonlyMap<ByteString, Outcome>;
}

/** The children of a directory whose subdirectories were walked. */
async function* listPages(
  context: CaptureContext,
  place: Place,
  { names, outcomes }: Names,
): AsyncGenerator<readonly Child[]> {
  const cursor = createBaseCursor(context.base, place.path, context.run);
  try {
    let page: Child[] = [];
    for (const [at, name] of names.entries()) {
      const answer = cursor.find(name);
      const base = answer instanceof Promise ? await answer : answer;
      const child = outcomes.has(name)
        ? directoryChild(name, base, outcomes.get(name))
        : entryChild(context, place, { name, base });
      if (child !== undefined) page.push(child);
      if ((at + 1) % pageSize !== 0) continue;
      await nextTurn();
      throwIfInterrupted(context.run);
      if (page.length > 0) yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  } finally {
    await cursor.close();
  }
}

const directoryChild = (name: ByteString, base: BaseEntry | undefined, outcome: Outcome): Child | undefined => {
  if (outcome === undefined) return undefined;
  return outcome === 'directory' ? { kind: 'directory', name } : { kind: 'carried', name, base, fault: outcome };
};

/** Undefined: gone or left out. */
const entryChild = (
  context: CaptureContext,
  place: Place,
  { name, base }: { readonly name: ByteString; readonly base: BaseEntry | undefined },
): Child | undefined => {
  const given = givenIn(place, name);
  const file = fileIn(place, name);
  const looked = lookAt(context, file, given);
  if (looked === undefined) return undefined;
  if (looked instanceof Fault) return { kind: 'carried', name, base, fault: looked };
  const { stats, metadata } = looked;
  if (given === undefined && isElsewhere(place, stats)) return undefined;
  if (given === undefined && context.filter?.(file, metadata) === false) return undefined;
  if (given !== undefined && metadata.type === 'symlink') tellOfLink(context, file);
  const kept = capturable(context, file, metadata);
  if (kept === undefined) return undefined;
  if (kept instanceof Fault) return { kind: 'carried', name, base, fault: kept };
  return childOf({ name, ...kept }, file, base);
};

/** As restic does it; a person who gives a link may have expected what it leads to. */
const tellOfLink = ({ run }: CaptureContext, file: ByteString): void => {
  const message = `${displayText(file)} is a symbolic link: the link is kept, not what it leads to`;
  run.emit({ kind: 'notice', message });
};
