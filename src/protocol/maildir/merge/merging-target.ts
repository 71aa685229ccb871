import { randomBytes } from 'node:crypto';
import type { Run } from '../../../contract/run.ts';
import type { CapturedDirectory, Child, Source } from '../../../contract/source.ts';
import type { Overwrite, Target, TargetPlan, TargetReport } from '../../../contract/target.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { createAccountNames } from '../../../system/account-name.ts';
import type { Abilities } from '../../../system/file-metadata.ts';
import type { Posix } from '../../../system/posix.ts';
import { createFilesSource } from '../../files/files-source.ts';
import { createHeldDirectories } from '../../files/held-directory.ts';
import { createRestoreLedger } from '../../files/restore-ledger.ts';
import { lookAt } from '../../files/target-decision.ts';
import { createTemporaryNames } from '../../files/target-name.ts';
import type { Filter } from '../../files/target-plan.ts';
import { createWriterPool } from '../../files/writer-pool.ts';
import { applyMerge } from './merge-apply.ts';
import { type MadeMerge, planMerge } from './merge-plan.ts';
import type { MergePlanOptions } from './planning.ts';
import { createStage } from './stage.ts';

export interface MergingTargetOptions {
  /** Absolute. Below it Maildirs live. Made (0700) when it is not there. */
  readonly directory: ByteString;
  /** What of the source is restored, as a files target asks it. Default: everything. */
  readonly filter?: Filter;
  /** For files that are neither mail nor the mail server's own, such as scripts of Sieve. */
  readonly overwrite: Overwrite;
  /** From `loadPosix`. */
  readonly posix: Posix | undefined;
  /** Whether this process may give files away. */
  readonly asRoot: boolean;
  /** Writer threads. Default 2. */
  readonly threads?: number;
  /** Emit an event for each entry. Default: no. */
  readonly everyEntry?: boolean;
}

/**
 * A directory in which Maildirs live and are in use, and into which those of a backup are brought: what is missing is added,
 * nothing is taken away, and no message comes twice, whatever its flags have become.
 *
 * - Messages are told by what stays in their names. They are written in `tmp`, and get their names in `cur` or `new` when
 *   they are on the disk, while Dovecot's own lock of the folder is held. Dovecot gives them new UIDs: UIDVALIDITY and the UIDs
 *   that clients know stay, and UIDNEXT goes on.
 * - A Maildir folder that is missing comes whole, by one rename, with its list of UIDs, in which UIDNEXT is raised.
 * - Letters of keywords become those of the living folder, subscriptions are added, other files of the mail server come
 *   only where there are none; what it makes again by itself, and what it has counted of a quota, does not come.
 * - Refusals: a message whose name is there with another content, mail in sdbox or mdbox, what lies behind a link.
 * - Owners: see owner.ts. Hard links between messages become files of their own.
 *
 * Faults of `apply` as of a files target. What a restore was killed over, its successor removes and does again.
 */
export const createMergingTarget = (options: MergingTargetOptions): Target => {
  const { directory, posix, asRoot, overwrite, filter = () => true } = options;
  const groups = new Set([...(process.getgroups?.() ?? []), process.getegid?.() ?? -1]);
  const abilities: Abilities = { asRoot, posix, uid: process.geteuid?.() ?? -1, groups };
  const planOptions: MergePlanOptions = { directory, filter, overwrite, abilities };
  const made = new WeakMap<TargetPlan, MadeMerge>();
  const applied = new WeakSet<TargetPlan>();
  const inventory = createFilesSource({ paths: [byteStringOfLatin1('.')], workingDirectory: directory, posix });
  return {
    description: displayText(directory),
    capture: (base, run) => (lookAt(directory) === undefined ? emptyTree() : inventory.capture(base, run)),
    read: (requests, pieces, run) => inventory.read(requests, pieces, run),
    relocate: (path, entry, run) => inventory.relocate(path, entry, run),
    close: () => inventory.close(),
    plan: async (source, run) => {
      const merge = await planMerge(source, planOptions, run);
      made.set(merge.plan, merge);
      return merge.plan;
    },
    apply: async (plan, source, run) => {
      const merge = made.get(plan);
      if (merge === undefined) throw new Fault('usage', 'the plan was made by another target');
      // What a plan says is missing is there when it was applied: it is looked again.
      const now = applied.has(plan) ? await planMerge(source, planOptions, run) : merge;
      applied.add(plan);
      return applyInside({ ...options, abilities, merge: now }, source, run);
    },
  };
};

async function* noPages(): AsyncGenerator<readonly Child[], void> {}

/** What is not there yet. */
async function* emptyTree(): AsyncGenerator<CapturedDirectory, void> {
  yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: noPages() } };
}

interface Application extends MergingTargetOptions {
  readonly abilities: Abilities;
  readonly merge: MadeMerge;
}

const applyInside = async (application: Application, source: Source, run: Run): Promise<TargetReport> => {
  const { directory, posix, abilities, merge, threads = 2, everyEntry = false } = application;
  const { plan, record, tree: living } = merge;
  run.emit({ kind: 'phase', phase: 'restoring' });
  const token = randomBytes(6).toString('hex');
  const stage = createStage(directory, { process: process.pid, token });
  const ledger = stage.ledger(createRestoreLedger({ plan, everyEntry }, run));
  const tree = createHeldDirectories({ directory, mayReplace: () => false, posix });
  const pool = createWriterPool(threads, { posix: posix !== undefined });
  const context = {
    root: directory,
    tree,
    pool,
    ledger,
    abilities,
    temporaryName: createTemporaryNames(process.pid, token),
    alwaysTemporary: false,
    sparse: false,
    durable: true,
  };
  const stop = (): void => pool.stop();
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    await applyMerge({ source, record, tree: living, stage, context, names: createAccountNames() }, run);
    return ledger.report();
  } finally {
    run.signal.removeEventListener('abort', stop);
    await pool.close();
    tree.close();
  }
};
