import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { errnoCode } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import type { Posix } from '../../system/posix.ts';
import { PosixError } from '../../system/posix-call.ts';
import { type Loss, type NewFile, setMetadata } from '../../system/file-metadata.ts';
import {
  type FileEnding,
  type FileIdentity,
  stoppedCode,
  type WriterJob,
  type WriterOutcome,
  type WriterPiece,
} from './writer-job.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const block = 4096;
const zeros = Buffer.alloc(block);
const copyBufferSize = 1 << 20;

/** Marks a failure to read what is restored, as against one to write it. */
class ReadingFailed extends Error {}

/** Does one job after another in this thread. Never throws: failures are outcomes. */
export const createFileWriter = (
  posix: Posix | undefined,
  stopped: () => boolean,
): ((bytes: Uint8Array, jobs: readonly WriterJob[]) => WriterOutcome[]) => {
  const newFiles = new Map<ByteString, NewFile>();
  const work = createWork({ posix, stopped, newFiles });
  return (bytes, jobs) => {
    const outcomes: WriterOutcome[] = [];
    // The directories of another batch may lie under the same paths: those of descriptors.
    newFiles.clear();
    for (const [job, task] of jobs.entries()) {
      try {
        const { losses, changed, identity } = work(bytes, task);
        if (identity !== undefined) outcomes.push({ job, losses, changed, identity });
        else if (losses.length > 0 || changed) outcomes.push({ job, losses, changed });
      } catch (thrown) {
        const reading = thrown instanceof ReadingFailed;
        const error: unknown = reading ? thrown.cause : thrown;
        const syscall = error instanceof Error && 'syscall' in error ? String(error.syscall) : String(error);
        outcomes.push({ job, failure: { code: errnoCode(error) ?? '', syscall, reading } });
      }
    }
    return outcomes;
  };
};

/** What came of a file that has its name now. */
interface Completed {
  readonly losses: readonly Loss[];
  readonly identity?: FileIdentity;
}

interface Done extends Completed {
  readonly changed: boolean;
}

const nothing: Done = { losses: [], changed: false };

const createWork = (writing: Writing) => {
  const { posix, stopped } = writing;
  let copyBuffer: Uint8Array | undefined;
  return (bytes: Uint8Array, job: WriterJob): Done => {
    switch (job.kind) {
      case 'whole':
        return { ...writeWhole(bytes, job, writing), changed: false };
      case 'piece':
        if (stopped()) throw new PosixError(stoppedCode, 'write');
        withFile(within(job.prefix, job.temporary), job.inode, (file) => {
          writePiece(file, bytes, job);
        });
        return nothing;
      case 'finish':
        return { ...finish(job, posix), changed: false };
      case 'copy':
        copyBuffer ??= new Uint8Array(copyBufferSize);
        return copy(job, copyBuffer, writing);
      case 'amend':
        return { losses: amend(job, posix), changed: false };
    }
  };
};

const within = (prefix: ByteString, name: ByteString): ByteString => byteStringOfLatin1(`${prefix}/${name}`);

type Job<Kind extends WriterJob['kind']> = Extract<WriterJob, { readonly kind: Kind }>;

interface Writing {
  readonly posix: Posix | undefined;
  readonly stopped: () => boolean;
  /** What files in the directories of this batch are born as, by prefix. */
  readonly newFiles: Map<ByteString, NewFile>;
}

const writeWhole = (bytes: Uint8Array, { ending, pieces }: Job<'whole'>, writing: Writing): Completed =>
  writeNew(ending, writing, (file) => {
    const { stopped } = writing;
    let size = 0;
    for (const piece of pieces) {
      // One block of zeros may be a very large file.
      if (stopped()) throw new PosixError(stoppedCode, 'write');
      writePiece(file, bytes, { piece, sparse: ending.sparse });
      size = Math.max(size, piece.position + piece.length);
    }
    if (ending.sparse) ftruncateSync(file, size);
  });

/** Makes a file, fills it, gives it its metadata and its name; leaves nothing behind when that fails. */
const writeNew = (ending: FileEnding, writing: Writing, fill: (file: number) => void): Completed => {
  const place = within(ending.prefix, ending.temporary ?? ending.name);
  const native = nativePath(place);
  const file = openSync(native, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  let whole = false;
  try {
    const born = bornAs(file, ending.prefix, writing);
    fill(file);
    const completed = complete({ file, place, born }, ending, writing.posix);
    whole = true;
    return completed;
  } finally {
    closeSync(file);
    if (!whole) unlinkSync(native);
  }
};

/** Looks at the first file of each directory: the others have the same owner, group and mode. */
const bornAs = (file: number, prefix: ByteString, { newFiles }: Writing): NewFile => {
  let born = newFiles.get(prefix);
  if (born === undefined) {
    const { mode, uid, gid } = fstatSync(file);
    newFiles.set(prefix, (born = { mode: mode & 0o7777, uid, gid }));
  }
  return born;
};

interface Written {
  readonly file: number;
  readonly place: ByteString;
  readonly born?: NewFile;
}

const complete = ({ file, place, born }: Written, ending: FileEnding, posix: Posix | undefined): Completed => {
  const { metadata, tidy, temporary, replace, durable } = ending;
  const task = { descriptor: file, path: place, metadata, tidy };
  const losses = setMetadata(born === undefined ? task : { ...task, born }, posix);
  const completed: Completed = ending.identify ? { losses, identity: identityOf(file) } : { losses };
  if (temporary === undefined) return completed;
  const final = within(ending.prefix, ending.name);
  // A machine that stops right after the rename must find the old file or the new one, not an empty one.
  if (replace && durable) fsyncSync(file);
  if (replace) renameOver(place, final);
  else renameToFree(place, final, posix);
  return completed;
};

const identityOf = (file: number): FileIdentity => {
  const { dev, ino } = fstatSync(file, { bigint: true });
  return { device: dev, inode: ino };
};

/** Takes a name, whatever file has it. */
export const renameOver = (from: ByteString, to: ByteString): void => renameSync(nativePath(from), nativePath(to));

/** Takes a name that must be free: `EEXIST` otherwise. Without the addon there is an instant between look and rename. */
export const renameToFree = (from: ByteString, to: ByteString, posix: Posix | undefined): void => {
  if (posix !== undefined) {
    try {
      posix.renameWithoutReplacing(from, to);
      return;
    } catch (error) {
      // File systems that have no such rename say EINVAL, an older library ENOSYS.
      if (errnoCode(error) !== 'EINVAL' && errnoCode(error) !== 'ENOSYS') throw error;
    }
  }
  if (lstatSync(nativePath(to), { throwIfNoEntry: false }) !== undefined) throw new PosixError('EEXIST', 'rename');
  renameSync(nativePath(from), nativePath(to));
};

interface PieceTask {
  readonly piece: WriterPiece;
  readonly sparse: boolean;
}

const writePiece = (file: number, bytes: Uint8Array, { piece, sparse }: PieceTask): void => {
  const { start, length, position } = piece;
  if (!sparse) {
    writeAll(file, bytes, piece);
    return;
  }
  // Runs of blocks that hold something; blocks are those of the file, so that holes fall on them.
  let from = start;
  let at = start;
  const flush = (): void => {
    if (at > from) writeAll(file, bytes, { start: from, length: at - from, position: position + from - start });
  };
  while (at < start + length) {
    const end = Math.min(start + length, at + block - ((position + at - start) % block));
    if (isZero(bytes, at, end)) {
      flush();
      from = end;
    }
    at = end;
  }
  flush();
};

const isZero = (bytes: Uint8Array, start: number, end: number): boolean =>
  zeros.compare(bytes, start, end, 0, end - start) === 0;

const writeAll = (file: number, bytes: Uint8Array, { start, length, position }: WriterPiece): void => {
  let written = 0;
  while (written < length) {
    written += writeSync(file, bytes, start + written, length - written, position + written);
  }
};

/** Opens a file of ours again. `ESTALE` when another file has its name. */
const withFile = <Result>(place: ByteString, inode: bigint, work: (file: number) => Result): Result => {
  const file = openSync(nativePath(place), O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (fstatSync(file, { bigint: true }).ino !== inode) throw new PosixError('ESTALE', 'open');
    return work(file);
  } finally {
    closeSync(file);
  }
};

const finish = ({ ending, inode, size }: Job<'finish'>, posix: Posix | undefined): Completed => {
  const place = within(ending.prefix, ending.temporary);
  try {
    return withFile(place, inode, (file) => {
      ftruncateSync(file, size);
      return complete({ file, place }, ending, posix);
    });
  } catch (error) {
    unlinkSync(nativePath(place));
    throw error;
  }
};

const copy = (job: Job<'copy'>, buffer: Uint8Array, writing: Writing): Done => {
  const from = reading(() => openSync(nativePath(job.file), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  try {
    const before = reading(() => fstatSync(from, { bigint: true }));
    if (!before.isFile()) throw new ReadingFailed('', { cause: new PosixError('ENOENT', 'open') });
    let copied = 0;
    const completed = writeNew(job.ending, writing, (file) => {
      for (;;) {
        const length = reading(() => readSync(from, buffer, 0, buffer.length, copied));
        if (length === 0) break;
        if (writing.stopped()) throw new PosixError(stoppedCode, 'read');
        writePiece(file, buffer, { piece: { start: 0, length, position: copied }, sparse: job.ending.sparse });
        copied += length;
      }
      ftruncateSync(file, copied);
    });
    const after = reading(() => fstatSync(from, { bigint: true }));
    return {
      ...completed,
      changed: copied !== job.size || before.mtimeNs !== job.mtime || after.mtimeNs !== job.mtime,
    };
  } finally {
    closeSync(from);
  }
};

const reading = <Result>(work: () => Result): Result => {
  try {
    return work();
  } catch (cause) {
    throw new ReadingFailed('', { cause });
  }
};

const amend = ({ prefix, name, metadata }: Job<'amend'>, posix: Posix | undefined): readonly Loss[] => {
  const path = within(prefix, name);
  const descriptor = openSync(nativePath(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const now = fstatSync(descriptor);
    // Another name of it may lie outside the target.
    if (!now.isFile() || now.nlink !== 1) throw new PosixError('ESTALE', 'open');
    return setMetadata({ descriptor, path, metadata, tidy: true }, posix);
  } finally {
    closeSync(descriptor);
  }
};
