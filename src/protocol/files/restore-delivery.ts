import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import type { Run } from '../../contract/run.ts';
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
  tellChanged,
} from './restore-dispatch.ts';
import { stoppedCode, type WriterPiece } from './writer-job.ts';

/** Turns what a source delivers into work for the writer threads. */
export interface DeliveryReceiver {
  receive(delivery: Delivery): Promise<void>;
  /** After the last delivery: finishes what came in pieces. */
  end(): Promise<void>;
  /** Instead of `end`, after a failure: removes what is not finished. */
  abandon(): void;
}

/** A file that comes in several deliveries, under a temporary name until its verdict is known. */
interface PartialFile {
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

interface Receiving {
  readonly files: readonly PendingFile[];
  readonly context: RestoreContext;
  readonly run: Run;
  /** By request; undefined: nothing of this request is wanted any more. */
  readonly partials: Map<number, PartialFile | undefined>;
  /** Requests of which all is written that will come. */
  readonly finished: number[];
  /** Bytes that came of each file. */
  readonly received: Float64Array;
  /** 1: it had its verdict. */
  readonly judged: Uint8Array;
}

export const createDeliveryReceiver = (
  files: readonly PendingFile[],
  context: RestoreContext,
  run: Run,
): DeliveryReceiver => {
  const judged = new Uint8Array(files.length);
  const received = new Float64Array(files.length);
  const receiving: Receiving = { files, context, run, partials: new Map(), finished: [], judged, received };
  const { ledger, pool } = context;
  return {
    receive: async (delivery) => {
      const tasks: Task[] = [];
      for (const [request, part] of partsOf(delivery)) tasks.push(...takePart(receiving, request, part));
      if (tasks.length > 0) await dispatch(tasks, delivery, context);
      else delivery.recycle?.();
      await finishWhole(receiving);
      ledger.check();
    },
    end: async () => {
      await pool.settled();
      await finishWhole(receiving);
      await pool.settled();
      for (const [request, file] of files.entries()) {
        if (judged[request] !== 1) ledger.failed(pathOfFile(file), unjudged());
      }
      ledger.check();
    },
    abandon: () => {
      for (const [request, partial] of receiving.partials) {
        if (partial !== undefined) discard(receiving, request, partial);
      }
    },
  };
};

/** Takes one request's share of a delivery; the tasks that come of it. */
const takePart = (receiving: Receiving, request: number, part: Part): readonly Task[] => {
  const { files, context, run, partials, judged } = receiving;
  const file = fileOf(files, request);
  const { verdict } = part;
  const known = partials.has(request);
  if (verdict !== undefined) judged[request] = 1;
  if (verdict?.kind === 'changed') tellChanged(file, run);
  const received = (receiving.received[request] ?? 0) + part.pieces.reduce((sum, piece) => sum + piece.length, 0);
  receiving.received[request] = received;
  const refusal = verdict === undefined ? undefined : faultOf(verdict, received, file);
  if (!known && refusal !== undefined) {
    context.ledger.failed(pathOfFile(file), refusal);
    partials.set(request, undefined);
    return [];
  }
  if (!known && verdict !== undefined) return [wholeTask(file, part, context)];
  const partial = known ? partials.get(request) : beginPartial(receiving, request, file);
  if (partial === undefined) return [];
  if (refusal !== undefined && !partial.dead) {
    partial.dead = true;
    context.ledger.failed(pathOfFile(file), refusal);
  }
  partial.verdict = verdict ?? partial.verdict;
  const tasks = partial.dead ? [] : part.pieces.map((piece) => pieceTask(receiving, { request, partial, piece }));
  closeWhenComplete(receiving, request, partial);
  return tasks;
};

const wholeTask = (file: PendingFile, { pieces }: Part, context: RestoreContext): Task => ({
  file,
  pieces,
  make: (directory, moved) => ({ kind: 'whole', ending: endingOf(file, directory, context), pieces: moved }),
  done: (outcome) => {
    settle(file, outcome, context);
  },
});

const beginPartial = (
  { context, partials }: Receiving,
  request: number,
  file: PendingFile,
): PartialFile | undefined => {
  let partial: PartialFile | undefined;
  try {
    partial = { ...makeTemporary(file, context), outstanding: 0, verdict: undefined, dead: false };
  } catch (error) {
    context.ledger.failed(pathOfFile(file), asFault(error));
  }
  partials.set(request, partial);
  return partial;
};

interface PartialPiece {
  readonly request: number;
  readonly partial: PartialFile;
  readonly piece: WriterPiece;
}

const pieceTask = (receiving: Receiving, { request, partial, piece }: PartialPiece): Task => {
  const { context } = receiving;
  const file = fileOf(receiving.files, request);
  const { temporary, inode } = partial;
  const { sparse } = context;
  partial.outstanding++;
  return {
    file,
    pieces: [piece],
    make: ({ prefix }, [moved = piece]) => ({ kind: 'piece', prefix, temporary, inode, piece: moved, sparse }),
    done: (outcome) => {
      partial.outstanding--;
      if (outcome !== undefined && !partial.dead) {
        partial.dead = true;
        const path = pathOfFile(file);
        if (outcome.failure !== undefined && outcome.failure.code !== stoppedCode)
          context.ledger.failed(path, failureFault(outcome.failure, path));
      }
      closeWhenComplete(receiving, request, partial);
    },
  };
};

const closeWhenComplete = (receiving: Receiving, request: number, partial: PartialFile): void => {
  if (partial.outstanding > 0 || partial.verdict === undefined) return;
  if (partial.dead) discard(receiving, request, partial);
  else if (!receiving.finished.includes(request)) receiving.finished.push(request);
};

const discard = ({ files, context, partials }: Receiving, request: number, { temporary }: PartialFile): void => {
  partials.set(request, undefined);
  removeTemporary(fileOf(files, request), temporary, context);
};

const finishWhole = async ({ files, context, partials, finished }: Receiving): Promise<void> => {
  const tasks: Task[] = [];
  const finishing: number[] = [];
  for (const request of finished.splice(0)) {
    const partial = partials.get(request);
    if (partial === undefined || partial.outstanding > 0) continue;
    tasks.push(finishTask(fileOf(files, request), partial, context));
    finishing.push(request);
  }
  // Handed over: from here on the thread removes what it cannot finish.
  for (const request of finishing) partials.set(request, undefined);
  if (tasks.length > 0) await dispatch(tasks, { bytes: new Uint8Array(0) }, context);
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
const faultOf = (verdict: Verdict, received: number, file: PendingFile): Fault | undefined => {
  if (verdict.kind === 'failed') return verdict.fault;
  if (verdict.kind !== 'gone') {
    // A verdict is believed only when the bytes are there: a short file must never pass for a whole one.
    if (received === verdict.bytes) return undefined;
    const path = pathOfFile(file);
    return new Fault('internal', `${received} of ${verdict.bytes} bytes came before it was called complete`, {
      context: { path },
    });
  }
  return new Fault('entry-vanished', 'it vanished before it was read', { context: { path: pathOfFile(file) } });
};

const makeTemporary = (file: PendingFile, context: RestoreContext): Pick<PartialFile, 'temporary' | 'inode'> => {
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

const finishTask = (file: PendingFile, partial: PartialFile, context: RestoreContext): Task => {
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
