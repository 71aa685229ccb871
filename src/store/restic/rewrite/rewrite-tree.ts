import { hash } from 'node:crypto';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { BlobSaver } from '../copy/blob-saver.ts';
import type { BlobTable } from '../index/blob-table.ts';
import { hexOf } from '../read/blob-reader.ts';
import type { TreeCache } from '../read/tree-cache.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { createTreeWriter } from '../format/tree-writer.ts';

export interface RewriteRules {
  /** Whether an entry stays; `path` is from the root of the snapshot. */
  keeps(node: TreeNode, path: Path): boolean;
  /** What to do about a tree that cannot be read: undefined drops the directory, throwing ends the rewriting. */
  onUnreadable(fault: Fault, path: Path): void;
  /** Whether a tree must keep every member that it has (else restic could not read back what we wrote). */
  readonly exact: boolean;
}

export interface RewriteParts {
  readonly trees: TreeCache;
  readonly table: BlobTable;
  /** Undefined: nothing is stored, for a dry run. */
  readonly saver: BlobSaver | undefined;
}

const encode = (nodes: readonly TreeNode[]): Uint8Array => {
  const writer = createTreeWriter();
  for (const node of nodes) writer.add(node);
  return writer.finish();
};

const idOf = (json: Uint8Array): Uint8Array => Uint8Array.from(hash('sha256', json, 'buffer'));

const inexact = (id: Uint8Array, path: Path): Fault =>
  new Fault(
    'unsupported',
    `the folder /${displayText(byteStringOfLatin1(path.join('/')))} was written by another program in a way that cannot be kept`,
    {
      hint: 'The snapshot was left as it is. Please report it, with the program that made the snapshot.',
      context: { tree: hexOf(id) },
    },
  );

/** Writes trees anew without some of their entries. One for all snapshots of a run: what they share is looked at once. */
export class TreeRewriter {
  readonly #parts: RewriteParts;
  readonly #rules: RewriteRules;
  readonly #run: Run;
  /** New ids by path and old id; undefined: dropped. */
  readonly #known = new Map<string, Uint8Array | undefined>();

  constructor(parts: RewriteParts, rules: RewriteRules, run: Run) {
    this.#parts = parts;
    this.#rules = rules;
    this.#run = run;
  }

  /** The new id of a tree, the same when nothing below it changed; undefined when it cannot be read. */
  async rewrite(id: Uint8Array, path: Path = []): Promise<Uint8Array | undefined> {
    throwIfInterrupted(this.#run);
    const key = `${hexOf(id)} ${path.join('/')}`;
    if (this.#known.has(key)) return this.#known.get(key);
    const rewritten = await this.#rewrite(id, path);
    this.#known.set(key, rewritten);
    return rewritten;
  }

  async #rewrite(id: Uint8Array, path: Path): Promise<Uint8Array | undefined> {
    const nodes = await this.#nodes(id, path);
    if (nodes === undefined) return undefined;
    const kept: TreeNode[] = [];
    let changed = false;
    for (const node of nodes) {
      const child = [...path, node.entry.name];
      const subtree = this.#rules.keeps(node, child) ? await this.#below(node, child) : 'dropped';
      if (subtree === 'dropped') {
        changed = true;
        continue;
      }
      const isSame = subtree === undefined || hexOf(subtree) === hexOf(node.subtree ?? subtree);
      changed ||= !isSame;
      kept.push(isSame ? node : { ...node, subtree });
    }
    if (!changed) return id;
    if (this.#rules.exact && hexOf(idOf(encode(nodes))) !== hexOf(id)) throw inexact(id, path);
    return this.#store(encode(kept));
  }

  async #below(node: TreeNode, path: Path): Promise<Uint8Array | undefined | 'dropped'> {
    if (node.subtree === undefined) return undefined;
    return (await this.rewrite(node.subtree, path)) ?? 'dropped';
  }

  async #nodes(id: Uint8Array, path: Path): Promise<readonly TreeNode[] | undefined> {
    const nodes: TreeNode[] = [];
    try {
      readTree(await this.#parts.trees.load(id, this.#run), (node) => {
        nodes.push(node);
      });
      return nodes;
    } catch (error) {
      const damage = ['blob-missing', 'blob-damaged', 'tree-damaged', 'object-missing', 'backend-misbehaved'] as const;
      if (!isFault(error, ...damage)) throw error;
      this.#rules.onUnreadable(error, path);
      return undefined;
    }
  }

  async #store(json: Uint8Array): Promise<Uint8Array> {
    const id = idOf(json);
    const { saver, table } = this.#parts;
    table.reserve(1);
    if (saver !== undefined && table.claim('tree', id)) await saver.add('tree', id, json);
    return id;
  }
}
