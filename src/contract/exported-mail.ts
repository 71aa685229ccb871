import type { ByteString } from '../model/byte-string.ts';
import type { Entry } from '../model/entry.ts';
import type { Mailbox } from '../mail/mailbox.ts';

/** A message on its way out of a snapshot. */
export interface ExportedMessage {
  readonly mailbox: Mailbox;
  /** Of its file; what stays when flags change is before the colon. */
  readonly name: ByteString;
  /** Its time is INTERNALDATE. */
  readonly entry: Entry;
  /** Letters of its flags, those of keywords left out. */
  readonly letters: string;
  readonly keywords: readonly string[];
  /** Exactly `entry.size` bytes, known to be readable. To be taken before the next message is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface ExportReport {
  readonly messages: number;
  readonly bytes: number;
  /** There already. */
  readonly left: number;
}
