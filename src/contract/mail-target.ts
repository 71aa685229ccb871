import type { TargetDigest } from '../mail/account-restore/target-digest.ts';
import type { ByteString } from '../model/byte-string.ts';
import type { Fault } from '../model/fault.ts';
import type { Run } from './run.ts';

/** A folder of an account that mail is added to. */
export interface TargetFolder {
  /** Modified UTF-7, with the delimiter of the account. */
  readonly name: ByteString;
  /** `\Sent` and the like (RFC 6154), sorted. */
  readonly specialUse: readonly string[];
  /** Whether it can hold messages. */
  readonly selectable: boolean;
}

export interface TargetAccount {
  readonly folders: readonly TargetFolder[];
  /** Undefined: folders have no levels. */
  readonly delimiter: string | undefined;
  /** What the names of a person's folders begin with, INBOX left out; often empty. */
  readonly prefix: ByteString;
  /** Bytes of the largest message that the server takes (RFC 7889); undefined where it does not say. */
  readonly largestMessage: number | undefined;
}

/** What a listing tells of a message on the server. */
export interface TargetMessage {
  readonly uid: number;
  /** RFC822.SIZE. */
  readonly size: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly seconds: number;
  /**
   * SHA-256 of the CRLF form of what was once added as this message, where that was noted and nothing speaks against it.
   * Nobody has read the message for it.
   */
  readonly noted?: string;
}

/** A message on its way to a server. */
export interface AddedMessage {
  /** As IMAP spells them. */
  readonly flags: readonly string[];
  readonly seconds: number;
  /** Of the zone of INTERNALDATE, east of UTC. */
  readonly zoneMinutes: number;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of its CRLF form. */
  readonly sha256: string;
  /** All of them, from the beginning, as often as it is asked. */
  bytes(): AsyncIterable<Uint8Array>;
}

/** A folder that is open for adding. */
export interface OpenTargetFolder {
  /** Whether the server keeps this flag or keyword. */
  keeps(flag: string): boolean;
  /** How many messages may go in one command. */
  readonly together: number;
  /**
   * Adds all of these or none of them, in one command; several commands may be on the way. Resolves to what the server
   * said, undefined for yes. Rejects when the connection ended: then nobody knows.
   */
  add(messages: readonly AddedMessage[]): Promise<Fault | undefined>;
}

/**
 * An account that mail is added to; nothing that is there is ever changed. Reading calls try again by themselves where
 * that may help. Faults: as of a capture; `server-refused` names the folder; `read-only` for one that takes nothing.
 */
export interface MailTarget {
  readonly description: string;
  look(run: Run): Promise<TargetAccount>;
  /** The UID that the next message will have at least; 1 where nothing is known. */
  uidNext(folder: ByteString, run: Run): Promise<number>;
  /** Messages from this UID on. */
  list(folder: ByteString, from: number, run: Run): Promise<readonly TargetMessage[]>;
  /** The whole headers of messages, each told as soon as it is there. */
  headers(
    folder: ByteString,
    uids: readonly number[],
    tell: (uid: number, header: ByteString) => void,
    run: Run,
  ): Promise<void>;
  /** Reads messages. */
  digests(folder: ByteString, uids: readonly number[], run: Run): Promise<ReadonlyMap<number, TargetDigest>>;
  /** Opens it on a connection of its own, anew where that one has ended; makes it first where it is not there. */
  open(
    folder: ByteString,
    how: { readonly create: boolean; readonly subscribe: boolean },
    run: Run,
  ): Promise<OpenTargetFolder>;
  /** Waits before another try as long as the server wants, or longer each time. */
  pause(fault: Fault, attempt: number, run: Run): Promise<void>;
  close(): Promise<void>;
}
