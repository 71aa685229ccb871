/** Blobs of one stretch of one pack. All arrays run in parallel, in ascending order of offset. */
export interface OpenJob {
  readonly job: number;
  /** The stretch as stored. */
  readonly sealed: Uint8Array;
  /** 32 bytes each. */
  readonly ids: Uint8Array;
  /** From the beginning of `sealed`. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** 0: stored without compression. */
  readonly uncompressedLengths: readonly number[];
  /** Memory for the plaintexts, used where it is large enough: one byte more than they have. */
  readonly room?: Uint8Array;
}

export interface OpenedBlobs {
  readonly job: number;
  /** The plaintexts one after another, without those that are damaged. */
  readonly bytes: Uint8Array;
  /** Where each begins in `bytes`; -1 for a damaged one. */
  readonly starts: readonly number[];
  /** What is wrong with the damaged ones, by their place in the job. */
  readonly damage: readonly { readonly blob: number; readonly what: string }[];
}
