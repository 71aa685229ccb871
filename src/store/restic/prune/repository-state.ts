import type { Backend } from '../../../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { createBlobSet, type BlobSet } from '../index/blob-set.ts';
import type { BlobTable } from '../index/blob-table.ts';
import { listNames } from '../index/index-loader.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';
import { createBlobReader, type BlobReader } from '../read/blob-reader.ts';
import { createTreeCache } from '../read/tree-cache.ts';
import { collectUsedBlobs } from '../read/used-blobs.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { formatTime } from '../format/time-format.ts';
import type { Repository } from '../repository.ts';
import type { IndexSurvey } from './index-survey.ts';
import { pruneNoteTag } from '../../../model/snapshot.ts';
import type { KnownKeys } from '../evidence/evidence-key.ts';
import type { PruneOptions } from './prune-options.ts';
import { readNote, type PruneNote } from './prune-note.ts';

/** Every snapshot file. Faults: what reading says; one that cannot be read is doubt about what is needed. */
export const readAllSnapshots = async (repository: Repository, run: Run): Promise<readonly SnapshotFile[]> => {
  const queue = await listNames(repository.session.backend, 'snapshot', run);
  const files: SnapshotFile[] = [];
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      throwIfInterrupted(run);
      files.push(await repository.snapshotFile(name, run));
    }
  };
  const { connections } = repository.session.backend.capabilities;
  await Promise.all(Array.from({ length: Math.min(connections, queue.length) }, work));
  return files.sort((left, right) => (left.id < right.id ? -1 : 1));
};

/** Name to bytes of every pack that is there. */
export const listPacks = async (backend: Backend, run: Run): Promise<ReadonlyMap<string, number>> => {
  const present = new Map<string, number>();
  for await (const page of backend.list('pack', run)) for (const { name, size } of page) present.set(name, size);
  return present;
};

export const blobReaderOf = (repository: Repository, survey: IndexSurvey): BlobReader => {
  const { session } = repository;
  const index: RepositoryIndex = {
    table: survey.table,
    packs: survey.packList,
    indexIds: new Set(survey.files.keys()),
  };
  return createBlobReader(session.backend, index, session);
};

/** Every blob that a snapshot needs. Faults: `blob-missing`, `tree-damaged`, what reading says. */
export const markUsed = async (
  snapshots: readonly SnapshotFile[],
  parts: { readonly blobs: BlobReader; readonly table: BlobTable; readonly connections: number },
  run: Run,
): Promise<BlobSet> => {
  const used = createBlobSet();
  const trees = createTreeCache(parts.blobs);
  const roots = [...new Set(snapshots.map(({ tree }) => tree))];
  const totalFiles = roots.length;
  const work = async (): Promise<void> => {
    for (let root = roots.pop(); root !== undefined; root = roots.pop()) {
      await collectUsedBlobs({ trees, table: parts.table }, Uint8Array.from(Buffer.from(root, 'hex')), used, run);
      run.emit({ kind: 'progress', files: totalFiles - roots.length, bytes: 0, totalFiles });
    }
  };
  // Those that come second to a tree pass it by; all is marked once every one of them has ended.
  await Promise.all(Array.from({ length: Math.min(parts.connections, totalFiles) }, work));
  return used;
};

export interface Notes {
  /** The newest that is believed, which alone counts. */
  readonly current: PruneNote | undefined;
  /** What an interrupted prune has left beside it, and what is good for nothing. */
  readonly superseded: readonly PruneNote[];
}

const noKeys: KnownKeys = { own: undefined, given: [] };

export const readNotes = async (
  repository: Repository,
  snapshots: readonly SnapshotFile[],
  { blobs, signedNotes = false }: { readonly blobs: BlobReader } & Pick<PruneOptions, 'signedNotes'>,
  run: Run,
): Promise<Notes> => {
  const keys = signedNotes ? await repository.session.options.evidence.known() : noKeys;
  const notes: PruneNote[] = [];
  for (const snapshot of snapshots) {
    if (!snapshot.tags.includes(pruneNoteTag)) continue;
    const note = await readNote(snapshot, { blobs, repositoryId: repository.id, keys }, run);
    if (note !== undefined) notes.push(note);
  }
  notes.sort((left, right) => (left.time < right.time ? 1 : -1));
  const current = notes.find(({ origin }) => !signedNotes || origin.kind === 'own' || origin.kind === 'given');
  // Another machine that prunes still needs its own.
  const superseded = notes.filter((note) => note !== current && !(signedNotes && note.origin.kind === 'strange'));
  return { current, superseded };
};

const tolerated: Nanoseconds = 300_000_000_000n;

const clockFault = (what: string, seen: Nanoseconds, now: Nanoseconds): Fault =>
  new Fault(
    'configuration',
    `the clock here says ${formatTime(now, 0)}, but ${what} was made at ${formatTime(seen, 0)}; nothing was pruned`,
    {
      hint: 'How long something has been unused is told from the clock. Set it right here (or where that snapshot was made; then forget that snapshot), and prune again.',
    },
  );

/** Refuses when this machine's clock and those of the writers disagree by more than five minutes in the unsafe direction. */
export const assertClock = (snapshots: readonly SnapshotFile[], notes: Notes, now: Nanoseconds): void => {
  for (const { id, time, summary } of snapshots) {
    // A snapshot may have been given a time; when it was finished is what its machine's clock said.
    const made = summary?.backupEnd.nanoseconds ?? time.nanoseconds;
    if (made > now + tolerated) throw clockFault(`the snapshot ${id.slice(0, 8)}`, made, now);
  }
  const noted = notes.current?.time;
  if (noted !== undefined && noted > now + tolerated) throw clockFault('the note of the last prune', noted, now);
};
