import { addCounts, noCounts, type Counts } from '../../../model/entry.ts';
import { compareBytes } from '../../../model/byte-string.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { createTreeWriter, type TreeWriter } from '../format/tree-writer.ts';
import type { CopiedNodes } from './amended-pages.ts';

/** A node of a directory that is being written, and what lies below it. */
export interface BuiltNode {
  readonly node: TreeNode;
  readonly below: Counts;
}

/** A node that is there, or comes, or turns out not to be (it vanished); or several that stay as they are. */
export type NodeSlot = BuiltNode | Promise<BuiltNode | undefined> | CopiedNodes;

export interface BuiltTree {
  readonly json: Uint8Array;
  readonly counts: Counts;
}

const countsOf = ({ node, below }: BuiltNode): Counts =>
  addCounts(
    node.subtree === undefined
      ? { files: 1, directories: 0, bytes: node.entry.size }
      : { files: 0, directories: 1, bytes: 0 },
    below,
  );

/** The nodes of a tree and those that come late, in order. */
const merged = (listed: readonly TreeNode[], late: readonly BuiltNode[]): Uint8Array => {
  const nodes = [...listed, ...late.map(({ node }) => node)];
  nodes.sort((left, right) => compareBytes(left.entry.name, right.entry.name));
  const writer = createTreeWriter();
  for (const node of nodes) writer.add(node);
  return writer.finish();
};

/** A message that moved while it was read may meet itself under its new name: one of the two is enough. */
const withoutTwins = (listed: readonly TreeNode[], late: readonly BuiltNode[]): BuiltNode[] => {
  const names = new Set(listed.map(({ entry }) => entry.name));
  return late.filter(({ node }) => {
    const isNew = !names.has(node.entry.name);
    names.add(node.entry.name);
    return isNew;
  });
};

/** One directory's tree, put together page by page while the contents of its files are still on their way. */
export class DirectoryBuilder {
  readonly #writer: TreeWriter;
  #counts: Counts = noCounts;
  #late: BuiltNode[] = [];
  #tail: Promise<void> = Promise.resolve();

  /** `expected`: about how many bytes the tree will have. */
  constructor(expected: number) {
    this.#writer = createTreeWriter(expected);
  }

  /** `names`: the name under which each slot was listed, in ascending order. */
  addPage(slots: readonly NodeSlot[], names: readonly string[]): void {
    this.#tail = this.#tail.then(async () => {
      for (const [number, slot] of slots.entries()) {
        const built = slot instanceof Promise ? await slot : slot;
        if (built === undefined) continue;
        if ('copied' in built) this.#copy(built);
        else this.#append(built, names[number]);
      }
    });
    // `finish` reports the first failure; until it is asked, none of these may count as unhandled.
    const promises = [...slots.filter((slot) => slot instanceof Promise), this.#tail];
    for (const promise of promises) promise.catch(() => undefined);
  }

  async finish(): Promise<BuiltTree> {
    await this.#tail;
    const json = this.#writer.finish();
    if (this.#late.length === 0) return { json, counts: this.#counts };
    const listed: TreeNode[] = [];
    readTree(json, (node) => {
      listed.push(node);
    });
    const late = withoutTwins(listed, this.#late);
    return { json: merged(listed, late), counts: late.map(countsOf).reduce(addCounts, this.#counts) };
  }

  #copy({ copied, first, last, counts }: CopiedNodes): void {
    this.#writer.copy(copied, first, last);
    this.#counts = addCounts(this.#counts, counts);
  }

  #append(built: BuiltNode, listedAs: string | undefined): void {
    if (built.node.entry.name !== listedAs) {
      this.#late.push(built);
      return;
    }
    this.#writer.add(built.node);
    this.#counts = addCounts(this.#counts, countsOf(built));
  }
}
