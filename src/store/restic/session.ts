import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import type { RepositoryConfig } from './format/config.ts';
import type { EvidenceTrust } from './evidence/evidence-key.ts';
import type { BlobSealer } from './sealing/blob-sealer.ts';
import type { Decompressor } from './sealing/compression.ts';
import type { Envelope, MasterKey } from './sealing/envelope.ts';
import type { ObjectIo } from './object-io.ts';

/** An opened repository as its own parts see it: storage, keys and settings, no state. */
export interface Session {
  readonly backend: Backend;
  readonly config: RepositoryConfig;
  readonly master: MasterKey;
  readonly envelope: Envelope;
  readonly sealer: BlobSealer;
  readonly decompressor: Decompressor;
  readonly io: ObjectIo;
  readonly options: RepositoryOptions;
}

export interface Identity {
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

export interface RepositoryOptions {
  readonly identity: Identity;
  /** Folder below which this repository may keep a cache; without one nothing is cached. */
  readonly cacheDirectory?: string;
  /** Puts the cache in front of storage that is worth it. */
  readonly caching?: (backend: Backend, repositoryId: string) => Backend;
  readonly compression: 'off' | 'auto' | 'max';
  /** Bytes after which a pack is closed; restic's default is 16 MiB. */
  readonly packSize: number;
  readonly threads: number;
  /** Cut mail at the borders of its large parts. Off, blobs are exactly restic's. */
  readonly mailAware: boolean;
  /** How long to wait for a lock that somebody else holds, in milliseconds. */
  readonly lockWait: number;
  /** For read-only media: reads take no lock. */
  readonly noLock: boolean;
  /** Whose notes of what was read back are believed. */
  readonly evidence: EvidenceTrust;
  /** `mailkeep 0.1.0`: written into snapshots. */
  readonly programVersion: string;
}

export type LockKind = 'shared' | 'exclusive';

/** Runs `work` while a lock is held, and removes the lock on every way out. */
export type WithLock = <Result>(kind: LockKind, work: () => Promise<Result>, run: Run) => Promise<Result>;
