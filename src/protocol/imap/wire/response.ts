import type { ByteString } from '../../../model/byte-string.ts';
import type { FlagSet } from './flag-set.ts';
import type { InternalDate } from './internal-date.ts';
import type { UidSet } from './uid-set.ts';

/** What stands in brackets before the text: `[UIDVALIDITY 3857529045]`. */
export interface ResponseCode {
  /** In upper case. */
  readonly name: string;
  /** What follows the name and a space, as it stands; empty where nothing does. */
  readonly argument: ByteString;
}

export type Condition = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';

export interface Status {
  readonly condition: Condition;
  readonly code: ResponseCode | undefined;
  readonly text: ByteString;
}

/** A folder as LIST or LSUB tells it. */
export interface ListedMailbox {
  /** As the server has them, such as `\HasNoChildren`. */
  readonly attributes: readonly string[];
  /** undefined: the server has no levels. */
  readonly delimiter: ByteString | undefined;
  /** The name as it is on the wire: modified UTF-7, or UTF-8 after ENABLE UTF8=ACCEPT. */
  readonly name: ByteString;
}

/** What STATUS tells of a folder; what the server left out is missing. */
export interface MailboxStatus {
  readonly name: ByteString;
  readonly messages?: number;
  readonly uidNext?: number;
  readonly uidValidity?: number;
  readonly highestModseq?: bigint;
  /** RFC 8438: bytes of all messages. */
  readonly size?: number;
  /** RFC 8474. */
  readonly mailboxId?: ByteString;
}

export type Response =
  | ({ readonly kind: 'tagged'; readonly tag: string } & Status)
  | ({ readonly kind: 'condition' } & Status)
  | { readonly kind: 'continuation'; readonly text: ByteString }
  | { readonly kind: 'capability'; readonly names: readonly string[] }
  | { readonly kind: 'enabled'; readonly names: readonly string[] }
  | ({ readonly kind: 'list'; readonly command: 'LIST' | 'LSUB' } & ListedMailbox)
  | { readonly kind: 'status'; readonly status: MailboxStatus }
  | { readonly kind: 'namespace'; readonly personal: readonly Namespace[]; readonly all: readonly Namespace[] }
  | { readonly kind: 'search'; readonly uids: UidSet }
  | { readonly kind: 'esearch'; readonly all: UidSet | undefined; readonly count: number | undefined }
  | { readonly kind: 'flags'; readonly flags: readonly string[] }
  | { readonly kind: 'exists'; readonly count: number }
  | { readonly kind: 'expunge'; readonly sequence: number }
  | { readonly kind: 'vanished'; readonly earlier: boolean; readonly uids: UidSet }
  /** Of no interest to a backup, or not understood. */
  | { readonly kind: 'other'; readonly name: string };

export interface Namespace {
  readonly prefix: ByteString;
  readonly delimiter: ByteString | undefined;
}

/** What one FETCH response says of a message; what it does not say is undefined. */
export interface FetchedMessage {
  readonly sequence: number;
  uid: number | undefined;
  flags: FlagSet | undefined;
  /** RFC822.SIZE. Never what a message's length is judged by. */
  size: number | undefined;
  date: InternalDate | undefined;
  modseq: bigint | undefined;
  /** RFC 8474. */
  emailId: ByteString | undefined;
  threadId: ByteString | undefined;
  /** Gmail's, in decimals. */
  gmailMessageId: string | undefined;
  gmailThreadId: string | undefined;
  labels: readonly ByteString[] | undefined;
  /** Bytes of the content that came before, through `content` of the handler; undefined when none did. */
  contentBytes: number | undefined;
  /** Where in the message that content begins, where the server says so; it does when a part was asked for. */
  contentOrigin: number | undefined;
  /** A part of the message that was asked for and kept, such as its header. */
  header: ByteString | undefined;
}

/** What the reader hands on, in the order of the wire. */
export interface ResponseHandler {
  response(response: Response): void;
  /** At the end of a FETCH response. */
  fetched(message: FetchedMessage): void;
  /** The content of a message begins; `message` is what was said of it so far, perhaps without its UID. */
  contentStart(message: FetchedMessage, bytes: number): void;
  /** The next bytes of it. They are the reader's: whoever keeps them copies them. */
  content(bytes: Uint8Array): void;
  contentEnd(): void;
}
