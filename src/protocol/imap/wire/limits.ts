import { Fault } from '../../../model/fault.ts';

/**
 * What a server may send before we stop listening: far above what any true one sends, low enough that a hostile one can
 * neither fill the memory nor keep us busy for ever.
 */
export const limits = {
  /** Bytes of one response, small literals included, the contents of messages not. A SEARCH of a million UIDs has 8 MB. */
  responseBytes: 16 * 1_048_576,
  /** Bytes of a literal that is kept in memory: a name, a label, a header. */
  literalBytes: 2 * 1_048_576,
  /** Bytes of one message. */
  messageBytes: 2 * 1_073_741_824,
  /** Parentheses within parentheses. */
  nesting: 32,
  /** Messages in one folder, folders in one account. */
  messages: 5_000_000,
  folders: 200_000,
  /** Ranges in one set of UIDs. */
  ranges: 1_000_000,
} as const;

export const misbehaved = (what: string): Fault =>
  new Fault('server-misbehaved', `the mail server sent what is no IMAP: ${what}`, {
    hint: 'Look whether the host and the port are those of an IMAP server. If they are, tell its operator.',
    retry: true,
  });
