import { type ByteString, byteStringOfBytes, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import { withReturns } from '../direct/message-digest.ts';
import type { NewHash } from '../direct/hash.ts';
import { readHeader } from '../header.ts';
import type { HeaderTraits } from './match-messages.ts';

/** Cyrus stores it for every byte of a header that is not ASCII. */
const substitute = 0x58;

/**
 * The traits of the header that these bytes begin with, line ends made CRLF and what is not ASCII taken for equal; undefined
 * where it does not end among them: then only the whole message tells.
 */
export const headerTraits = (beginning: Uint8Array, newHash: NewHash): HeaderTraits | undefined => {
  const text: ByteString = byteStringOfBytes(withReturns(beginning, false));
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const bytes = bytesOf(byteStringOfLatin1(text.slice(0, end)));
  const hash = newHash();
  hash.update(bytes.map((byte) => (byte < 0x80 ? byte : substitute)));
  return { digest: hash.digest('hex').slice(0, 32), messageId: readHeader(bytes).messageId };
};
