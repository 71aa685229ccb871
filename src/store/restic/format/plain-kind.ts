import type { Entry } from '../../../model/entry.ts';
import { readTree } from './tree-reader.ts';
import { createTreeWriter } from './tree-writer.ts';
import { validateTree } from './tree-validate.ts';
import type { TreeNode } from './tree-format.ts';

/** What stands between the parts of a plain node in which one differs from the next. */
export interface PlainKind {
  readonly sample: Entry;
  /** From the quote behind the name to the one before the mtime. */
  readonly beforeMtime: Uint8Array;
  readonly beforeAtime: Uint8Array;
  readonly beforeCtime: Uint8Array;
  /** From the quote behind the ctime to the inode. */
  readonly beforeInode: Uint8Array;
  readonly beforeSize: Uint8Array;
  /** From behind the size to the bracket before the ids. */
  readonly beforeContent: Uint8Array;
}

const treeHead = Buffer.from('{"nodes":[');
const treeTail = Buffer.from(']}\n');

/** The only node of a tree of one. Throws as `readTree`. */
export const nodeAlone = (node: Uint8Array): TreeNode | undefined => {
  let alone: TreeNode | undefined;
  readTree(Buffer.concat([treeHead, node, treeTail]), (read) => {
    alone = read;
  });
  return alone;
};

const isCanonical = (node: TreeNode, bytes: Uint8Array): boolean => {
  const writer = createTreeWriter();
  writer.add(node);
  const tree = Buffer.concat([treeHead, bytes, treeTail]);
  return tree.equals(writer.finish()) && validateTree(tree).length === 0;
};

/** The stretches between the markers, each up to the end of its marker; undefined when one is not there. */
const stretches = (text: string, from: number): readonly Uint8Array[] | undefined => {
  const steps = [
    [',"mtime":"', '"'],
    [',"atime":"', '"'],
    [',"ctime":"', '"'],
    [',"inode":', ','],
    [',"size":', ','],
    [',"content":["', '"'],
  ] as const;
  const found: Uint8Array[] = [];
  let at = from;
  for (const [marker, after] of steps) {
    const start = text.indexOf(marker, at);
    if (start < 0) return undefined;
    const end = start + marker.length;
    found.push(Buffer.from(text.slice(at, end), 'latin1'));
    at = text.indexOf(after, end);
    if (at < 0) return undefined;
  }
  return found;
};

/**
 * The kind of a node that is a file with a content, and whose bytes are those that we, and restic, would write; undefined of any
 * other. Throws as `readTree`.
 */
export const plainKindOf = (bytes: Uint8Array, node: TreeNode): PlainKind | undefined => {
  const { entry, content, offsets, passedThrough } = node;
  if (entry.type !== 'file' || content === undefined || content.length === 0) return undefined;
  if (offsets !== undefined || passedThrough !== undefined) return undefined;
  if (entry.size === 0 || entry.inode === 0n || entry.atime !== entry.mtime) return undefined;
  if (!isCanonical(node, bytes)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const name = `{"name":"${entry.name}"`;
  if (!text.startsWith(name)) return undefined;
  const [beforeMtime, beforeAtime, beforeCtime, beforeInode, beforeSize, beforeContent] =
    stretches(text, name.length - 1) ?? [];
  if (beforeMtime === undefined || beforeAtime === undefined || beforeCtime === undefined) return undefined;
  if (beforeInode === undefined || beforeSize === undefined || beforeContent === undefined) return undefined;
  return { sample: entry, beforeMtime, beforeAtime, beforeCtime, beforeInode, beforeSize, beforeContent };
};
