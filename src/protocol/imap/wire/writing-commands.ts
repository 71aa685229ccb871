import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { type Command, type Literal, stringArgument, writing } from './command.ts';
import { formatInternalDate, type InternalDate } from './internal-date.ts';

/** What a restore may say besides. It only adds: there is no STORE, no EXPUNGE, no DELETE, no RENAME. */

export const create = (mailbox: ByteString, eightBit: boolean): Command<'writing'> =>
  writing('CREATE', 'CREATE ', stringArgument(mailbox, eightBit));

export const subscribe = (mailbox: ByteString, eightBit: boolean): Command<'writing'> =>
  writing('SUBSCRIBE', 'SUBSCRIBE ', stringArgument(mailbox, eightBit));

export const select = (mailbox: ByteString, eightBit: boolean): Command<'writing'> =>
  writing('SELECT', 'SELECT ', stringArgument(mailbox, eightBit));

export interface AppendedMessage {
  /** System flags and keywords as the server spells them. */
  readonly flags: readonly string[];
  readonly date: InternalDate | undefined;
  readonly content: Literal;
}

/** One message, or several where the server has MULTIAPPEND (RFC 3502). */
export const append = (
  mailbox: ByteString,
  messages: readonly AppendedMessage[],
  how: { readonly eightBit: boolean },
): Command<'writing'> => {
  const parts = messages.flatMap(({ flags, date, content }) => {
    const when = date === undefined ? '' : ` "${formatInternalDate(date)}"`;
    return [byteStringOfLatin1(` (${flags.join(' ')})${when} `), content];
  });
  return writing('APPEND', 'APPEND ', stringArgument(mailbox, how.eightBit), ...parts);
};
