import type { NewHash } from '../direct/hash.ts';
import { createMessageDigest } from '../direct/message-digest.ts';

/** What reading a message of an account tells, in hexadecimal. */
export interface TargetDigest {
  /** SHA-256 of its CRLF form. */
  readonly sha256: string;
  /** The same of all but the line end that it ends in; undefined: it does not end in one. */
  readonly unended: string | undefined;
}

const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/** Digests a message piece by piece, in one go with and without its last line end. */
export const createTargetDigest = (newHash: NewHash): { update(bytes: Uint8Array): void; digest(): TargetDigest } => {
  const whole = createMessageDigest(newHash());
  const unended = createMessageDigest(newHash());
  /** The last two bytes. */
  let tail = new Uint8Array(0);
  return {
    update(bytes) {
      whole.update(bytes);
      if (bytes.length === 0) return;
      const joined = bytes.length > 1 ? bytes : Uint8Array.from([...tail, ...bytes]);
      if (bytes.length > 1) unended.update(tail);
      unended.update(joined.subarray(0, -2));
      // A copy, which a Buffer's own slice is not: the bytes are the caller's, who uses their memory again.
      tail = new Uint8Array(joined.subarray(-2));
    },
    digest() {
      const sha256 = whole.digest();
      if (tail.at(-1) !== lineFeed) return { sha256, unended: undefined };
      if (tail.length > 1 && tail[0] !== carriageReturn) unended.update(tail.subarray(0, 1));
      return { sha256, unended: unended.digest() };
    },
  };
};
