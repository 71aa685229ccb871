import type { FileStamp } from './file-content.ts';
import type { MasterKey } from '../sealing/envelope.ts';
import type { PlainFault } from '../plain-fault.ts';

/** What a writer thread is born with. */
export interface WriterSetup {
  readonly master: MasterKey;
  readonly segments: readonly SharedArrayBuffer[];
  readonly chunkerPolynomial: bigint;
  readonly mailAware: boolean;
  readonly compression: 'off' | 'auto' | 'max';
  /** False only in a repository of version 1, which compresses nothing. */
  readonly compressTrees: boolean;
  /** Bytes after which a pack is closed. */
  readonly packSize: number;
  /** So many packs of it may be on their way to the storage at once. */
  readonly packsAway: number;
}

export interface FileTask extends FileStamp {
  /** Path, one character a byte. */
  readonly file: string;
}

/** A part of a file that the source delivers instead of letting us open it. */
export interface StreamPiece {
  /** Which stream: all pieces of one go to the same thread, in order. */
  readonly stream: number;
  readonly start: number;
  readonly length: number;
  /** The content ends with it: it can be cut, though not yet counted. */
  readonly isLast: boolean;
  /** After this piece the stream ends: `keep` it, or `drop` it because the read failed. */
  readonly end: 'keep' | 'drop' | undefined;
}

export type ToWriter =
  | { readonly kind: 'segments'; readonly segments: readonly SharedArrayBuffer[] }
  | { readonly kind: 'files'; readonly batch: number; readonly files: readonly FileTask[] }
  | {
      readonly kind: 'pieces';
      readonly batch: number;
      readonly bytes: Uint8Array;
      readonly pieces: readonly StreamPiece[];
    }
  | { readonly kind: 'tree'; readonly batch: number; readonly id: Uint8Array; readonly bytes: Uint8Array }
  | { readonly kind: 'finish'; readonly batch: number }
  /** The buffer of a pack that is stored, to be filled again. */
  | { readonly kind: 'recycle'; readonly buffer: ArrayBuffer };

/** What became of one file. `blobs` ids of the batch's `ids` are its content, in order. */
export type FileOutcome =
  | {
      readonly kind: 'stored';
      readonly blobs: number;
      readonly bytes: number;
      /** What fstat said after the last byte, where it is not what the task said. */
      readonly stamp: FileStamp | undefined;
      readonly changed: boolean;
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly fault: PlainFault };

export interface BatchDone {
  readonly kind: 'done';
  readonly batch: number;
  /** For `files`: one a task. For `pieces`: one for each stream that ended as `keep`, in order. */
  readonly outcomes: readonly FileOutcome[];
  /** 32 bytes each, those of all stored outcomes one after another. */
  readonly ids: Uint8Array;
  /** New data blobs claimed since the last message. */
  readonly newBlobs: number;
}

export type FromWriter =
  | BatchDone
  | {
      readonly kind: 'pack';
      readonly type: 'data' | 'tree';
      readonly id: string;
      readonly bytes: Uint8Array;
      /** Plain, as `decodePackHeader` takes it. */
      readonly header: Uint8Array;
      readonly plainBytes: number;
    }
  | { readonly kind: 'failed'; readonly fault: PlainFault };
