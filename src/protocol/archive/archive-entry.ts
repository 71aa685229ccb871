import type { ByteString } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';

/** What goes into an archive. */
export interface ArchiveEntry {
  /** From the root of the archive, without a `/` in front. */
  readonly path: ByteString;
  readonly entry: Entry;
  /** Exactly `entry.size` bytes for a file. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Takes the archive's bytes in order; resolves when there is room for more. */
export type ArchiveSink = (bytes: Uint8Array) => Promise<void>;
