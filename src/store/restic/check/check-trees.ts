import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { hexOf, missingBlob } from '../read/blob-reader.ts';
import { type ReadTree, readTrees, type TreeWindowsParts } from '../read/tree-windows.ts';
import type { BlobTable } from '../index/blob-table.ts';
import type { CheckFindings } from './check-report.ts';
import { listNames } from '../index/index-loader.ts';
import type { Session } from '../session.ts';
import { parseSnapshot, type SnapshotFile } from '../format/snapshot-format.ts';
import { subtreesAndContents } from '../format/tree-reader.ts';
import { validateTree } from '../format/tree-validate.ts';

/** Reads every snapshot file that can be read, and says which cannot. */
export const checkSnapshotFiles = async (
  session: Session,
  findings: CheckFindings,
  run: Run,
): Promise<SnapshotFile[]> => {
  const files: SnapshotFile[] = [];
  for (const name of await listNames(session.backend, 'snapshot', run)) {
    throwIfInterrupted(run);
    try {
      files.push(parseSnapshot(name, await session.io.load('snapshot', name, run)));
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      findings.damaged(asFault(error));
    }
  }
  return files;
};

interface Step {
  readonly id: Uint8Array;
  /** From the snapshot down, for the report. */
  readonly path: string;
}

const sealedOverhead = 32;
/** Trees that are asked for together: as many as fit into some windows of a pack. */
const roundTrees = 1024;

export interface TreeCheckParts extends TreeWindowsParts {
  readonly findings: CheckFindings;
  /** Whether to emit how many trees were looked at. */
  readonly tellProgress: boolean;
}

/** Walks the trees of all snapshots, each tree once, and looks that everything they refer to is there. */
export class TreeCheck {
  readonly #parts: TreeCheckParts;
  readonly #table: BlobTable;
  readonly #findings: CheckFindings;
  readonly #run: Run;
  /** Trees that were met: looked at, or waiting for it. */
  readonly #met = new Set<string>();
  #looked = 0;

  constructor(parts: TreeCheckParts, run: Run) {
    this.#parts = parts;
    this.#table = parts.index.table;
    this.#findings = parts.findings;
    this.#run = run;
  }

  /** How many were looked at. */
  get trees(): number {
    return this.#looked;
  }

  async check(snapshots: readonly SnapshotFile[]): Promise<void> {
    const waiting: Step[] = snapshots
      .map(({ id, tree }): Step => ({ id: new Uint8Array(Buffer.from(tree, 'hex')), path: `${id.slice(0, 8)}:` }))
      .filter((step) => this.#isNew(step))
      .toReversed();
    // The last to be met are looked at first, so that what waits stays little.
    for (let round = waiting.splice(-roundTrees); round.length > 0; round = waiting.splice(-roundTrees)) {
      throwIfInterrupted(this.#run);
      const ids = round.map(({ id }) => id);
      const got = (read: ReadTree): void => {
        const step = round[read.tree];
        if (step === undefined) return;
        for (const below of this.#look(read, step.path)) if (this.#isNew(below)) waiting.push(below);
      };
      await readTrees(ids, this.#parts, got, this.#run);
    }
  }

  /** True once for each tree. */
  #isNew({ id }: Step): boolean {
    const key = hexOf(id);
    if (this.#met.has(key)) return false;
    this.#met.add(key);
    return true;
  }

  /** What it refers to. */
  #look(read: ReadTree, path: string): Step[] {
    this.#looked++;
    if (this.#parts.tellProgress && this.#looked % 64 === 0)
      this.#run.emit({ kind: 'progress', files: this.#looked, bytes: 0 });
    const where = byteStringOfLatin1(path);
    if ('fault' in read) {
      this.#findings.damaged(read.fault, where);
      return [];
    }
    const below: Step[] = [];
    let isThere = true;
    const blobSize = (id: Uint8Array): number | undefined => {
      const size = this.#plainSize(id);
      isThere &&= size !== undefined;
      return size;
    };
    const onSubtree = (name: ByteString, id: Uint8Array): void => {
      below.push({ id: id.slice(), path: `${path}/${name}` });
    };
    const faults = validateTree(read.json, blobSize, onSubtree);
    for (const fault of faults) this.#findings.damaged(fault, where);
    // One pass is enough for what is sound and whole.
    return faults.length === 0 && isThere ? below : this.#references(read.json, path);
  }

  #references(json: Uint8Array, path: string): Step[] {
    const below: Step[] = [];
    try {
      subtreesAndContents(json, {
        node: ({ name, subtree, content = new Uint8Array(0) }) => {
          const child = `${path}/${name}`;
          if (subtree !== undefined) below.push({ id: subtree.slice(), path: child });
          for (let at = 0; at < content.length; at += 32) {
            if (this.#table.has('data', content, at)) continue;
            this.#findings.damaged(missingBlob('data', content.slice(at, at + 32)), byteStringOfLatin1(child));
          }
        },
      });
    } catch (error) {
      // validateTree has told already what is wrong with a tree that cannot be read to its end.
      if (!(error instanceof Fault)) throw error;
    }
    return below;
  }

  readonly #plainSize = (id: Uint8Array): number | undefined => {
    const slot = this.#table.find('data', id);
    const location = slot === undefined ? undefined : this.#table.location(slot);
    return location === undefined ? undefined : location.uncompressedLength || location.length - sealedOverhead;
  };
}
