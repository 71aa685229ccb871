import type { BrowsedFolder, BrowsedNode } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';

export type Members = ReadonlyMap<ByteString, BrowsedNode>;

const pageSize = 500;

/** A folder that is made up of a few members, which are asked for each time. */
export const madeFolder = (
  name: ByteString,
  modified: Nanoseconds,
  members: (run: Run) => Members | Promise<Members>,
): BrowsedFolder => ({
  kind: 'folder',
  name,
  modified,
  async *children(run) {
    const all = [...(await members(run)).values()];
    for (let at = 0; at < all.length; at += pageSize) yield all.slice(at, at + pageSize);
  },
  child: async (wanted, run) => (await members(run)).get(wanted),
});

export const membersOf = (nodes: readonly BrowsedNode[]): Members => new Map(nodes.map((node) => [node.name, node]));
