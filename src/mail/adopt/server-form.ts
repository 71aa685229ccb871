import { byteStringOfBytes } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { withReturns } from '../direct/message-digest.ts';

/** No true header is longer. */
const longestHead = 2 * 1_048_576;

/** mbsync's mark in messages that it has stored: it is not a part of what the server has. */
const mbsyncMark = /^X-TUID: [A-Za-z0-9+/]{12}\r\n/m;

export interface ServerFormOptions {
  /** Take out the line by which mbsync finds again what it has stored. */
  readonly dropsMark: boolean;
}

/**
 * A message of a Maildir as the server sends it: with CRLF, and without what mbsync has added. The first piece is the header
 * with the empty line below it. Fault `entry-unsupported` for a header that is none.
 */
export async function* serverForm(
  pieces: AsyncIterable<Uint8Array>,
  { dropsMark }: ServerFormOptions,
): AsyncGenerator<Uint8Array, void> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  let afterReturn = false;
  for await (const piece of pieces) {
    const whole = withReturns(piece, afterReturn);
    afterReturn = whole.at(-1) === 0x0d;
    if (head === undefined) {
      yield whole;
      continue;
    }
    head = joined(head, whole);
    const end = endOfHead(head);
    if (end < 0 && head.length > longestHead) {
      throw new Fault('entry-unsupported', 'the message has a header without end');
    }
    if (end < 0) continue;
    yield dropsMark ? withoutMark(head.subarray(0, end)) : head.subarray(0, end);
    if (end < head.length) yield head.subarray(end);
    head = undefined;
  }
  if (head !== undefined) yield dropsMark ? withoutMark(head) : head;
}

const joined = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  if (left.length === 0) return right;
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
};

/** Behind the empty line; -1 when there is none yet. */
const endOfHead = (bytes: Uint8Array): number => {
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return 2;
  for (let at = bytes.indexOf(0x0d); at >= 0 && at + 3 < bytes.length; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4;
  }
  return -1;
};

const withoutMark = (head: Uint8Array): Uint8Array => {
  const text = byteStringOfBytes(head);
  const match = mbsyncMark.exec(text);
  if (match === null) return head;
  const rest = new Uint8Array(head.length - match[0].length);
  rest.set(head.subarray(0, match.index));
  rest.set(head.subarray(match.index + match[0].length), match.index);
  return rest;
};

/** A header as two sides are compared by it: some servers send the empty line below it, others do not. */
export const comparableHeader = (header: Uint8Array): Uint8Array => {
  let end = header.length;
  while (end >= 2 && header[end - 2] === 0x0d && header[end - 1] === 0x0a) end -= 2;
  return header.subarray(0, end);
};
