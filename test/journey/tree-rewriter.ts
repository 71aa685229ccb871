// Reads the trees in a file (a JSON list of texts) in this process's time zone and says how they come back.
import { readFile } from 'node:fs/promises';
import { formatTime, localOffsetMinutes } from '../../src/store/restic/format/time-format.ts';
import type { TreeNode } from '../../src/store/restic/format/tree-format.ts';
import { readTree } from '../../src/store/restic/format/tree-reader.ts';
import { validateTree } from '../../src/store/restic/format/tree-validate.ts';
import { createTreeWriter } from '../../src/store/restic/format/tree-writer.ts';
import { oddFraction } from './odd-entries.ts';

const rewrite = (tree: string, change: (node: TreeNode) => TreeNode): string => {
  const writer = createTreeWriter();
  readTree(Buffer.from(tree), (node) => {
    writer.add(change(node));
  });
  return Buffer.from(writer.finish()).toString();
};

/** What `touch -d @<seconds>.<fraction>` gave the file, which is in its name; the fraction counts away from 1970. */
const timeOfName = (name: string): bigint | undefined => {
  const match = /^t(-?)(\d+)$/.exec(name);
  if (match === null) return undefined;
  const size = BigInt(match[2] ?? '') * 1_000_000_000n + BigInt(oddFraction);
  return match[1] === '-' ? -size : size;
};

/** The node as a source sees it: with the true time, and nothing remembered of the zone in which it was recorded. */
const asFromSource = ({ entry, content, subtree }: TreeNode): TreeNode => {
  const mtime = timeOfName(entry.name);
  // Restic cuts offsets to minutes, and years to four digits; a file system that cannot hold a time takes the nearest.
  const isThatTime = mtime !== undefined && (entry.mtime - mtime) ** 2n < 60_000_000_000n ** 2n;
  const isBeyond =
    mtime !== undefined && mtime > 253_402_000_000_000_000_000n && entry.mtime > 200_000_000_000_000_000_000n;
  return {
    entry: isThatTime || isBeyond ? { ...entry, mtime, atime: mtime } : entry,
    content,
    subtree,
  };
};

const trees: unknown = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8'));
if (!Array.isArray(trees)) throw new TypeError('expected a list of trees');
const differences: string[] = [];
let nodes = 0;
for (const tree of trees.map(String)) {
  nodes += tree.match(/"ctime":/g)?.length ?? 0;
  for (const [way, change] of [['as read', (node: TreeNode) => node] as const, ['anew', asFromSource] as const]) {
    const ours = rewrite(tree, change);
    if (ours === tree) continue;
    const at = Array.from(tree).findIndex((character, index) => character !== ours[index]);
    differences.push(
      `${way}: ${tree.slice(Math.max(0, at - 200), at + 60)}\nours: ${ours.slice(Math.max(0, at - 60), at + 60)}`,
    );
  }
  differences.push(...validateTree(Buffer.from(tree)).map(({ message }) => message));
}
const zone = formatTime(0n, localOffsetMinutes(0n));
process.stdout.write(JSON.stringify({ nodes, zone, differences }));
