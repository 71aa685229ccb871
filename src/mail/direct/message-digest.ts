import type { Hash } from './hash.ts';

const [lineFeed, carriageReturn] = [0x0a, 0x0d];
/** So much is looked at in one go, which bounds what is needed beside it. */
const pieceSize = 65_536;

/** Takes a message piece by piece and digests its CRLF form. */
export interface MessageDigest {
  update(bytes: Uint8Array): void;
  /** Bytes of the CRLF form so far: RFC822.SIZE of a server that tells the truth. */
  readonly size: number;
  /** Hexadecimal; the end. */
  digest(): string;
}

/**
 * The digest by which a message is the same in a Maildir of LF and on a server of CRLF: SHA-256 of the message with every
 * LF that follows no CR written as CRLF. A CR that no LF follows is a byte like any other and stays as it is, so CR CR LF
 * stays as well; other line ends are not made equal.
 */
export const createMessageDigest = (hash: Hash): MessageDigest => {
  let size = 0;
  let afterReturn = false;
  return {
    update(bytes) {
      for (let start = 0; start < bytes.length; start += pieceSize) {
        const whole = withReturns(bytes.subarray(start, start + pieceSize), afterReturn);
        hash.update(whole);
        size += whole.length;
        afterReturn = whole.at(-1) === carriageReturn;
      }
    },
    get size() {
      return size;
    },
    digest: () => hash.digest('hex'),
  };
};

/** The bytes themselves where nothing is to be added. */
export const withReturns = (bytes: Uint8Array, afterReturn: boolean): Uint8Array => {
  const bare: number[] = [];
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (at === 0 ? !afterReturn : bytes[at - 1] !== carriageReturn) bare.push(at);
  }
  if (bare.length === 0) return bytes;
  const whole = new Uint8Array(bytes.length + bare.length);
  let done = 0;
  for (const [number, at] of bare.entries()) {
    whole.set(bytes.subarray(done, at), done + number);
    whole[at + number] = carriageReturn;
    done = at;
  }
  whole.set(bytes.subarray(done), done + bare.length);
  return whole;
};
