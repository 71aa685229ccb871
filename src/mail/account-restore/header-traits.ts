import { type ByteString, byteStringOfBytes, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import { withReturns } from '../direct/message-digest.ts';
import type { NewHash } from '../direct/hash.ts';
import { readHeader } from '../header.ts';
import type { HeaderTraits } from './match-messages.ts';

/**
 * The traits of the header that these bytes begin with, line ends made CRLF; undefined where it does not end among them:
 * then only the whole message tells.
 */
export const headerTraits = (beginning: Uint8Array, newHash: NewHash): HeaderTraits | undefined => {
  const text: ByteString = byteStringOfBytes(withReturns(beginning, false));
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const bytes = bytesOf(byteStringOfLatin1(text.slice(0, end)));
  const hash = newHash();
  hash.update(bytes);
  return { digest: hash.digest('hex').slice(0, 32), messageId: readHeader(bytes).messageId };
};
