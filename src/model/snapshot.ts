import type { ByteString } from './byte-string.ts';
import type { Nanoseconds } from './entry.ts';

/** A moment with the UTC offset it was recorded in: retention buckets by the snapshot's own calendar. */
export interface ZonedTime {
  readonly nanoseconds: Nanoseconds;
  /** Minutes east of UTC. */
  readonly offsetMinutes: number;
}

/** Counted while a snapshot was made; restic 0.17 and later write and show it. Sizes in bytes. */
export interface SnapshotSummary {
  readonly backupStart: ZonedTime;
  readonly backupEnd: ZonedTime;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly directoriesNew: number;
  readonly directoriesChanged: number;
  readonly directoriesUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Bytes of new blobs before compression. */
  readonly dataAdded: number;
  /** The same as stored: compressed, encrypted. */
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
}

/** What says when, where and of what a snapshot was made. */
export interface SnapshotDescription {
  readonly time: ZonedTime;
  /** Absolute paths as they were given. */
  readonly paths: readonly ByteString[];
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
}

export interface Snapshot extends SnapshotDescription {
  /** 64 hexadecimal digits; in a repository the SHA-256 of the stored file. */
  readonly id: string;
  /** The id by which it was first known: `tag` and `rewrite` replace the file. */
  readonly originalId: string;
  readonly parent?: string;
  readonly programVersion?: string;
  readonly summary?: SnapshotSummary;
}

/** Marks a snapshot in which something could not be read, or is missing without a reason: never evidence for retention. */
export const incompleteTag = 'mailkeep:incomplete';

/**
 * Marks a snapshot of an account that looks like damage (a mass deletion, say): it is kept, and until a person has confirmed
 * or a later run finds the account whole again, no older snapshot of the account leaves by any policy.
 */
export const brakedTag = 'mailkeep:braked';

/** Marks a snapshot of a server in which a person found right what held the brake: what was usual before is so no more. */
export const confirmedTag = 'mailkeep:confirmed';

/** Marks our own notes of what was read back when: outside of any policy, and never meant by `latest`. */
export const evidenceTag = 'mailkeep:evidence';

/** Marks our own notes of what the next prune may remove. */
export const pruneNoteTag = 'mailkeep:prune';

/** Marks what a long capture has fetched so far: where it goes on from after it was cut off. */
export const checkpointTag = 'mailkeep:checkpoint';

/** Marks our own notes of what is held; each has `holdTag` as well, so that earlier versions leave it alone. */
export const holdNoteTag = 'mailkeep:hold-note';

const noteTags: readonly string[] = [evidenceTag, pruneNoteTag, checkpointTag, holdNoteTag];

/** Whether a snapshot is there for ourselves (a note, a checkpoint): no list, policy or `latest` means it. */
export const isNote = ({ tags }: Snapshot): boolean => noteTags.some((tag) => tags.includes(tag));

/** Clocks of several machines differ by a little. */
const clockSlack = 300_000_000_000n;

/** Whether its time is yet to come: a clock was wrong, and it says nothing of what is newest. */
export const isFromFuture = ({ time }: Pick<Snapshot, 'time'>, now: Nanoseconds): boolean =>
  time.nanoseconds > now + clockSlack;

/** Marks a snapshot that leaves by no policy until the tag is taken away. */
export const holdTag = 'mailkeep:hold';
