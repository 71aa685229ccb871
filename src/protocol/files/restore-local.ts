import type { Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { asFault, Fault } from '../../model/fault.ts';
import {
  dispatch,
  endingOf,
  pathOfFile,
  type PendingFile,
  type RestoreContext,
  settle,
  type Task,
  tellChanged,
} from './restore-dispatch.ts';
import { attainableMetadata } from '../../system/file-metadata.ts';
import type { WriterJob, WriterOutcome } from './writer-job.ts';

export interface LocalWork {
  /** Files that the threads copy by themselves, and empty ones. */
  readonly files: readonly PendingFile[];
  /** Files of which only the metadata is set. */
  readonly amended: readonly PendingFile[];
  readonly source: Source;
}

const filesInABatch = 64;

/** Restores what needs no bytes from the source's `read`. What has moved to where only `read` gets it is returned. */
export const restoreLocally = async (
  { files, amended, source }: LocalWork,
  context: RestoreContext,
  run: Run,
): Promise<readonly PendingFile[]> => {
  const gone: PendingFile[] = [];
  await inBatches(amended, (file) => amendTask(file, context), context, run);
  await inBatches(files, (file) => copyTask({ file, context, run, gone: (lost) => gone.push(lost) }), context, run);
  await context.pool.settled();
  throwIfInterrupted(run);
  const found: PendingFile[] = [];
  for (const file of gone) {
    const fresh = await relocated(file, source, run);
    if (fresh === undefined) context.ledger.failed(pathOfFile(file), vanished());
    else if (fresh instanceof Fault) context.ledger.failed(pathOfFile(file), fresh);
    else found.push(fresh);
  }
  const again = (lost: PendingFile): void => context.ledger.failed(pathOfFile(lost), vanished());
  const here = found.filter(({ content }) => content.kind !== 'delivered');
  await inBatches(here, (file) => copyTask({ file, context, run, gone: again }), context, run);
  await context.pool.settled();
  throwIfInterrupted(run);
  context.ledger.check();
  return found.filter(({ content }) => content.kind === 'delivered');
};

const inBatches = async (
  files: readonly PendingFile[],
  taskOf: (file: PendingFile) => Task,
  context: RestoreContext,
  run: Run,
): Promise<void> => {
  for (let at = 0; at < files.length; at += filesInABatch) {
    throwIfInterrupted(run);
    context.ledger.check();
    await dispatch(files.slice(at, at + filesInABatch).map(taskOf), { bytes: new Uint8Array(0) }, context);
  }
};

const vanished = (): Fault => new Fault('entry-vanished', 'it vanished before it was read');

/** A message whose flags changed has another name now; it is restored under the name that the plan knows. */
const relocated = async (file: PendingFile, source: Source, run: Run): Promise<PendingFile | Fault | undefined> => {
  try {
    const fresh = await source.relocate([...file.directory, file.entry.name], file.entry, run);
    return fresh === undefined
      ? undefined
      : { ...file, content: fresh.content, entry: { ...fresh.entry, name: file.entry.name } };
  } catch (error) {
    return asFault(error);
  }
};

const amendTask = (file: PendingFile, context: RestoreContext): Task => ({
  file,
  pieces: [],
  make: ({ prefix }) => ({
    kind: 'amend',
    prefix,
    name: file.entry.name,
    metadata: attainableMetadata(file.entry, context.abilities, () => {}),
  }),
  done: (outcome) => {
    settle({ ...file, entry: { ...file.entry, size: 0 }, replace: true }, outcome, context);
  },
});

interface Copying {
  readonly file: PendingFile;
  readonly context: RestoreContext;
  readonly run: Run;
  readonly gone: (file: PendingFile) => void;
}

const copyTask = ({ file, context, run, gone }: Copying): Task => ({
  file,
  pieces: [],
  make: (directory): WriterJob => {
    const { content, entry } = file;
    const ending = endingOf(file, directory, context);
    if (content.kind !== 'local-file') return { kind: 'whole', ending, pieces: [] };
    const temporary = ending.temporary ?? context.temporaryName();
    return { kind: 'copy', ending: { ...ending, temporary }, file: content.file, size: entry.size, mtime: entry.mtime };
  },
  done: (outcome: WriterOutcome | undefined) => {
    if (outcome?.failure?.reading === true && outcome.failure.code === 'ENOENT') {
      gone(file);
      return;
    }
    if (outcome?.changed === true) tellChanged(file, run);
    settle(file, outcome, context);
  },
});
