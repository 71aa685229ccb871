import type { ZonedTime } from '../model/snapshot.ts';
import { parseAddresses } from './address.ts';
import type { Address } from './address.ts';
import { decodeText, guessText } from './charset.ts';
import { parseDate } from './date.ts';
import { bytesOfCharacters, decodeWords } from './encoded-word.ts';
import { readFields } from './header-fields.ts';
import { parseParameters } from './parameters.ts';

/** What a header says, decoded for people. */
export interface MessageHeader {
  readonly from: readonly Address[];
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  /** Empty if there is none. */
  readonly subject: string;
  /** Undefined if there is none or none that can be understood. */
  readonly date: ZonedTime | undefined;
  /** Without the angle brackets; empty if there is none. */
  readonly messageId: string;
}

/** How many bytes from the beginning of a message {@link readHeader} looks at. */
export const headerBytes: number = 256 * 1024;

const wanted = new Set(['from', 'sender', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id', 'content-type']);

/**
 * Reads the header of a message from its first bytes (the header, or more; what follows is not looked at). Takes mail
 * as it comes: raw 8-bit text is guessed, broken encodings stay as they are, missing fields are empty. Never throws.
 */
export const readHeader = (beginning: Uint8Array): MessageHeader => {
  const fields = readFields(beginning.subarray(0, headerBytes), wanted);
  const contentType = fields.get('content-type')?.[0] ?? '';
  const charset = parseParameters(contentType).parameters.get('charset') ?? '';
  const textsOf = (name: string): string[] =>
    (fields.get(name) ?? []).map((value) => rawText(value, charset)).filter((text) => text.trim() !== '');
  const addressesOf = (name: string): Address[] => textsOf(name).flatMap(parseAddresses);
  const from = addressesOf('from');
  return {
    from: from.length > 0 ? from : addressesOf('sender'),
    to: addressesOf('to'),
    cc: addressesOf('cc'),
    bcc: addressesOf('bcc'),
    subject: decodeWords(textsOf('subject')[0] ?? '').trim(),
    date: parseDate(textsOf('date')[0] ?? ''),
    messageId: messageIdOf(textsOf('message-id')[0] ?? ''),
  };
};

/** The bytes of a header value as text; encoded words are still in it. */
const rawText = (value: string, charset: string): string =>
  /[\x1b\x80-\xff]/.test(value) ? guessText(bytesOfCharacters(value), charset) : value;

/** `<a@b>` and `a@b` are the same. */
export const messageIdOf = (text: string): string => {
  const inBrackets = /<([^<>]*)>/.exec(text);
  return (inBrackets?.[1] ?? text).trim();
};

/**
 * The name of an attachment, decoded: `filename` of its Content-Disposition or `name` of its Content-Type, in the forms of
 * RFC 2231 or, as many programs do, RFC 2047. Both values are unfolded, one character a byte. Empty if it has none.
 */
export const attachmentName = (disposition: string, contentType: string): string => {
  const decode = (bytes: string, charset: string): string => decodeText(bytesOfCharacters(bytes), charset);
  for (const [value, parameter] of [
    [disposition, 'filename'],
    [contentType, 'name'],
  ] as const) {
    const { parameters } = parseParameters(value, decode);
    const name = parameters.get(parameter);
    if (name !== undefined && name.trim() !== '')
      return decodeWords(/^[\x00-\xff]*$/.test(name) ? rawText(name, '') : name);
  }
  return '';
};
