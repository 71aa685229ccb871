import type { Nanoseconds } from '../model/entry.ts';
import type { Run } from './run.ts';

/** restic's names for what lies in a repository; `pack` is under `data/`. */
export type ObjectKind = 'config' | 'key' | 'lock' | 'snapshot' | 'index' | 'pack';

/** Which object. `name` is 64 lowercase hexadecimal digits; for `config`, of which there is one, it is ''. */
export interface ObjectHandle {
  readonly kind: ObjectKind;
  readonly name: string;
  /** Of a pack, where it is known: it holds trees, which every command reads. They are cached, and go to no archive. */
  readonly holdsTrees?: boolean;
  /**
   * Of what is saved: its name is the SHA-256 of its bytes. Storage that wants that sum has it at once, and a name that is
   * taken can only be taken by the same bytes: storage that cannot refuse to overwrite need not be asked before.
   */
  readonly isNamedByHash?: boolean;
}

export interface ListedObject {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface ByteRange {
  readonly start: number;
  readonly length: number;
  /** Memory of the caller that the bytes may be put into where they fit: the result is then a view of its beginning. */
  readonly into?: Uint8Array;
}

export interface BackendCapabilities {
  /** Objects, once written, cannot be removed or replaced by us (append-only server, object lock). Locks are exempt. */
  readonly immutable: boolean;
  /** How many calls may usefully be under way at once. */
  readonly connections: number;
  /** Each call takes a round trip: what is read often is worth a cache. Default: it does not. */
  readonly isRemote?: boolean;
  /** How many objects one call of a listing brings. Default: unknown, so that asking for single ones may be cheaper. */
  readonly listedAtOnce?: number;
}

/** An object whose newest version is not the one that was written. */
export interface LostObject {
  readonly handle: ObjectHandle;
  /** Bytes of the version that can be brought back. */
  readonly size: number;
  readonly how: 'removed' | 'overwritten';
  /** When that happened. */
  readonly at: Nanoseconds;
  /** What the storage needs to know to bring it back; opaque. */
  readonly key: unknown;
}

/** What storage can do besides that keeps versions of its objects (S3). */
export interface VersionedStorage {
  /** Removed and overwritten objects of a kind. None where no versions are kept. The config only when it was removed. */
  lost(kind: ObjectKind, run: Run): AsyncIterable<readonly LostObject[]>;
  /** Makes the version that was written the newest again. */
  bringBack(object: LostObject, run: Run): Promise<void>;
  /**
   * Holds an object back from deletion until then at least. False: it was held for as long already. Fault `unsupported`
   * where nothing can be held.
   */
  hold(handle: ObjectHandle, until: Nanoseconds, run: Run): Promise<boolean>;
}

/** How another thread opens the same storage: it imports `module` (a URL) and calls its `openInThread(location)`. */
export interface ThreadEntrance {
  readonly module: string;
  readonly location: unknown;
}

/**
 * Where a repository's objects lie. Retry, limits, caching, read-only, dry-run and fault injection are wrappers of this
 * same interface; an implementation has none of them.
 *
 * Every call converts what the storage says into a Fault: `object-missing`, `object-exists`, `permission-denied`,
 * `disk-full`, `quota-exceeded`, `read-only`, `backend-unavailable` (with `retry` where it may pass), `io-failed`,
 * `backend-misbehaved` (it broke a guarantee below), `interrupted`, and where there is a connection to be made
 * `host-key-unknown`, `host-key-changed`, `certificate-untrusted`, `credentials-refused`.
 */
export interface Backend {
  /** For people: `/srv/backup`, `sftp:alice@nas:/backup`. No secret in it. */
  readonly description: string;
  readonly capabilities: BackendCapabilities;
  /** Absent: the storage lives in this thread only (memory). */
  readonly entrance?: ThreadEntrance;
  readonly versions?: VersionedStorage;

  /** Makes the places for the objects (folders, bucket). Idempotent; touches nothing that is there. */
  create(run: Run): Promise<void>;

  /** Bytes of an object. Fault `object-missing` when there is none. */
  size(handle: ObjectHandle, run: Run): Promise<number>;

  /**
   * Writes an object whole: durable when the promise resolves, invisible under its name until then, nothing left under
   * the name after a failure. A name that is taken is refused with `object-exists` and left as it is.
   * `parts` are written one after another and not kept.
   */
  save(handle: ObjectHandle, parts: readonly Uint8Array[], run: Run): Promise<void>;

  /**
   * Reads an object, or exactly `range.length` bytes of it; an object that ends earlier is `backend-misbehaved`.
   * Read after write holds. The result is the caller's; after a failure there may be anything in `range.into`.
   */
  load(handle: ObjectHandle, range: ByteRange | undefined, run: Run): Promise<Uint8Array>;

  /** All objects of a kind, in pages, in no order; unfinished files and strange names are left out. */
  list(kind: ObjectKind, run: Run): AsyncIterable<readonly ListedObject[]>;

  /** Removes an object durably. Fault `object-missing` when there is none. */
  remove(handle: ObjectHandle, run: Run): Promise<void>;

  /** Lets go of connections. No call may follow. */
  close(): Promise<void>;
}
