import type {
  Base,
  BaseDirectory,
  BaseEntry,
  CapturedDirectory,
  Child,
  ReadRequest,
} from '../../../contract/source.ts';
import type { PackedFiles } from '../../../contract/packed-files.ts';
import type { StoredSnapshot } from '../../../contract/store.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Nanoseconds, Path } from '../../../model/entry.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { BlobTable } from '../index/blob-table.ts';
import { hexOf } from './blob-reader.ts';
import type { ContentReader } from './content-reader.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { packStoredFiles } from './stored-files.ts';
import type { TreeCache } from './tree-cache.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { isTreeFault } from './tree-listing.ts';
import { readTree, readTreePages } from '../format/tree-reader.ts';
import { treeAt, type SubtreeLedger } from './tree-walk.ts';

/** What a snapshot's entry refers to: how the store recognises its own when a source hands it back. */
export interface StoredReference {
  readonly kind: 'stored';
  readonly node: TreeNode;
}

export const isStoredReference = (reference: unknown): reference is StoredReference =>
  typeof reference === 'object' && reference !== null && 'kind' in reference && reference.kind === 'stored';

/** A directory of a snapshot, with the id of its tree: equal ids, equal subtrees. */
export interface StoredDirectory extends BaseDirectory {
  readonly treeId: Uint8Array;
}

export const isStoredDirectory = (directory: BaseDirectory): directory is StoredDirectory => 'treeId' in directory;

/** A snapshot of this store. As a base it offers nothing packed by itself: only a capture into this store takes that. */
export interface ResticSnapshot extends StoredSnapshot {
  files(path: Path, run: Run): Promise<PackedFiles | undefined>;
}

const isResticSnapshot = (snapshot: StoredSnapshot): snapshot is ResticSnapshot => 'files' in snapshot;

/** The base for a source whose amended listings we take. */
export const packedBase = (snapshot: StoredSnapshot): Base =>
  isResticSnapshot(snapshot)
    ? {
        scannedAt: snapshot.scannedAt,
        directory: (path, run) => snapshot.directory(path, run),
        children: (path, run) => snapshot.children(path, run),
        contents: (entries, run) => snapshot.contents(entries, run),
        packed: (path, run) => snapshot.files(path, run),
      }
    : snapshot;

export interface StoredTreeParts {
  /** The tree that is the root of the source: the snapshot's, or that of a folder in it. */
  readonly root: Uint8Array;
  readonly trees: TreeCache;
  readonly table: BlobTable;
  readonly ledger: SubtreeLedger;
  readonly contents: ContentReader;
  /** Whether all that this snapshot's trees refer to is known to be there without looking. */
  readonly knownComplete: () => boolean;
  /** Whether packs were found to be lost or damaged, so that what lay in them need not be told one by one. */
  readonly lossIsTold: () => boolean;
}

export interface SnapshotParts extends StoredTreeParts {
  readonly file: SnapshotFile;
}

const pageSize = 1000;

/** So many nodes of a folder without folders in it are kept between the look for folders and the listing. */
const keptNodes = 4 * pageSize;

const hasContent = (content: Uint8Array | undefined, table: BlobTable): boolean => {
  if (content === undefined) return true;
  for (let at = 0; at < content.length; at += 32) if (!table.has('data', content, at)) return false;
  return true;
};

const childOf = (node: TreeNode): Child => {
  if (node.subtree !== undefined) return { kind: 'directory', name: node.entry.name };
  const content =
    node.content === undefined ? ({ kind: 'none' } as const) : ({ kind: 'delivered', key: node.content } as const);
  return { kind: 'fresh', entry: node.entry, content, action: 'new' };
};

async function* onePage(nodes: readonly TreeNode[]): AsyncGenerator<readonly Child[]> {
  if (nodes.length > 0) yield nodes.map(childOf);
}

/** A snapshot as a source to restore from, and as the base of the next capture. */
export const openStoredSnapshot = (parts: SnapshotParts): ResticSnapshot => {
  const { file, root, trees } = parts;

  async function* pagesOf(tree: Uint8Array): AsyncGenerator<readonly Child[]> {
    for (const page of readTreePages(tree, pageSize)) yield page.map(childOf);
  }

  async function* walk(
    id: Uint8Array,
    path: Path,
    node: TreeNode | undefined,
    run: Run,
  ): AsyncGenerator<CapturedDirectory> {
    throwIfInterrupted(run);
    const below: TreeNode[] = [];
    const others: TreeNode[] = [];
    let tree: Uint8Array;
    try {
      tree = await trees.load(id, run);
      readTree(tree, (child) => {
        if (child.subtree !== undefined) below.push(child);
        else if (others.length <= keptNodes) others.push(child);
      });
    } catch (error) {
      // One lost folder must not keep all the others from being restored.
      if (path.length === 0 || !isTreeFault(error)) throw error;
      yield { path, metadata: node?.entry, listing: { kind: 'carried', base: undefined, fault: error } };
      return;
    }
    // Nothing is held while the folders below take their time.
    if (below.length > 0) others.length = 0;
    for (const child of below) {
      if (child.subtree !== undefined) yield* walk(child.subtree, [...path, child.entry.name], child, run);
    }
    const known = below.length === 0 && others.length <= keptNodes;
    yield { path, metadata: node?.entry, listing: { kind: 'listed', pages: known ? onePage(others) : pagesOf(tree) } };
  }

  return {
    description: `snapshot ${file.id.slice(0, 8)}`,
    snapshot: file,
    scannedAt: file.summary?.backupStart.nanoseconds ?? file.time.nanoseconds,
    ...baseOf(parts, root),
    versionOf,
    contents: (entries, run) => parts.contents.read(entries.map(contentOfEntry), 'in-order', run),
    capture: (_base, run) => walk(root, [], undefined, run),
    read: (requests, pieces, run) => parts.contents.read(requests.map(contentOf), pieces, run),
    relocate: async () => undefined,
    close: async () => {},
  };
};

/** A tree that no snapshot is of yet, to look at. */
export const openStoredTree = (parts: StoredTreeParts, scannedAt: Nanoseconds): Base => {
  const { directory, children } = baseOf(parts, parts.root);
  const contents: Base['contents'] = (entries, run) =>
    parts.contents.read(entries.map(contentOfEntry), 'in-order', run);
  return { scannedAt, directory, children, contents, versionOf };
};

const versionOf = ({ reference }: BaseEntry): string | undefined => {
  if (!isStoredReference(reference)) return undefined;
  const { subtree, content } = reference.node;
  const ids = subtree ?? content;
  return ids === undefined ? undefined : hexOf(ids);
};

/** The ids of a request's blobs. */
const contentOf = (request: ReadRequest): Uint8Array => {
  if (request.content.kind === 'delivered' && request.content.key instanceof Uint8Array) return request.content.key;
  throw new Fault('internal', 'a snapshot was asked for a content that is not its own');
};

const contentOfEntry = ({ reference }: BaseEntry): Uint8Array => {
  if (isStoredReference(reference) && reference.node.content !== undefined) return reference.node.content;
  throw new Fault('internal', 'a snapshot was asked for a content that is not its own');
};

/** What lies at a path; undefined also where the trees on the way are lost. */
const lookedUp = async (
  { trees }: StoredTreeParts,
  { root, path }: { readonly root: Uint8Array; readonly path: Path },
  run: Run,
): ReturnType<typeof treeAt> => {
  try {
    return await treeAt(trees, root, path, run);
  } catch (error) {
    if (!isTreeFault(error)) throw error;
    // Told where it is met first: from then on it counts as lost.
    if (isFault(error, 'blob-damaged', 'pack-damaged')) run.emit({ kind: 'fault', fault: error });
    return undefined;
  }
};

/** A base with damage knows less, so that more is read: no damage of an old snapshot may keep a new one from being made. */
const baseOf = (
  parts: StoredTreeParts,
  root: Uint8Array,
): Pick<ResticSnapshot, 'directory' | 'children' | 'files'> => ({
  async directory(path, run): Promise<StoredDirectory | undefined> {
    const found = await lookedUp(parts, { root, path }, run);
    if (found === undefined) return undefined;
    const known = parts.ledger.known(found.id);
    return {
      path,
      metadata: found.node?.entry,
      treeId: found.id,
      settled: known !== undefined,
      ...(known?.look === undefined ? {} : { look: known.look }),
      held: (heldRun) => isHeld(parts, found.id, heldRun),
      counts: (countsRun) => parts.ledger.counts(found.id, countsRun),
    };
  },
  async *children(path, run): AsyncGenerator<readonly BaseEntry[]> {
    const found = await lookedUp(parts, { root, path }, run);
    if (found === undefined) return;
    try {
      for (const page of readTreePages(await parts.trees.load(found.id, run), pageSize)) {
        yield page.map((node) => baseEntryOf(node, parts));
      }
    } catch (error) {
      if (!isTreeFault(error)) throw error;
      if (error.code === 'blob-missing' && parts.lossIsTold()) return;
      const where = path.length === 0 ? {} : { path: byteStringOfLatin1(path.join('/')) };
      run.emit({ kind: 'fault', fault: error, ...where });
    }
  },
  async files(path, run): Promise<PackedFiles | undefined> {
    const found = await lookedUp(parts, { root, path }, run);
    if (found === undefined) return undefined;
    const { table, knownComplete } = parts;
    try {
      const json = await parts.trees.load(found.id, run);
      return packStoredFiles(json, { table, knownComplete, entryOf: (node) => baseEntryOf(node, parts) });
    } catch (error) {
      // What is wrong is told by `children`.
      if (isTreeFault(error)) return undefined;
      throw error;
    }
  },
});

const baseEntryOf = (node: TreeNode, { table }: StoredTreeParts): BaseEntry => ({
  entry: node.entry,
  held: hasContent(node.content, table),
  reference: { kind: 'stored', node } satisfies StoredReference,
});

const isHeld = async (parts: StoredTreeParts, id: Uint8Array, run: Run): Promise<boolean> => {
  if (parts.knownComplete()) return true;
  try {
    return await parts.ledger.complete(id, run);
  } catch (error) {
    if (!isTreeFault(error)) throw error;
    // Told where it is met first, as above.
    if (isFault(error, 'blob-damaged', 'pack-damaged')) run.emit({ kind: 'fault', fault: error });
    return false;
  }
};
