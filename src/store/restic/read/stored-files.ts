import type { PackedFiles } from '../../../contract/packed-files.ts';
import type { BaseEntry } from '../../../contract/source.ts';
import type { BlobTable } from '../index/blob-table.ts';
import { nodeAlone } from '../format/plain-kind.ts';
import { packPlainNodes, type PlainNodes } from '../format/plain-nodes.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { Fault } from '../../../model/fault.ts';

/** The files of a stored tree, with the bytes that it has of them. */
export interface StoredFiles extends PackedFiles, Pick<PlainNodes, 'sizes' | 'starts' | 'ends'> {
  readonly json: Uint8Array;
}

export const isStoredFiles = (packed: PackedFiles): packed is StoredFiles => 'json' in packed && 'starts' in packed;

interface FilesParts {
  readonly table: BlobTable;
  readonly knownComplete: () => boolean;
  readonly entryOf: (node: TreeNode) => BaseEntry;
}

const digitOf = (byte: number): number => (byte < 0x3a ? byte - 0x30 : byte - 0x57);

/** Whether all contents are there that are named from `at` on, where the first id's digits begin. */
const holdsAll = (json: Uint8Array, at: number, table: BlobTable): boolean => {
  const id = new Uint8Array(32);
  for (let from = at; ; from += 67) {
    for (let index = 0; index < 32; index++) {
      id[index] = (digitOf(json[from + index * 2] ?? 0) << 4) | digitOf(json[from + index * 2 + 1] ?? 0);
    }
    if (!table.has('data', id)) return false;
    // Behind the quote there is a comma, or the bracket that ends the list.
    if (json[from + 65] !== 0x2c) return true;
  }
};

/** Undefined where the tree is not as we would write it. Fault `tree-damaged`. */
export const packStoredFiles = (json: Uint8Array, parts: FilesParts): StoredFiles | undefined => {
  const nodes = packPlainNodes(json);
  if (nodes === undefined) return undefined;
  const { contents, kinds, others, starts, ends } = nodes;
  return {
    ...nodes,
    json,
    kinds: kinds.map(({ sample }) => sample),
    others: others.map((node) => parts.entryOf(node)),
    entry: (number) => {
      const node = nodeAlone(json.subarray(starts[number] ?? 0, ends[number] ?? 0));
      if (node === undefined) throw new Fault('internal', 'a packed file is none');
      return parts.entryOf(node);
    },
    isHeld: (number) => parts.knownComplete() || holdsAll(json, contents[number] ?? 0, parts.table),
  };
};
