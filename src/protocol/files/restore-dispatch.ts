import type { ByteString } from '../../model/byte-string.ts';
import type { Run } from '../../contract/run.ts';
import type { Content, Delivery } from '../../contract/source.ts';
import type { Entry, Path } from '../../model/entry.ts';
import { asFault, Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { PosixError } from '../../system/posix-call.ts';
import type { RestoreLedger } from './restore-ledger.ts';
import { type Abilities, attainableMetadata } from '../../system/file-metadata.ts';
import { childPath, joinedPath, occupied } from './target-name.ts';
import { decideEntry } from './target-decision.ts';
import type { HeldDirectories, HeldDirectory } from './held-directory.ts';
import {
  type FileEnding,
  type FileIdentity,
  stoppedCode,
  type WriterFailure,
  type WriterJob,
  type WriterOutcome,
  type WriterPiece,
} from './writer-job.ts';
import type { WriterPool } from './writer-pool.ts';

/** A regular file that is to be written, with the directory it belongs to. */
export interface PendingFile {
  readonly directory: Path;
  readonly entry: Entry;
  readonly content: Content;
  /** Something of this name may be replaced. */
  readonly replace: boolean;
  /** Told when it was written whole and has its name; given for files that other names are linked to. */
  readonly written?: (identity: FileIdentity) => void;
}

export interface RestoreContext {
  /** The target. */
  readonly root: ByteString;
  readonly tree: HeldDirectories;
  readonly pool: WriterPool;
  readonly ledger: RestoreLedger;
  readonly abilities: Abilities;
  readonly temporaryName: () => ByteString;
  /** Write every file under a temporary name, small new ones too. */
  readonly alwaysTemporary: boolean;
  readonly sparse: boolean;
  /** fsync what replaces something. */
  readonly durable: boolean;
}

/** A job before its directory is held. */
export interface Task {
  readonly file: PendingFile;
  /** Pieces of the bytes that the job needs. */
  readonly pieces: readonly WriterPiece[];
  readonly make: (directory: HeldDirectory, pieces: readonly WriterPiece[]) => WriterJob;
  readonly done: (outcome: WriterOutcome | undefined) => void;
}

/** Bytes, and what is to be called when they were written. */
export type GivenBytes = Pick<Delivery, 'bytes' | 'recycle'>;

const directoriesInABatch = 64;

export const pathOfFile = ({ directory, entry }: PendingFile): ByteString =>
  childPath(joinedPath(directory), entry.name);

/**
 * Hands tasks to the writer threads with their directories held. The bytes go along without a copy, unless the tasks
 * lie in so many directories that they have to be split.
 */
export const dispatch = async (tasks: readonly Task[], given: GivenBytes, context: RestoreContext): Promise<void> => {
  const { bytes, recycle } = given;
  const groups = groupsOf(tasks);
  if (groups.length === 1) {
    const pieces = (task: Task): readonly WriterPiece[] => task.pieces;
    await dispatchGroup(tasks, { ...given, pieces, weight: bytes.length }, context);
    return;
  }
  for (const group of groups) await dispatchGroup(group, pack(group, bytes), context);
  recycle?.();
};

const groupsOf = (tasks: readonly Task[]): Task[][] => {
  const groups: Task[][] = [];
  let group: Task[] = [];
  let directories = new Set<Path>();
  for (const task of tasks) {
    if (directories.size === directoriesInABatch && !directories.has(task.file.directory)) {
      groups.push(group);
      group = [];
      directories = new Set();
    }
    group.push(task);
    directories.add(task.file.directory);
  }
  if (group.length > 0) groups.push(group);
  return groups;
};

interface Packed extends GivenBytes {
  readonly pieces: (task: Task) => readonly WriterPiece[];
  readonly weight: number;
}

/** The bytes of some tasks only, one after another. */
const pack = (tasks: readonly Task[], bytes: Uint8Array): Packed => {
  const total = tasks.reduce((sum, { pieces }) => pieces.reduce((part, { length }) => part + length, sum), 0);
  const packed = new Uint8Array(total);
  const moved = new Map<Task, readonly WriterPiece[]>();
  let at = 0;
  for (const task of tasks) {
    const pieces = task.pieces.map(({ position, start, length }) => {
      packed.set(bytes.subarray(start, start + length), at);
      at += length;
      return { position, start: at - length, length };
    });
    moved.set(task, pieces);
  }
  return { bytes: packed, pieces: (task) => moved.get(task) ?? [], weight: total };
};

const dispatchGroup = async (tasks: readonly Task[], packed: Packed, context: RestoreContext): Promise<void> => {
  const { tree, pool, ledger } = context;
  const held = new Map<Path, HeldDirectory | Fault>();
  const jobs: WriterJob[] = [];
  const sent: Task[] = [];
  for (const task of tasks) {
    const { directory } = task.file;
    let place = held.get(directory);
    if (place === undefined) held.set(directory, (place = holdOrFault(tree, directory)));
    if (place instanceof Fault) {
      task.done({ job: -1 });
      ledger.failed(pathOfFile(task.file), place);
      continue;
    }
    jobs.push(task.make(place, packed.pieces(task)));
    sent.push(task);
  }
  const done = (outcomes: readonly WriterOutcome[]): void => {
    for (const [directory, place] of held) if (!(place instanceof Fault)) tree.release(directory);
    const told = new Map(outcomes.map((outcome) => [outcome.job, outcome] as const));
    for (const [job, task] of sent.entries()) task.done(told.get(job));
  };
  if (jobs.length === 0) done([]);
  else await pool.write({ ...packed, jobs, done });
};

const holdOrFault = (tree: HeldDirectories, path: Path): HeldDirectory | Fault => {
  try {
    return tree.hold(path);
  } catch (error) {
    return asFault(error);
  }
};

export const endingOf = (file: PendingFile, directory: HeldDirectory, context: RestoreContext): FileEnding => {
  const { entry, replace } = file;
  return {
    prefix: directory.prefix,
    name: entry.name,
    temporary: replace || context.alwaysTemporary ? context.temporaryName() : undefined,
    replace,
    metadata: attainableMetadata(entry, context.abilities, () => {}),
    tidy: directory.inheritsAccess,
    sparse: context.sparse,
    durable: context.durable,
    identify: file.written !== undefined,
  };
};

/** What came of a file that was to take its name: counted, or reported. */
export const settle = (file: PendingFile, outcome: WriterOutcome | undefined, context: RestoreContext): void => {
  const { ledger } = context;
  const path = pathOfFile(file);
  // Its directory could not be made, or all was stopped: that is told once.
  if (outcome?.job === -1 || outcome?.failure?.code === stoppedCode) return;
  for (const loss of outcome?.losses ?? []) ledger.lost(loss);
  if (outcome?.failure === undefined) {
    if (outcome?.identity !== undefined) file.written?.(outcome.identity);
    ledger.written(path, file.entry.size, file.replace);
  } else if (outcome.failure.code === 'EEXIST' && !file.replace) {
    settleOccupied(file, context);
  } else {
    ledger.failed(path, failureFault(outcome.failure, path));
  }
};

/** A file of a living source is kept as it was read, and that is said. */
export const tellChanged = (file: PendingFile, run: Run): void => {
  const fault = new Fault('entry-changed', 'it changed while it was read');
  run.emit({ kind: 'fault', fault, path: pathOfFile(file) });
};

/** Something took the name since the plan was made; the same plan applied twice meets its own files here. */
const settleOccupied = (file: PendingFile, { ledger, abilities, root }: RestoreContext): void => {
  const path = pathOfFile(file);
  try {
    const place = childPath(root, path);
    const same = decideEntry(file.entry, place, { overwrite: 'if-changed', abilities }) === 'leave';
    if (same) ledger.left(path, file.entry.size);
    else ledger.failed(path, occupied('something that appeared after the plan was made'));
  } catch (error) {
    ledger.failed(path, asFault(error));
  }
};

export const failureFault = ({ code, syscall, reading }: WriterFailure, path: ByteString): Fault => {
  if (code === '') return new Fault('internal', `unexpected failure in a writer thread: ${syscall}`);
  const error = new PosixError(code, syscall);
  if (reading) return errnoFault(error, 'read', path, { ENOENT: 'entry-vanished', EACCES: 'entry-unreadable' });
  return errnoFault(error, 'write', path, { EEXIST: 'target-occupied', EISDIR: 'target-occupied' });
};
