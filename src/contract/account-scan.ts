import type { ByteString } from '../model/byte-string.ts';
import type { Nanoseconds } from '../model/entry.ts';
import type { Fault } from '../model/fault.ts';
import type { LedgerDifference } from '../mail/direct/ledger.ts';
import type { BlockRecord, MailboxRecord } from '../mail/direct/mailbox-record.ts';
import type { MessageRecord } from '../mail/direct/message-record.ts';
import type { Run } from './run.ts';
import type { Delivery } from './source.ts';

/**
 * What a look at an account finds, against what is known of it: one scan serves the snapshot that comes straight from the
 * server and the mirror on disk. Nothing of the account is altered by it.
 */
export interface AccountScan {
  /** For people: `imap.example.org, alice`. */
  readonly description: string;

  /** Every folder that is wanted, in byte order of the directories of decision 5. Each one's blocks are taken to their end before the next. */
  folders(base: ScanBase, run: Run): AsyncIterable<ScannedFolder>;

  /**
   * How many messages each of the wanted folders has, as far as the server has told by now; undefined before it was asked.
   * For progress only.
   */
  counts(): readonly number[] | undefined;

  /**
   * The bytes of messages of one folder as the server sends them, which is with CRLF. `request` of a piece or verdict is an
   * index into `uids`; the pieces of one message come in order. Every message ends in exactly one verdict.
   */
  read(folder: FolderPlace, uids: readonly number[], run: Run): AsyncIterable<Delivery>;

  /**
   * The headers of messages as the server sends them (BODY[HEADER], RFC 9051 section 6.4.5), in stretches and in any order; of
   * what is gone or withheld nothing comes. No body is asked for. Rejects with the fault of a folder that cannot be read.
   */
  headers(folder: FolderPlace, uids: readonly number[], run: Run): AsyncIterable<readonly MessageHeader[]>;

  close(): Promise<void>;
}

export interface MessageHeader {
  readonly uid: number;
  readonly header: Uint8Array;
}

/** A folder of one generation. */
export interface FolderPlace {
  readonly name: ByteString;
  readonly uidValidity: number;
}

/** What is known already: of a snapshot, or of a mirror. */
export interface ScanBase {
  /** Undefined for a folder that is not known. */
  folder(name: ByteString, run: Run): Promise<MailboxRecord | undefined>;
  /** The messages of one block by their UIDs, ascending; none where the block is not known. */
  block(place: FolderPlace, block: number, run: Run): Promise<readonly KnownMessage[]>;
}

export interface KnownMessage {
  readonly uid: number;
  /** Flags and keywords as IMAP spells them, sorted. */
  readonly flags: readonly string[];
  /** X-GM-LABELS, sorted; where the server has them. */
  readonly labels?: readonly string[] | undefined;
  /** RFC822.SIZE as the server told it, and INTERNALDATE. Where both are known, a change of them is found out. */
  readonly size?: number;
  readonly date?: Nanoseconds;
}

/** What a folder is beside its messages. */
export type FolderState = Omit<MailboxRecord, 'messages' | 'blocks'>;

export type ScannedFolder =
  /** As the base has it, messages and all. */
  | { readonly kind: 'same'; readonly record: MailboxRecord }
  /**
   * Looked at. `base` undefined: a folder that is new, or a new generation of one (its UIDVALIDITY changed): nothing that is
   * known of the name before holds for it.
   */
  | {
      readonly kind: 'listed';
      readonly state: FolderState;
      readonly base: MailboxRecord | undefined;
      /** Messages that the server counts. */
      readonly onServer: number;
      /** The sizes of all of them, as the server told them (RFC822.SIZE); undefined where it was not asked for all. */
      readonly bytes?: number | undefined;
      /** What the server itself does not agree about, such as a message that it counts and does not give. */
      readonly differences: readonly LedgerDifference[];
      /** In ascending order; blocks that are empty now are left out. */
      readonly blocks: AsyncIterable<ScannedBlock>;
    }
  /** It is there and could not be read: what is known of it is carried forward, and nothing of it is gone. */
  | { readonly kind: 'carried'; readonly name: ByteString; readonly fault: Fault };

export type ScannedBlock =
  /** As the base has it. */
  | { readonly kind: 'same'; readonly record: BlockRecord }
  /** All of its messages by their UIDs, ascending. What the base has and is not among them is gone from the server. */
  | { readonly kind: 'listed'; readonly record: BlockRecord; readonly messages: readonly ScannedMessage[] };

export type ScannedMessage =
  /** As the base has it. */
  | { readonly kind: 'known'; readonly uid: number }
  /** Its content is the base's; its flags are others. All flags and keywords, as the server spells them. */
  | {
      readonly kind: 'flags';
      readonly uid: number;
      readonly flags: readonly string[];
      readonly labels: readonly string[] | undefined;
    }
  | FreshMessage;

/** To be read from the server. */
export interface FreshMessage {
  readonly kind: 'fresh';
  readonly uid: number;
  readonly flags: readonly string[];
  /** INTERNALDATE, and the zone that it was told in, in minutes east of UTC. */
  readonly date: Nanoseconds;
  readonly offsetMinutes: number;
  /** RFC822.SIZE: a hint, never a proof. */
  readonly size: number;
  /** The base has this UID, but its size or date is another now: its body may have changed under a known identity. */
  readonly isKnown: boolean;
  readonly ids: Pick<MessageRecord, 'emailId' | 'threadId' | 'labels'>;
}
