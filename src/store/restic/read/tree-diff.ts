import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, compareBytes } from '../../../model/byte-string.ts';
import type { Entry, EntryType, ExtendedAttribute } from '../../../model/entry.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTreePages, subtreesAndContents } from '../format/tree-reader.ts';
import { type BlobSet, createBlobSet } from '../index/blob-set.ts';
import type { BlobSlot } from '../index/blob-table.ts';
import { isTreeFault } from './tree-listing.ts';
import { locate, plainLength, type UsedBlobsParts } from './used-blobs.ts';

/** One change from the first tree to the second; the path of what is a folder (there, or else before) ends in `/`. */
export interface TreeChange {
  readonly path: ByteString;
  /** restic's marks: `+`, `-`, `M` content, `M?` content alone (rot), `U` metadata, `T` type and what else. */
  readonly modifier: string;
}

export interface ChangeCounts {
  files: number;
  directories: number;
  others: number;
  dataBlobs: number;
  treeBlobs: number;
  /** Plaintext of the blobs. */
  bytes: number;
}

export interface DiffStatistics {
  changedFiles: number;
  readonly added: ChangeCounts;
  readonly removed: ChangeCounts;
}

export interface DiffOptions {
  /** Tell of metadata, too. */
  readonly metadata: boolean;
}

interface Comparing {
  readonly parts: UsedBlobsParts;
  readonly options: DiffOptions;
  readonly run: Run;
  readonly statistics: DiffStatistics;
  readonly before: SideBlobs;
  readonly after: SideBlobs;
  /** Trees that both have at the same place, and which are not looked into. */
  readonly common: Uint8Array[];
}

/** The blobs that one side uses outside of what is common. */
interface SideBlobs {
  readonly data: BlobSet;
  readonly trees: BlobSet;
}

const noBlobs = (): SideBlobs => ({ data: createBlobSet(), trees: createBlobSet() });

const noCounts = (): ChangeCounts => ({ files: 0, directories: 0, others: 0, dataBlobs: 0, treeBlobs: 0, bytes: 0 });

/**
 * What must be done to make the second tree of the first, in restic's order. Subtrees with the same id are equal and are
 * skipped. The generator returns the statistics: of the blobs those count that only one of the two trees uses.
 * A tree that cannot be read is told as a fault event.
 */
export async function* diffTrees(
  parts: UsedBlobsParts,
  [left, right]: readonly [Uint8Array, Uint8Array],
  options: DiffOptions,
  run: Run,
): AsyncGenerator<readonly TreeChange[], DiffStatistics> {
  const comparing: Comparing = {
    parts,
    options,
    run,
    statistics: { changedFiles: 0, added: noCounts(), removed: noCounts() },
    before: noBlobs(),
    after: noBlobs(),
    common: [],
  };
  comparing.before.trees.add(locate(parts.table, 'tree', left).slot);
  comparing.after.trees.add(locate(parts.table, 'tree', right).slot);
  if (Buffer.compare(left, right) !== 0) yield* diffDirectory(comparing, byteStringOfLatin1('/'), left, right);
  await countBlobs(comparing);
  return comparing.statistics;
}

const nodesOf = async ({ parts, run }: Comparing, tree: Uint8Array, path: ByteString): Promise<Iterator<TreeNode>> => {
  throwIfInterrupted(run);
  try {
    const json = await parts.trees.load(tree, run);
    return nodesIn(json);
  } catch (error) {
    if (!isTreeFault(error)) throw error;
    run.emit({ kind: 'fault', fault: error, path });
    return [].values();
  }
};

function* nodesIn(json: Uint8Array): Generator<TreeNode, void> {
  for (const page of readTreePages(json, 1000)) yield* page;
}

const pageSize = 1000;

async function* diffDirectory(
  comparing: Comparing,
  path: ByteString,
  left: Uint8Array,
  right: Uint8Array,
): AsyncGenerator<readonly TreeChange[], void> {
  const [lefts, rights] = [await nodesOf(comparing, left, path), await nodesOf(comparing, right, path)];
  let page: TreeChange[] = [];
  let [ours, theirs] = [lefts.next(), rights.next()];
  while (ours.done !== true || theirs.done !== true) {
    const order =
      ours.done === true ? 1 : theirs.done === true ? -1 : compareBytes(ours.value.entry.name, theirs.value.entry.name);
    const pair: NodePair = {
      left: order <= 0 && ours.done !== true ? ours.value : undefined,
      right: order >= 0 && theirs.done !== true ? theirs.value : undefined,
    };
    noteBlobs(comparing, pair.left, comparing.before);
    noteBlobs(comparing, pair.right, comparing.after);
    const change = changeOf(comparing, path, pair);
    if (change !== undefined) page.push(change);
    const below = belowOf(comparing, path, pair);
    if (below !== undefined || page.length >= pageSize) {
      yield page;
      page = [];
    }
    if (below !== undefined) yield* below;
    if (order <= 0) ours = lefts.next();
    if (order >= 0) theirs = rights.next();
  }
  yield page;
}

interface NodePair {
  readonly left: TreeNode | undefined;
  readonly right: TreeNode | undefined;
}

const pathOf = (parent: ByteString, node: TreeNode): ByteString =>
  byteStringOfLatin1(`${parent}${node.entry.name}${node.entry.type === 'directory' ? '/' : ''}`);

const changeOf = (comparing: Comparing, parent: ByteString, { left, right }: NodePair): TreeChange | undefined => {
  const { statistics } = comparing;
  if (left === undefined || right === undefined) {
    const node = left ?? right;
    if (node === undefined) return undefined;
    count(left === undefined ? statistics.added : statistics.removed, node.entry.type);
    return { path: pathOf(parent, node), modifier: left === undefined ? '+' : '-' };
  }
  let modifier = left.entry.type === right.entry.type ? '' : 'T';
  if (left.entry.type === 'file' && right.entry.type === 'file' && !sameBytes(left.content, right.content)) {
    modifier += 'M';
    statistics.changedFiles++;
    if (sameMetadata(left, right)) modifier += '?';
  } else if (comparing.options.metadata && !(sameMetadata(left, right) && sameContents(left, right))) modifier += 'U';
  return modifier === '' ? undefined : { path: pathOf(parent, right), modifier };
};

const belowOf = (
  comparing: Comparing,
  parent: ByteString,
  { left, right }: NodePair,
): AsyncGenerator<readonly TreeChange[], void> | undefined => {
  if (left?.subtree !== undefined && right?.subtree !== undefined) {
    if (!sameBytes(left.subtree, right.subtree))
      return diffDirectory(comparing, pathOf(parent, right), left.subtree, right.subtree);
    comparing.common.push(left.subtree);
    return undefined;
  }
  // restic does not look into a folder that became something else, nor into what became a folder.
  if (left !== undefined && right !== undefined) return undefined;
  if (left?.subtree !== undefined) return wholeDirectory(comparing, pathOf(parent, left), left.subtree, '-');
  if (right?.subtree !== undefined) return wholeDirectory(comparing, pathOf(parent, right), right.subtree, '+');
  return undefined;
};

async function* wholeDirectory(
  comparing: Comparing,
  path: ByteString,
  tree: Uint8Array,
  modifier: '+' | '-',
): AsyncGenerator<readonly TreeChange[], void> {
  const nodes = await nodesOf(comparing, tree, path);
  const { statistics, before, after } = comparing;
  let page: TreeChange[] = [];
  for (let next = nodes.next(); next.done !== true; next = nodes.next()) {
    const node = next.value;
    const own = pathOf(path, node);
    page.push({ path: own, modifier });
    count(modifier === '+' ? statistics.added : statistics.removed, node.entry.type);
    noteBlobs(comparing, node, modifier === '+' ? after : before);
    if (node.subtree === undefined && page.length < pageSize) continue;
    yield page;
    page = [];
    if (node.subtree !== undefined) yield* wholeDirectory(comparing, own, node.subtree, modifier);
  }
  yield page;
}

const count = (counts: ChangeCounts, type: EntryType): void => {
  if (type === 'file') counts.files++;
  else if (type === 'directory') counts.directories++;
  else counts.others++;
};

const noteBlobs = ({ parts, run }: Comparing, node: TreeNode | undefined, blobs: SideBlobs): void => {
  if (node === undefined) return;
  try {
    if (node.subtree !== undefined) blobs.trees.add(locate(parts.table, 'tree', node.subtree).slot);
    const content = node.entry.type === 'file' ? node.content : undefined;
    for (let at = 0; content !== undefined && at < content.length; at += 32)
      blobs.data.add(locate(parts.table, 'data', content.subarray(at, at + 32)).slot);
  } catch (error) {
    if (!isTreeFault(error)) throw error;
    run.emit({ kind: 'fault', fault: error, path: node.entry.name });
  }
};

const sameBytes = (left: Uint8Array | undefined, right: Uint8Array | undefined): boolean =>
  left === undefined || right === undefined ? left === right : Buffer.compare(left, right) === 0;

const sameContents = (left: TreeNode, right: TreeNode): boolean =>
  sameBytes(left.content, right.content) && sameBytes(left.subtree, right.subtree);

const plainFields = [
  'type',
  'mode',
  'mtime',
  'atime',
  'ctime',
  'uid',
  'gid',
  'user',
  'group',
  'inode',
  'deviceId',
  'size',
  'links',
  'linkTarget',
  'device',
] as const satisfies readonly (keyof Entry)[];

/** Everything but content and subtree. */
const sameMetadata = (left: TreeNode, right: TreeNode): boolean =>
  plainFields.every((field) => left.entry[field] === right.entry[field]) &&
  sameAttributes(left.entry.extendedAttributes ?? [], right.entry.extendedAttributes ?? []) &&
  left.passedThrough === right.passedThrough;

const sameAttributes = (left: readonly ExtendedAttribute[], right: readonly ExtendedAttribute[]): boolean =>
  left.length === right.length &&
  left.every(({ name, value }) => {
    const other = right.find((attribute) => attribute.name === name);
    return other !== undefined && Buffer.compare(value ?? new Uint8Array(0), other.value ?? new Uint8Array(0)) === 0;
  });

/**
 * Counts the blobs that only one side has. What lies in common subtrees is on both sides, so these are looked through,
 * though only as long as there is something left to find.
 */
const countBlobs = async ({ parts, run, before, after, common, statistics }: Comparing): Promise<void> => {
  const removed = onlyIn(before, after);
  const added = onlyIn(after, before);
  const visited = createBlobSet();
  const { table, trees } = parts;
  const forget = (slot: BlobSlot | undefined): void => {
    if (slot === undefined) return;
    removed.delete(slot);
    added.delete(slot);
  };
  for (let tree = common.pop(); tree !== undefined && removed.size + added.size > 0; tree = common.pop()) {
    throwIfInterrupted(run);
    const { slot } = locate(table, 'tree', tree);
    if (!visited.add(slot)) continue;
    forget(slot);
    subtreesAndContents(await trees.load(tree, run), {
      node: ({ subtree, content }) => {
        if (subtree !== undefined) common.push(subtree.slice());
        for (let at = 0; content !== undefined && at < content.length; at += 32)
          forget(table.find('data', content, at));
      },
    });
  }
  sumBlobs(parts, removed, statistics.removed);
  sumBlobs(parts, added, statistics.added);
};

const onlyIn = (one: SideBlobs, other: SideBlobs): Map<BlobSlot, 'data' | 'tree'> => {
  const only = new Map<BlobSlot, 'data' | 'tree'>();
  for (const slot of one.data.values()) if (!other.data.has(slot)) only.set(slot, 'data');
  for (const slot of one.trees.values()) if (!other.trees.has(slot)) only.set(slot, 'tree');
  return only;
};

const sumBlobs = (
  { table }: UsedBlobsParts,
  slots: ReadonlyMap<BlobSlot, 'data' | 'tree'>,
  counts: ChangeCounts,
): void => {
  for (const [slot, type] of slots) {
    if (type === 'tree') counts.treeBlobs++;
    else counts.dataBlobs++;
    const location = table.location(slot);
    if (location !== undefined) counts.bytes += plainLength(location);
  }
};
