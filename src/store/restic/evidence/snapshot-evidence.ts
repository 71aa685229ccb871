import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { isFault } from '../../../model/fault.ts';
import type { PackEvidence } from '../../../model/pack-evidence.ts';
import { claimOf, timeDoubt, whenSeen } from '../../../model/seen-snapshot.ts';
import { isNote } from '../../../model/snapshot.ts';
import type { SnapshotEvidence, Verification } from '../../../model/retention-verified.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { subtreesAndContents } from '../format/tree-reader.ts';
import type { BlobTable } from '../index/blob-table.ts';
import { listNames } from '../index/index-loader.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';
import { hexOf } from '../read/blob-reader.ts';
import type { TreeCache } from '../read/tree-cache.ts';
import type { Repository } from '../repository.ts';
import { loadEvidence } from './evidence-store.ts';

const damaged: Verification = { kind: 'damaged' };
const unread: Verification = { kind: 'unread' };

/** The worse of two; of two that are verified, the one that was read longer ago. */
const worse = (left: Verification, right: Verification): Verification => {
  if (left.kind === 'damaged' || right.kind === 'damaged') return damaged;
  if (left.kind === 'unread' || right.kind === 'unread') return unread;
  return left.since <= right.since ? left : right;
};

/** For each pack, by its number in the index: read back within the time, or not, or not there at all. */
const packStates = async (
  { repository, index, evidence, within }: PackStateParts,
  run: Run,
): Promise<readonly Verification[]> => {
  const present = new Set(await listNames(repository.session.backend, 'pack', run));
  const now = run.now();
  return index.packs.ids().map((id): Verification => {
    if (!present.has(id)) return damaged;
    const known = evidence?.packs.get(id);
    if (known?.kind !== 'read' || known.at > now || known.at + within < now) return unread;
    return { kind: 'verified', since: known.at };
  });
};

interface PackStateParts {
  readonly repository: Repository;
  readonly index: RepositoryIndex;
  readonly evidence: PackEvidence | undefined;
  readonly within: Nanoseconds;
}

/** Judges trees by the packs that they and all below them lie in; every tree is looked into once. */
class TreeJudge {
  readonly #trees: TreeCache;
  readonly #table: BlobTable;
  readonly #packs: readonly Verification[];
  readonly #known = new Map<string, Verification>();

  constructor(trees: TreeCache, table: BlobTable, packs: readonly Verification[]) {
    this.#trees = trees;
    this.#table = table;
    this.#packs = packs;
  }

  async judge(id: Uint8Array, run: Run): Promise<Verification> {
    throwIfInterrupted(run);
    const key = hexOf(id);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const verdict = await this.#judgeNow(id, run);
    this.#known.set(key, verdict);
    return verdict;
  }

  async #judgeNow(id: Uint8Array, run: Run): Promise<Verification> {
    let verdict = this.#blob('tree', id, 0);
    // Below what was not read nothing can make it better: it is not worth reading.
    if (verdict.kind !== 'verified') return verdict;
    const below: Uint8Array[] = [];
    try {
      subtreesAndContents(await this.#trees.load(id, run), {
        node: ({ subtree, content }) => {
          if (subtree !== undefined) below.push(subtree.slice());
          for (let at = 0; content !== undefined && at < content.length; at += 32) {
            verdict = worse(verdict, this.#blob('data', content, at));
          }
        },
      });
    } catch (error) {
      if (isFault(error, 'tree-damaged', 'blob-damaged', 'blob-missing', 'object-missing')) return damaged;
      throw error;
    }
    for (const tree of below) {
      if (verdict.kind !== 'verified') break;
      verdict = worse(verdict, await this.judge(tree, run));
    }
    return verdict;
  }

  #blob(type: 'tree' | 'data', id: Uint8Array, at: number): Verification {
    const slot = this.#table.find(type, id, at);
    const location = slot === undefined ? undefined : this.#table.location(slot);
    return location === undefined ? damaged : (this.#packs[location.pack] ?? damaged);
  }
}

export interface SnapshotEvidenceWish {
  readonly repository: Repository;
  /** All of the repository, evidence among them. */
  readonly snapshots: readonly SnapshotFile[];
  /** What was read longer ago than that counts as not read. */
  readonly within: Nanoseconds;
  /** Believe whatever is noted, whoever has. */
  readonly anybody: boolean;
}

/** What is known of each snapshot's data, by id. To be called under a lock. */
export const snapshotEvidence = async (
  { repository, snapshots, within, ...wish }: SnapshotEvidenceWish,
  run: Run,
): Promise<ReadonlyMap<string, SnapshotEvidence>> => {
  const index = await repository.index(run);
  const anybody = wish.anybody || repository.session.options.evidence.anybody;
  const { evidence } = await loadEvidence(repository, { snapshots, anybody }, run);
  const packs = await packStates({ repository, index, evidence, within }, run);
  const judge = new TreeJudge(await repository.trees(run), index.table, packs);
  const found = new Map<string, SnapshotEvidence>();
  run.emit({ kind: 'phase', phase: 'looking for what was read back' });
  const subject = snapshots.filter((snapshot) => !isNote(snapshot));
  const look = whenSeen(evidence, subject.map(claimOf), run.now());
  for (const snapshot of subject) {
    const verification = await judge.judge(Uint8Array.from(Buffer.from(snapshot.tree, 'hex')), run);
    const seen = look(claimOf(snapshot));
    const doubt = timeDoubt(seen);
    found.set(snapshot.id, {
      verification,
      ...(doubt === undefined ? {} : { doubt }),
      ...(seen.absentAt === undefined ? {} : { arrivedAt: seen.seenAt }),
    });
  }
  return found;
};
