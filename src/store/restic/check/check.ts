import { hash } from 'node:crypto';
import type { Run } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { createBlobReader } from '../read/blob-reader.ts';
import { checkIndex, checkPacksPresent } from './check-index.ts';
import { checkPacks, choosePacks, type PackSubset } from './check-packs.ts';
import { CheckFindings, type CheckReport } from './check-report.ts';
import { checkSnapshotFiles, TreeCheck } from './check-trees.ts';
import { supersededNotes } from '../../../model/evidence-note.ts';
import { addObservation } from '../../../model/pack-evidence.ts';
import { claimOf, strangeArrivals, type StrangeArrivals } from '../../../model/seen-snapshot.ts';
import { isNote } from '../../../model/snapshot.ts';
import { type LoadedEvidence, loadEvidence, removeSuperseded, writeEvidence } from '../evidence/evidence-store.ts';
import { damagedAfter } from '../index/damaged-packs.ts';
import { listNames } from '../index/index-loader.ts';
import { keyDescription } from '../sealing/key.ts';
import { knownDamage, rememberDamage } from '../repository-knowledge.ts';
import type { Repository } from '../repository.ts';
import type { Session } from '../session.ts';

export interface CheckOptions {
  readonly readData: PackSubset;
  /** From 0 up to, not including, 1: chooses the packs of a random subset. */
  readonly random: () => number;
  /** Note in the repository which packs were read back good. Without a lock, nothing is noted. */
  readonly keepEvidence?: boolean;
}

/** Key files are in the clear: each must be what its name says, and have the form of a key. */
const checkKeys = async ({ backend }: Session, findings: CheckFindings, run: Run): Promise<void> => {
  for (const name of await listNames(backend, 'key', run)) {
    try {
      const json = await backend.load({ kind: 'key', name }, undefined, run);
      if (hash('sha256', json, 'hex') !== name) {
        throw new Fault('key-damaged', `the key ${name.slice(0, 8)} has a content that does not match its name`, {
          hint: 'Add a new key with `mailkeep key add`, then remove this one.',
        });
      }
      keyDescription(json);
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      findings.damaged(asFault(error));
    }
  }
};

/**
 * Looks whether a repository is whole: keys, index, packs, snapshots, every tree, and that every blob they need is listed
 * and lies in a pack of the right size; with `readData`, every byte of the chosen packs too. It uses no cache. Damage is
 * emitted as it is found; the report counts it. Nothing is changed, but that evidence of what was read is kept, and in the
 * cache which packs are damaged, so that the next backup stores again what was in them.
 */
export const checkRepository = async (
  repository: Repository,
  options: CheckOptions,
  run: Run,
): Promise<CheckReport> => {
  const { report, superseded } = await repository.locked('shared', () => checkLocked(repository, options, run), run);
  await tolerated(() => removeSuperseded(repository, superseded, run), run);
  return report;
};

interface Checked {
  readonly report: CheckReport;
  /** Evidence that newer evidence contains. */
  readonly superseded: readonly string[];
}

const checkLocked = async (repository: Repository, options: CheckOptions, run: Run): Promise<Checked> => {
  const { session } = repository;
  const findings = new CheckFindings(run);
  run.emit({ kind: 'phase', phase: 'checking keys and index' });
  await checkKeys(session, findings, run);
  // Snapshots before the index: what a snapshot of now needs is in an index of now.
  const snapshots = await checkSnapshotFiles(session, findings, run);
  const checked = await checkIndex(session, findings, run);
  const present = await checkPacksPresent(session, checked, findings, run);
  const blobs = createBlobReader(session.backend, checked.index, session);
  const keepEvidence = options.keepEvidence === true && options.readData.kind !== 'none' && !session.options.noLock;
  // What this machine notes it has seen itself, or heard from one that it trusts.
  const { evidence, notes }: LoadedEvidence =
    keepEvidence || options.readData.kind === 'rotation'
      ? await loadEvidence(repository, { snapshots, anybody: false }, run)
      : { evidence: undefined, notes: [] };
  const chosen = choosePacks(present, options.readData, { random: options.random, evidence });
  const isReading = chosen.length > 0;
  run.emit({ kind: 'phase', phase: isReading ? 'checking trees, reading packs' : 'checking trees' });
  // One number at a time is shown: while packs are read, how far that is.
  const { backend } = session;
  const reading = { backend, index: checked.index, tools: session, blobs };
  const trees = new TreeCheck({ ...reading, findings, tellProgress: !isReading }, run);
  // The trees keep this thread busy, the packs all others.
  const [, { good, ...read }] = await bothEnded(
    trees.check(snapshots),
    checkPacks(present, chosen, { session, checked, findings }, run),
  );
  const report = {
    damage: findings.damage,
    remarks: findings.remarks,
    snapshots: snapshots.length,
    trees: trees.trees,
    packs: present.size,
    blobs: checked.index.table.size(),
    ...read,
  };
  const seen = { present: present.keys(), good, damaged: findings.packs };
  await rememberDamage(session, damagedAfter(await knownDamage(session), seen), run);
  if (!keepEvidence) return { report, superseded: [] };
  const bad = new Set(chosen.filter((id) => !good.has(id)));
  const claims = snapshots.filter((snapshot) => !isNote(snapshot)).map(claimOf);
  const observation = { time: run.now(), present: present.keys(), good, bad, snapshots: claims };
  tellStrange(strangeArrivals(evidence, claims, observation.time), run);
  const written = await tolerated(() => writeEvidence(repository, addObservation(evidence, observation), run), run);
  if (written === undefined) return { report, superseded: [] };
  return { report, superseded: supersededNotes(notes, run.now()).filter((id) => id !== written) };
};

/** Somebody may be filling the repository with snapshots, so that others are let go of. */
const tellStrange = (arrivals: readonly StrangeArrivals[], run: Run): void => {
  for (const { id, snapshots, kind } of arrivals) {
    const first = `${snapshots} snapshots of the source of ${id.slice(0, 8)}`;
    const message =
      kind === 'many'
        ? `${first} came since the last look, which is more than a schedule makes`
        : `${first} came with times at which they cannot have been made; they push no other out`;
    run.emit({ kind: 'notice', message });
  }
};

/** As `Promise.all`, but when one fails the other is waited for: it uses the repository, which is closed next. */
const bothEnded = async <First, Second>(first: Promise<First>, second: Promise<Second>): Promise<[First, Second]> => {
  await Promise.allSettled([first, second]);
  return [await first, await second];
};

/** That evidence could not be kept (a full disk, an append-only server) does not make the repository any worse. */
const tolerated = async <Result>(work: () => Promise<Result>, run: Run): Promise<Result | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (isFault(error, 'interrupted', 'internal')) throw error;
    run.emit({ kind: 'notice', message: `what was read could not be noted: ${asFault(error).message}` });
    return undefined;
  }
};
