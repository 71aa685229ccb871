import { randomBytes } from 'node:crypto';
import type { Run } from '../../contract/run.ts';
import type { CapturedDirectory, Child, Source } from '../../contract/source.ts';
import type { Overwrite, Target, TargetPlan, TargetReport } from '../../contract/target.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { Posix } from '../../system/posix.ts';
import { hashLocalFiles } from './hash-local-files.ts';
import { createFilesSource } from './files-source.ts';
import { createHeldDirectories } from './held-directory.ts';
import type { PlanRecord } from './plan-record.ts';
import { createRestoreLedger } from './restore-ledger.ts';
import { applyPlan } from './target-apply.ts';
import { lookAt } from './target-decision.ts';
import type { Abilities } from '../../system/file-metadata.ts';
import { createTemporaryNames } from './target-name.ts';
import { type Filter, planFiles } from './target-plan.ts';
import { createWriterPool } from './writer-pool.ts';

export interface FilesTargetOptions {
  /** Absolute. Made (0700) when it is not there; it may be reached through symlinks, nothing below it is. */
  readonly directory: ByteString;
  /**
   * What is restored, asked with the whole path below the root, names joined by `/`. A rule that refuses a directory
   * must refuse what is below it too. Directories on the way to what is asked for are made in any case.
   */
  readonly filter: Filter;
  readonly overwrite: Overwrite;
  /** Leave out blocks of zeros. Default: no. */
  readonly sparse?: boolean;
  /** From `loadPosix`. Without it no xattrs, ACLs, fifos, sockets, devices; times to the microsecond: counted. */
  readonly posix: Posix | undefined;
  /** Whether this process may give files away and make devices. */
  readonly asRoot: boolean;
  /** Writer threads. Default 2. */
  readonly threads?: number;
  /** Emit an event for each entry. Default: no. */
  readonly everyEntry?: boolean;
}

/**
 * A directory that trees are restored into.
 *
 * - Containment: nothing outside the directory is written, whatever the tree, the directory or somebody else who writes
 *   there holds; see held-directory.ts. Entries whose names would escape are refusals of the plan.
 * - An old file is replaced by a whole new one (temporary name, rename) or stays. Up to a thousand of them are on disk
 *   before they take the name (fsync); of more, some may be short after a power failure, and restored again by the next
 *   run, as one fsync takes longer than all else that is done for a message. A new file that comes in one
 *   piece is written under its own name at once, unless `overwrite` is `never`: a restore that is killed may leave the
 *   last one short, and as its time is not set, the next run with `always` or `if-changed` replaces it. All else gets its
 *   name when it is whole. Temporary names of killed restores are removed by the next one.
 * - New files are left to the system to settle on disk (some thirty seconds), as one fsync for each would take longer
 *   than the restore. Who needs more calls sync(1) afterwards.
 * - A directory is never replaced by something else, nor is anything removed that the tree does not have.
 * - With `always` and `if-changed` the metadata of what is there is set too; with `never` nothing that is there changes.
 *
 * Faults of `apply`: `disk-full`, `quota-exceeded`, `read-only` end it at once; `interrupted`; `usage` for a plan that
 * another target made. All others are of one entry, reported and counted.
 */
export const createFilesTarget = (options: FilesTargetOptions): Target => {
  const { directory, posix, asRoot } = options;
  const groups = new Set([...(process.getgroups?.() ?? []), process.getegid?.() ?? -1]);
  const abilities: Abilities = { asRoot, posix, uid: process.geteuid?.() ?? -1, groups };
  const records = new WeakMap<TargetPlan, PlanRecord>();
  const inventory = createFilesSource({ paths: [byteStringOfLatin1('.')], workingDirectory: directory, posix });
  return {
    description: displayText(directory),
    capture: (base, run) => (lookAt(directory) === undefined ? emptyTree() : inventory.capture(base, run)),
    read: (requests, pieces, run) => inventory.read(requests, pieces, run),
    digests: hashLocalFiles,
    relocate: (path, entry, run) => inventory.relocate(path, entry, run),
    close: () => inventory.close(),
    plan: async (source, run) => {
      const { plan, record } = await planFiles(source, { ...options, abilities }, run);
      records.set(plan, record);
      return plan;
    },
    apply: async (plan, source, run) => {
      const record = records.get(plan);
      if (record === undefined) throw new Fault('usage', 'the plan was made by another target');
      return await applyInside({ options, abilities, plan, record }, source, run);
    },
  };
};

async function* noPages(): AsyncGenerator<readonly Child[], void> {}

/** What is not there yet. */
async function* emptyTree(): AsyncGenerator<CapturedDirectory, void> {
  yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: noPages() } };
}

interface Application {
  readonly options: FilesTargetOptions;
  readonly abilities: Abilities;
  readonly plan: TargetPlan;
  readonly record: PlanRecord;
}

/** How many replaced files are worth an fsync each: some seconds in all. */
const durableAtMost = 1000;

const applyInside = async (application: Application, source: Source, run: Run): Promise<TargetReport> => {
  const { options, abilities, plan, record } = application;
  const { directory, posix, threads = 2, everyEntry = false, overwrite, sparse = false } = options;
  run.emit({ kind: 'phase', phase: 'restoring' });
  const ledger = createRestoreLedger({ plan, everyEntry }, run);
  const mayReplace = (path: Path): boolean => record.directory(path)?.own === 'overwrite';
  const tree = createHeldDirectories({ directory, mayReplace, posix });
  const pool = createWriterPool(threads, { posix: posix !== undefined });
  const temporaryName = createTemporaryNames(process.pid, randomBytes(6).toString('hex'));
  const alwaysTemporary = overwrite === 'never';
  const durable = plan.overwrite.files <= durableAtMost;
  const context = { root: directory, tree, pool, ledger, abilities, temporaryName, alwaysTemporary, sparse, durable };
  const stop = (): void => pool.stop();
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    await applyPlan(source, record, context, run);
    return ledger.report();
  } finally {
    run.signal.removeEventListener('abort', stop);
    await pool.close();
    tree.close();
  }
};
