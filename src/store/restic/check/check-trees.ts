import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { hexOf, missingBlob, type BlobReader } from '../read/blob-reader.ts';
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

export interface TreeCheckParts {
  readonly blobs: BlobReader;
  readonly table: BlobTable;
  readonly findings: CheckFindings;
  /** Whether to emit how many trees were looked at. */
  readonly tellProgress: boolean;
}

/** Walks the trees of all snapshots, each tree once, and looks that everything they refer to is there. */
export class TreeCheck {
  readonly #blobs: BlobReader;
  readonly #table: BlobTable;
  readonly #findings: CheckFindings;
  readonly #run: Run;
  readonly #tellProgress: boolean;
  readonly #seen = new Set<string>();

  constructor(parts: TreeCheckParts, run: Run) {
    this.#tellProgress = parts.tellProgress;
    this.#blobs = parts.blobs;
    this.#table = parts.table;
    this.#findings = parts.findings;
    this.#run = run;
  }

  get trees(): number {
    return this.#seen.size;
  }

  async check(snapshot: SnapshotFile): Promise<void> {
    const steps: Step[] = [
      { id: new Uint8Array(Buffer.from(snapshot.tree, 'hex')), path: `${snapshot.id.slice(0, 8)}:` },
    ];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      throwIfInterrupted(this.#run);
      const key = hexOf(step.id);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      steps.push(...(await this.#checkTree(step)));
      if (this.#tellProgress && this.#seen.size % 64 === 0)
        this.#run.emit({ kind: 'progress', files: this.#seen.size, bytes: 0 });
    }
  }

  async #checkTree({ id, path }: Step): Promise<Step[]> {
    const where = byteStringOfLatin1(path);
    let json: Uint8Array;
    try {
      json = await this.#blobs.load('tree', id, this.#run);
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      this.#findings.damaged(asFault(error), where);
      return [];
    }
    for (const fault of validateTree(json, this.#plainSize)) this.#findings.damaged(fault, where);
    return this.#references(json, path);
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
