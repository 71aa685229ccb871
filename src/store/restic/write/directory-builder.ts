import type { Entry } from '../../../model/entry.ts';
import { addCounts, noCounts, type Counts } from '../../../model/entry.ts';
import { compareBytes } from '../../../model/byte-string.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { createTreeWriter } from '../format/tree-writer.ts';

/** A node of a directory that is being written, and what lies below it. */
export interface BuiltNode {
  readonly node: TreeNode;
  readonly below: Counts;
}

/** A node that is there, or comes, or turns out not to be (it vanished). */
export type NodeSlot = BuiltNode | Promise<BuiltNode | undefined>;

export interface BuiltTree {
  readonly json: Uint8Array;
  readonly counts: Counts;
}

const merged = (json: Uint8Array, late: readonly TreeNode[]): Uint8Array => {
  const nodes: TreeNode[] = [...late];
  readTree(json, (node) => {
    nodes.push(node);
  });
  nodes.sort((left, right) => compareBytes(left.entry.name, right.entry.name));
  const writer = createTreeWriter();
  let previous: Entry | undefined;
  for (const node of nodes) {
    // A message that moved while it was read may meet itself under its new name: one of the two is enough.
    if (node.entry.name !== previous?.name) writer.add(node);
    previous = node.entry;
  }
  return writer.finish();
};

/** One directory's tree, put together page by page while the contents of its files are still on their way. */
export class DirectoryBuilder {
  readonly #writer = createTreeWriter();
  #counts: Counts = noCounts;
  #late: TreeNode[] = [];
  #tail: Promise<void> = Promise.resolve();

  /** `names`: the name under which each slot was listed, in ascending order. */
  addPage(slots: readonly NodeSlot[], names: readonly string[]): void {
    this.#tail = this.#tail.then(async () => {
      for (const [number, slot] of slots.entries()) {
        const built = slot instanceof Promise ? await slot : slot;
        if (built !== undefined) this.#append(built, names[number]);
      }
    });
    // `finish` reports the first failure; until it is asked, none of these may count as unhandled.
    const promises = [...slots.filter((slot) => slot instanceof Promise), this.#tail];
    for (const promise of promises) promise.catch(() => undefined);
  }

  async finish(): Promise<BuiltTree> {
    await this.#tail;
    const json = this.#writer.finish();
    return { json: this.#late.length > 0 ? merged(json, this.#late) : json, counts: this.#counts };
  }

  #append({ node, below }: BuiltNode, listedAs: string | undefined): void {
    if (node.entry.name === listedAs) this.#writer.add(node);
    else this.#late.push(node);
    const own: Counts =
      node.subtree === undefined
        ? { files: 1, directories: 0, bytes: node.entry.size }
        : { files: 0, directories: 1, bytes: 0 };
    this.#counts = addCounts(this.#counts, addCounts(own, below));
  }
}
