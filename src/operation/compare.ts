import type { Base, CapturedDirectory, Child, Content, FreshChild, Listing, Source } from '../contract/source.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';
import {
  changedFields,
  compareContent,
  compareWalkOrder,
  type Difference,
  isWithin,
  type MetadataField,
  type Overlooked,
} from '../model/compare.ts';
import type { Entry, Metadata, Path } from '../model/entry.ts';
import { type ContentComparison, createContentComparison } from './compare-content.ts';
import { createOrderedWalk, type OrderedWalk } from './ordered-walk.ts';

export interface CompareOptions {
  /** Compare metadata too. */
  readonly metadata: boolean;
  /**
   * `read`: read and hash both. `digest`: ask `sameContent` first and read only what it does not know.
   * `none`: sizes, targets of symlinks and numbers of devices only.
   */
  readonly contents: 'digest' | 'read' | 'none';
  /** What is known of two contents without reading them, such as equal lists of blobs. Undefined: nothing. */
  readonly sameContent?: (left: Content, right: Content) => boolean | undefined;
  /**
   * What each side is captured against, which must be the other side: two snapshots of one repository then skip what
   * they share, as `capture` calls such a subtree `same`.
   */
  readonly bases?: { readonly left?: Base; readonly right?: Base };
  /** What is no difference. */
  readonly overlooked?: Overlooked;
}

/**
 * Tells how two trees differ; nothing when they are equal. Both are walked once, at the same time. Kept in memory are
 * a page of each, a Maildir's `new`, and the pairs whose contents are still to be read. Within a directory differences
 * come in byte order of the names, those that need reading a little later.
 *
 * Faults: `internal` when a source does not walk in the order of `compareWalkOrder`; whatever the sources throw.
 */
export async function* compare(
  left: Source,
  right: Source,
  options: CompareOptions,
  run: Run,
): AsyncGenerator<Difference, void> {
  const contents = createContentComparison(left, right, run);
  const comparing: Comparing = { options, contents, overlooked: options.overlooked ?? new Set() };
  const lefts = createOrderedWalk(left.capture(options.bases?.left, run), left.description);
  const rights = createOrderedWalk(right.capture(options.bases?.right, run), right.description);
  try {
    for (;;) {
      throwIfInterrupted(run);
      const [ours, theirs] = [await lefts.peek(), await rights.peek()];
      if (ours === undefined && theirs === undefined) break;
      yield* step(comparing, lefts, rights);
      const order = orderOf(ours, theirs);
      if (order <= 0) lefts.advance();
      if (order >= 0) rights.advance();
    }
    yield* contents.compare();
  } finally {
    await closeBoth(lefts, rights);
  }
}

const closeBoth = async (lefts: OrderedWalk, rights: OrderedWalk): Promise<void> => {
  await lefts.close();
  await rights.close();
};

interface Comparing {
  readonly options: CompareOptions;
  readonly contents: ContentComparison;
  readonly overlooked: Overlooked;
}

const orderOf = (ours: CapturedDirectory | undefined, theirs: CapturedDirectory | undefined): number => {
  if (ours === undefined) return 1;
  return theirs === undefined ? -1 : compareWalkOrder(ours.path, theirs.path);
};

async function* step(comparing: Comparing, lefts: OrderedWalk, rights: OrderedWalk): AsyncGenerator<Difference, void> {
  const [ours, theirs] = [await lefts.peek(), await rights.peek()];
  const order = orderOf(ours, theirs);
  if (order === 0 && ours !== undefined && theirs !== undefined) yield* bothSides(comparing, ours, theirs);
  else if (order < 0 && ours !== undefined) yield* oneSide(ours, await isCovered(ours.path, rights), onlyLeft);
  else if (theirs !== undefined) yield* oneSide(theirs, await isCovered(theirs.path, lefts), onlyRight);
}

/**
 * Whether a directory that is not met on the other side is not missing there either: it lies in what that side has in
 * one piece, or could not look at.
 */
const isCovered = async (path: Path, otherSide: OrderedWalk): Promise<boolean> => {
  const other = await otherSide.peek();
  if (other === undefined || !isWithin(path, other.path)) return false;
  if (other.listing.kind !== 'listed') return true;
  const name = path[other.path.length];
  return name !== undefined && (await otherSide.carriedNames()).has(name);
};

type OnlyOne = (path: ByteString, metadata: Metadata) => Difference;

const onlyLeft: OnlyOne = (path, left) => ({ kind: 'removed', path, left });
const onlyRight: OnlyOne = (path, right) => ({ kind: 'added', path, right });

/** A directory that the other side does not have. */
async function* oneSide(
  directory: CapturedDirectory,
  covered: boolean,
  tell: OnlyOne,
): AsyncGenerator<Difference, void> {
  const { path, metadata, listing } = directory;
  const key = joined(path);
  if (listing.kind === 'carried' && !covered) yield { kind: 'unknown', path: key, fault: listing.fault };
  if (listing.kind === 'listed') {
    for await (const page of listing.pages) {
      for (const child of page) {
        if (covered) continue;
        const difference = onlyChild(child, key, tell);
        if (difference !== undefined) yield difference;
      }
    }
  }
  if (metadata !== undefined && path.length > 0 && !covered) yield tell(key, metadata);
}

/** Of a directory, its own turn has told. */
const onlyChild = (child: Child, parent: ByteString, tell: OnlyOne): Difference | undefined => {
  if (child.kind === 'directory') return undefined;
  const path = below(parent, nameOf(child));
  if (child.kind === 'carried') return { kind: 'unknown', path, fault: child.fault };
  return tell(path, child.entry);
};

async function* bothSides(
  comparing: Comparing,
  ours: CapturedDirectory,
  theirs: CapturedDirectory,
): AsyncGenerator<Difference, void> {
  const path = joined(ours.path);
  const unknown = [ours, theirs].find(({ listing }) => listing.kind === 'carried')?.listing;
  if (ours.listing.kind === 'listed' && theirs.listing.kind === 'listed') {
    yield* mergeListings(comparing, path, { ours: ours.listing, theirs: theirs.listing });
  } else {
    if (unknown?.kind === 'carried') yield { kind: 'unknown', path, fault: unknown.fault };
    await drain(ours.listing);
    await drain(theirs.listing);
  }
  if (ours.metadata === undefined || theirs.metadata === undefined || !comparing.options.metadata) return;
  const fields = changedFields(ours.metadata, theirs.metadata, comparing.overlooked);
  if (fields.length > 0) yield { kind: 'metadata', path, left: ours.metadata, right: theirs.metadata, fields };
}

const drain = async (listing: Listing): Promise<void> => {
  if (listing.kind !== 'listed') return;
  const pages = listing.pages[Symbol.asyncIterator]();
  while ((await pages.next()).done !== true);
};

type Listed = Extract<Listing, { readonly kind: 'listed' }>;

async function* mergeListings(
  comparing: Comparing,
  path: ByteString,
  { ours, theirs }: { readonly ours: Listed; readonly theirs: Listed },
): AsyncGenerator<Difference, void> {
  const lefts = createCursor(ours);
  const rights = createCursor(theirs);
  for (;;) {
    // Awaited only where a page ends: there are many more children than pages.
    if (lefts.needsPage()) await lefts.load();
    if (rights.needsPage()) await rights.load();
    const [left, right] = [lefts.current(), rights.current()];
    if (left === undefined && right === undefined) return;
    const difference = compareChildren(comparing, path, { left, right });
    if (difference !== undefined) yield difference;
    if (comparing.contents.isFull()) yield* comparing.contents.compare();
    const order = orderOfChildren(left, right);
    if (order <= 0) lefts.advance();
    if (order >= 0) rights.advance();
  }
}

interface Pair {
  readonly left: Child | undefined;
  readonly right: Child | undefined;
}

const orderOfChildren = (left: Child | undefined, right: Child | undefined): number => {
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  const [ours, theirs] = [nameOf(left), nameOf(right)];
  return ours < theirs ? -1 : ours > theirs ? 1 : 0;
};

const compareChildren = (comparing: Comparing, parent: ByteString, { left, right }: Pair): Difference | undefined => {
  const order = orderOfChildren(left, right);
  if (order < 0) return left === undefined ? undefined : onlyChild(left, parent, onlyLeft);
  if (order > 0) return right === undefined ? undefined : onlyChild(right, parent, onlyRight);
  if (left === undefined || right === undefined) return undefined;
  const path = below(parent, nameOf(left));
  if (left.kind === 'carried') return { kind: 'unknown', path, fault: left.fault };
  if (right.kind === 'carried') return { kind: 'unknown', path, fault: right.fault };
  if (left.kind === 'directory') return right.kind === 'directory' ? undefined : onlyChild(right, parent, onlyRight);
  if (right.kind === 'directory') return onlyChild(left, parent, onlyLeft);
  return compareEntries(comparing, path, { left, right });
};

type EntryChild = Exclude<Child, { readonly kind: 'directory' | 'carried' }>;

const compareEntries = (
  { options, contents, overlooked }: Comparing,
  path: ByteString,
  { left, right }: { readonly left: EntryChild; readonly right: EntryChild },
): Difference | undefined => {
  if (left.entry.type !== right.entry.type) return { kind: 'type', path, left: left.entry, right: right.entry };
  const fields: readonly MetadataField[] = options.metadata ? changedFields(left.entry, right.entry, overlooked) : [];
  const both = { path, left: left.entry, right: right.entry, fields };
  const known = knownContent(options, left, right);
  if (known === 'different') return { kind: 'content', ...both };
  if (known === 'same') return fields.length > 0 ? { kind: 'metadata', ...both } : undefined;
  contents.add({ path, left: known.left, right: known.right, fields });
  return undefined;
};

const knownContent = (
  options: CompareOptions,
  left: EntryChild,
  right: EntryChild,
): 'same' | 'different' | { readonly left: FreshChild; readonly right: FreshChild } => {
  const first = compareContent(left.entry, right.entry);
  if (first !== 'to be read') return first;
  // Captured against each other: such an entry has the content of the other side's entry.
  if (options.contents === 'none' || left.kind === 'same' || right.kind === 'same') return 'same';
  const known = options.contents === 'digest' ? options.sameContent?.(left.content, right.content) : undefined;
  if (known === undefined) return { left, right };
  return known ? 'same' : 'different';
};

/** The children of a listing one by one. */
const createCursor = ({ pages }: Listed) => {
  const iterator = pages[Symbol.asyncIterator]();
  let page: readonly Child[] = [];
  let at = 0;
  let ended = false;
  return {
    needsPage: (): boolean => !ended && at >= page.length,
    load: async (): Promise<void> => {
      while (!ended && at >= page.length) {
        const result = await iterator.next();
        ended = result.done === true;
        page = result.done === true ? [] : result.value;
        at = 0;
      }
    },
    current: (): Child | undefined => page[at],
    advance: (): void => {
      at++;
    },
  };
};

const nameOf = (child: Child): Entry['name'] =>
  child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;

const joined = (path: Path): ByteString => byteStringOfLatin1(path.join('/'));

const below = (parent: ByteString, name: ByteString): ByteString =>
  parent === '' ? name : byteStringOfLatin1(`${parent}/${name}`);
