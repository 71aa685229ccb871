import type {
  BrowsableSnapshot,
  BrowsedFolder,
  BrowsedNode,
  StoredChild,
  StoredFolder,
} from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';

/** Opens the snapshot, or hands over what was opened. */
export type OpenSnapshot = (run: Run) => Promise<BrowsableSnapshot>;

/** A folder or regular file as it was stored, under its own name; undefined for what is neither (links, devices, pipes). */
const nodeOf = (snapshot: BrowsableSnapshot, { entry, folder, content }: StoredChild): BrowsedNode | undefined => {
  const { name, mtime: modified, size } = entry;
  if (folder !== undefined) return storedFolder(snapshot, folder, { name, modified });
  if (entry.type !== 'file') return undefined;
  return {
    kind: 'file',
    name,
    modified,
    size,
    mediaType: undefined,
    flags: undefined,
    version: () => snapshot.versionOf(content),
    open: (run) => snapshot.open(content, run),
  };
};

interface FolderFacts {
  readonly name: ByteString;
  readonly modified: Nanoseconds;
}

const storedFolder = (
  snapshot: BrowsableSnapshot,
  folder: StoredFolder,
  { name, modified }: FolderFacts,
): BrowsedFolder => ({
  kind: 'folder',
  name,
  modified,
  async *children(run) {
    for await (const page of folder.children(run)) yield page.flatMap((child) => nodeOf(snapshot, child) ?? []);
  },
  async child(wanted, run) {
    const child = await folder.child(wanted, run);
    return child === undefined ? undefined : nodeOf(snapshot, child);
  },
});

/** All files of a snapshot from its root on. It is opened when somebody looks into it. */
export const fileView = (facts: FolderFacts, open: OpenSnapshot): BrowsedFolder => {
  const root = async (run: Run): Promise<BrowsedFolder> => {
    const snapshot = await open(run);
    return storedFolder(snapshot, snapshot.root, facts);
  };
  return {
    kind: 'folder',
    ...facts,
    async *children(run) {
      yield* (await root(run)).children(run);
    },
    child: async (wanted, run) => (await root(run)).child(wanted, run),
  };
};
