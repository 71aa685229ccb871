import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import type { Delivery, Verdict } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { asFault, Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import {
  dispatch,
  endingOf,
  failureFault,
  pathOfFile,
  type PendingFile,
  type RestoreContext,
  settle,
  type Task,
} from './restore-dispatch.ts';
import type { WriterOutcome, WriterPiece } from './writer-job.ts';

/** Turns what a source delivers into work for the writer threads. */
export interface DeliveryReceiver {
  receive(delivery: Delivery): Promise<void>;
  /** After the last delivery: finishes what came in pieces. */
  end(): Promise<void>;
  /** Instead of `end`, after a failure: removes what is not finished. */
  abandon(): void;
}

/** A file that comes in several deliveries, under a temporary name until its verdict is known. */
interface Partial {
  readonly temporary: ByteString;
  readonly inode: bigint;
  /** Pieces that are not written yet. */
  outstanding: number;
  verdict: Verdict | undefined;
  /** Reported already; whatever still comes is dropped. */
  dead: boolean;
}

interface Part {
  readonly pieces: WriterPiece[];
  verdict: Verdict | undefined;
}

const noBytes = (): Uint8Array => new Uint8Array(0);

export const createDeliveryReceiver = (
  files: readonly PendingFile[],
  context: RestoreContext,
  onChanged: (file: PendingFile) => void,
): DeliveryReceiver => {
  const { ledger } = context;
  const partials = new Map<number, Partial | undefined>();
  const finished: number[] = [];
  const judged = new Uint8Array(files.length);

  const wholeTask = (file: PendingFile, part: Part): Task => ({
    file,
    pieces: part.pieces,
    make: (directory, pieces) => ({ kind: 'whole', ending: endingOf(file, directory, context), pieces }),
    done: (outcome) => {
      settle(file, outcome, context);
    },
  });

  const pieceTask = (request: number, partial: Partial, piece: WriterPiece): Task => {
    const file = fileOf(files, request);
    const { temporary, inode } = partial;
    partial.outstanding++;
    return {
      file,
      pieces: [piece],
      make: ({ prefix }, [moved = piece]) => ({
        kind: 'piece',
        prefix,
        temporary,
        inode,
        piece: moved,
        sparse: context.sparse,
      }),
      done: (outcome) => {
        partial.outstanding--;
        pieceDone(file, partial, outcome);
        closeWhenComplete(request, partial);
      },
    };
  };

  const pieceDone = (file: PendingFile, partial: Partial, outcome: WriterOutcome | undefined): void => {
    if (outcome === undefined || partial.dead) return;
    partial.dead = true;
    if (outcome.failure !== undefined) ledger.failed(pathOfFile(file), failureFault(outcome.failure, pathOfFile(file)));
  };

  const closeWhenComplete = (request: number, partial: Partial): void => {
    if (partial.outstanding > 0 || partial.verdict === undefined) return;
    if (partial.dead) discard(request, partial);
    else finished.push(request);
  };

  const discard = (request: number, { temporary }: Partial): void => {
    partials.set(request, undefined);
    removeTemporary(fileOf(files, request), temporary, context);
  };

  /** Takes one request's share of a delivery; the tasks that come of it. */
  const take = (request: number, part: Part): readonly Task[] => {
    const file = fileOf(files, request);
    const { verdict } = part;
    const known = partials.has(request);
    if (verdict !== undefined) judged[request] = 1;
    if (verdict?.kind === 'changed') onChanged(file);
    const refusal = verdict === undefined ? undefined : faultOf(verdict, file);
    if (!known && refusal !== undefined) {
      ledger.failed(pathOfFile(file), refusal);
      partials.set(request, undefined);
      return [];
    }
    if (!known && verdict !== undefined) return [wholeTask(file, part)];
    const partial = known ? partials.get(request) : begin(request, file);
    if (partial === undefined) return [];
    if (refusal !== undefined && !partial.dead) {
      partial.dead = true;
      ledger.failed(pathOfFile(file), refusal);
    }
    partial.verdict = verdict ?? partial.verdict;
    const tasks = partial.dead ? [] : part.pieces.map((piece) => pieceTask(request, partial, piece));
    closeWhenComplete(request, partial);
    return tasks;
  };

  const begin = (request: number, file: PendingFile): Partial | undefined => {
    let partial: Partial | undefined;
    try {
      partial = { ...makeTemporary(file, context), outstanding: 0, verdict: undefined, dead: false };
    } catch (error) {
      ledger.failed(pathOfFile(file), asFault(error));
    }
    partials.set(request, partial);
    return partial;
  };

  const finish = async (): Promise<void> => {
    const tasks: Task[] = [];
    for (const request of finished.splice(0)) {
      const partial = partials.get(request);
      if (partial === undefined) continue;
      tasks.push(finishTask(fileOf(files, request), partial, context));
      partials.set(request, undefined);
    }
    if (tasks.length > 0) await dispatch(tasks, noBytes(), context);
  };

  return {
    receive: async (delivery) => {
      const tasks: Task[] = [];
      for (const [request, part] of partsOf(delivery)) tasks.push(...take(request, part));
      if (tasks.length > 0) await dispatch(tasks, delivery.bytes, context);
      await finish();
      ledger.check();
    },
    end: async () => {
      await context.pool.settled();
      await finish();
      await context.pool.settled();
      for (const [request, file] of files.entries())
        if (judged[request] !== 1) ledger.failed(pathOfFile(file), unjudged());
      ledger.check();
    },
    abandon: () => {
      for (const [request, partial] of partials) if (partial !== undefined) discard(request, partial);
    },
  };
};

const unjudged = (): Fault => new Fault('internal', 'the source said nothing about this file');

const fileOf = (files: readonly PendingFile[], request: number): PendingFile => {
  const file = files[request];
  if (file === undefined) throw new Fault('internal', 'the source delivered what was not asked for');
  return file;
};

const partsOf = ({ pieces, verdicts }: Delivery): Map<number, Part> => {
  const parts = new Map<number, Part>();
  const partOf = (request: number): Part => {
    let part = parts.get(request);
    if (part === undefined) parts.set(request, (part = { pieces: [], verdict: undefined }));
    return part;
  };
  for (const { request, position, start, length } of pieces) partOf(request).pieces.push({ position, start, length });
  for (const { request, verdict } of verdicts) partOf(request).verdict = verdict;
  return parts;
};

/** Why nothing may be kept after this verdict. */
const faultOf = (verdict: Verdict, file: PendingFile): Fault | undefined => {
  if (verdict.kind === 'failed') return verdict.fault;
  if (verdict.kind !== 'gone') return undefined;
  return new Fault('entry-vanished', 'it vanished before it was read', { context: { path: pathOfFile(file) } });
};

const makeTemporary = (file: PendingFile, context: RestoreContext): Pick<Partial, 'temporary' | 'inode'> => {
  const temporary = context.temporaryName();
  const { prefix } = context.tree.hold(file.directory);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    const place = nativePath(byteStringOfLatin1(`${prefix}/${temporary}`));
    const descriptor = openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const { ino } = fstatSync(descriptor, { bigint: true });
    closeSync(descriptor);
    return { temporary, inode: ino };
  } catch (error) {
    throw errnoFault(error, 'write', pathOfFile(file));
  } finally {
    context.tree.release(file.directory);
  }
};

const removeTemporary = (file: PendingFile, temporary: ByteString, context: RestoreContext): void => {
  try {
    const { prefix } = context.tree.hold(file.directory);
    unlinkSync(nativePath(byteStringOfLatin1(`${prefix}/${temporary}`)));
  } catch (error) {
    context.ledger.failed(pathOfFile(file), errnoFault(error, 'remove the unfinished', pathOfFile(file)));
  } finally {
    context.tree.release(file.directory);
  }
};

const finishTask = (file: PendingFile, partial: Partial, context: RestoreContext): Task => {
  const { verdict, temporary, inode } = partial;
  const size = verdict?.kind === 'complete' || verdict?.kind === 'changed' ? verdict.bytes : file.entry.size;
  return {
    file,
    pieces: [],
    make: (directory) => ({
      kind: 'finish',
      ending: { ...endingOf(file, directory, context), temporary },
      inode,
      size,
    }),
    done: (outcome) => {
      settle(file, outcome, context);
    },
  };
};
