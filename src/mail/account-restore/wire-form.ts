import { withReturns } from '../direct/message-digest.ts';

const pieceSize = 65_536;

/**
 * A message of a file in the form in which it can be sent, piece by piece: each LF that follows no CR with one, and NUL,
 * which IMAP cannot carry (RFC 9051 section 4.3), as 0x80, as Dovecot shows it.
 */
export const createWireForm = (): ((bytes: Uint8Array) => Iterable<Uint8Array>) => {
  let afterReturn = false;
  return function* (bytes) {
    for (let start = 0; start < bytes.length; start += pieceSize) {
      const piece = bytes.subarray(start, start + pieceSize);
      const whole = withReturns(
        piece.includes(0) ? piece.map((byte) => (byte === 0 ? 0x80 : byte)) : piece,
        afterReturn,
      );
      afterReturn = whole.at(-1) === 0x0d;
      yield whole;
    }
  };
};
