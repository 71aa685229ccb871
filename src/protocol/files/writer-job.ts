import type { ByteString } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import type { AttainableMetadata, Loss } from '../../system/file-metadata.ts';

/** Where in the batch's bytes a piece lies, and where in the file it belongs. */
export interface WriterPiece {
  readonly position: number;
  readonly start: number;
  readonly length: number;
}

/** How a file gets its name and what it shall be when it is whole. */
export interface FileEnding {
  /** Path of the directory, held open by the thread that sends the job until the job is answered. */
  readonly prefix: ByteString;
  readonly name: ByteString;
  /** The name under which it is written; undefined: at once under its own name, which must be free. */
  readonly temporary: ByteString | undefined;
  /** Whether something of this name may be replaced. */
  readonly replace: boolean;
  /** Whether what replaces something is on disk (fsync) before it takes the name. */
  readonly durable: boolean;
  readonly metadata: AttainableMetadata;
  /** Remove attributes that a new file inherited here. */
  readonly tidy: boolean;
  /** Leave out blocks of zeros. */
  readonly sparse: boolean;
  /** Tell which inode was written: other names are to be linked to it. */
  readonly identify: boolean;
}

/** Which file it is, whatever its name. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** What a writer thread does; one system call after another, nothing awaited. */
export type WriterJob =
  /** A file whose bytes are all here. */
  | { readonly kind: 'whole'; readonly ending: FileEnding; readonly pieces: readonly WriterPiece[] }
  /** A part of a file that was made before under a temporary name; `inode` proves that it is still the same. */
  | {
      readonly kind: 'piece';
      readonly prefix: ByteString;
      readonly temporary: ByteString;
      readonly inode: bigint;
      readonly piece: WriterPiece;
      readonly sparse: boolean;
    }
  /** All parts are written. */
  | {
      readonly kind: 'finish';
      readonly ending: FileEnding & { readonly temporary: ByteString };
      readonly inode: bigint;
      readonly size: number;
    }
  /** A local file, to be copied as it is now. */
  | {
      readonly kind: 'copy';
      readonly ending: FileEnding & { readonly temporary: ByteString };
      readonly file: ByteString;
      readonly size: number;
      readonly mtime: Nanoseconds;
    }
  /** Only the metadata of a file that is there. */
  | {
      readonly kind: 'amend';
      readonly prefix: ByteString;
      readonly name: ByteString;
      readonly metadata: AttainableMetadata;
    };

export interface WriterBatch {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly jobs: readonly WriterJob[];
}

export interface WriterFailure {
  /** errno's name, or '' for what is no system error. */
  readonly code: string;
  readonly syscall: string;
  /** Whether it was the local source that failed, not the target. */
  readonly reading: boolean;
}

/** What is worth telling of a job; a job without an outcome went well and lost nothing. */
export interface WriterOutcome {
  /** Index in the batch. */
  readonly job: number;
  readonly failure?: WriterFailure;
  readonly losses?: readonly Loss[];
  /** Of a file that was written and has its name. */
  readonly identity?: FileIdentity;
  /** A local file was not what the scan had seen. */
  readonly changed?: boolean;
}

export interface WriterReply {
  readonly id: number;
  readonly outcomes: readonly WriterOutcome[];
}

export interface WriterSetup {
  /** Whether the sending thread has the addon: what it counts as attainable depends on it. */
  readonly posix: boolean;
  /** Shared; anything but 0 in its first place: nothing more is written. */
  readonly stop: Int32Array;
}

/** What an interrupted write is said to have failed with. */
export const stoppedCode = 'ECANCELED';
