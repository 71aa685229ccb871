import type {
  BrowsableSnapshot,
  BrowsableStore,
  BrowsedNode,
  StoredChild,
  StoredFolder,
} from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import type { Content, Source } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import type { Entry, EntryType } from '../../model/entry.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/** Names, one character a byte, with texts of files or what lies in folders; null is a symbolic link. */
export interface FileTree {
  readonly [name: string]: string | null | FileTree;
}

const entryOf = (name: ByteString, type: EntryType, size: number): Entry => ({
  name,
  type,
  mode: 0o600,
  mtime: 1_600_000_000_000_000_000n,
  atime: 0n,
  ctime: 0n,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  inode: 1n,
  deviceId: 1n,
  size,
  links: 1,
});

const contentOf = (text: string): Content => ({ kind: 'delivered', key: bytesOf(byteStringOfLatin1(text)) });

const bytesIn = (content: Content): Uint8Array =>
  content.kind === 'delivered' && content.key instanceof Uint8Array ? content.key : new Uint8Array(0);

const folderOf = (tree: FileTree): StoredFolder => {
  const children = Object.entries(tree).map(([key, value]): StoredChild => {
    const name = byteStringOfLatin1(key);
    if (value === null) return { entry: entryOf(name, 'symlink', 0), folder: undefined, content: { kind: 'none' } };
    if (typeof value === 'string')
      return { entry: entryOf(name, 'file', value.length), folder: undefined, content: contentOf(value) };
    return { entry: entryOf(name, 'directory', 0), folder: folderOf(value), content: { kind: 'none' } };
  });
  return {
    identity: JSON.stringify(tree),
    async *children() {
      yield children;
    },
    child: async (name) => children.find(({ entry }) => entry.name === name),
  };
};

/** How many contents were read so far to learn what their headers say. */
export interface ReadCount {
  headers: number;
}

const sourceOf = (count: ReadCount): Source => ({
  description: 'a test',
  async *capture() {},
  async *read(requests) {
    for (const [request, { content }] of requests.entries()) {
      count.headers++;
      const bytes = bytesIn(content).slice();
      yield {
        bytes,
        pieces: [{ request, position: 0, start: 0, length: bytes.length }],
        verdicts: [{ request, verdict: { kind: 'complete', bytes: bytes.length } }],
      };
    }
  },
  relocate: async () => undefined,
  close: async () => undefined,
});

const snapshotOf = (tree: FileTree, count: ReadCount): BrowsableSnapshot => ({
  root: folderOf(tree),
  source: sourceOf(count),
  beginningOf: (content) => content,
  versionOf: (content) => Buffer.from(bytesIn(content)).toString('hex'),
  open: async (content) => {
    const bytes = bytesIn(content);
    return {
      size: bytes.length,
      async *read(start, end) {
        if (end > start) yield bytes.subarray(start, end);
      },
    };
  },
});

export const snapshotAt = (id: string, seconds: number, more: Partial<Snapshot> = {}): Snapshot => ({
  id: id.padEnd(64, '0'),
  originalId: id.padEnd(64, '0'),
  time: { nanoseconds: BigInt(seconds) * 1_000_000_000n, offsetMinutes: 540 },
  paths: [],
  hostname: 'mx1',
  username: '',
  uid: 0,
  gid: 0,
  excludes: [],
  tags: [],
  ...more,
});

/** A store of snapshots that all hold the same tree. */
export const treeStore = (
  tree: FileTree,
  snapshots: readonly Snapshot[] = [snapshotAt('a1', 0)],
  count: ReadCount = { headers: 0 },
): BrowsableStore => ({
  snapshots: async () => snapshots,
  open: async () => snapshotOf(tree, count),
});

/** What a path of `/` and names leads to. */
export const follow = async (root: BrowsedNode, path: string, run: Run): Promise<BrowsedNode | undefined> => {
  let node: BrowsedNode | undefined = root;
  for (const name of path.split('/').filter((part) => part !== ''))
    node = node?.kind === 'folder' ? await node.child(byteStringOfLatin1(name), run) : undefined;
  return node;
};

/** Names of what lies in a folder, latin1, folders with a slash. */
export const namesIn = async (node: BrowsedNode | undefined, run: Run): Promise<readonly string[]> => {
  const names: string[] = [];
  if (node?.kind !== 'folder') return ['no folder'];
  for await (const page of node.children(run))
    for (const child of page) names.push(child.kind === 'folder' ? `${child.name}/` : child.name);
  return names;
};
