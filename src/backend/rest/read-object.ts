import type { Readable } from 'node:stream';
import type { ByteRange, ObjectHandle } from '../../contract/backend.ts';
import { loadCopyBytes } from '../../system/copy-bytes.ts';
import { tooShort } from '../object-name.ts';
import { roomFor } from '../parts.ts';
import type { HttpAnswer } from './http.ts';

/** Bytes that the answer says it has. */
export const lengthOfAnswer = (answer: HttpAnswer): number | undefined => {
  const said = answer.header('content-length');
  return said === undefined || !/^\d+$/.test(said) ? undefined : Number(said);
};

async function* chunksOf(body: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const piece: unknown = chunk;
    if (piece instanceof Uint8Array) yield piece;
  }
}

/** Fills `bytes` with what comes after `skipped` ones. Fewer when the answer ends earlier; what comes after them passes. */
const readExactly = async (body: Readable, skipped: number, bytes: Uint8Array): Promise<Uint8Array> => {
  const { length } = bytes;
  const copy = await loadCopyBytes();
  let at = -skipped;
  for await (const chunk of chunksOf(body)) {
    const piece = at < 0 ? chunk.subarray(Math.min(-at, chunk.length)) : chunk;
    const from = Math.max(0, at);
    if (from < length) copy(piece.subarray(0, length - from), bytes, from);
    at += chunk.length;
  }
  return at >= length ? bytes : bytes.subarray(0, Math.max(0, at));
};

const readAll = async (body: Readable): Promise<Uint8Array> => {
  const chunks = await Array.fromAsync(chunksOf(body));
  const whole = Buffer.concat(chunks);
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(whole.length).buffer);
  bytes.set(whole);
  return bytes;
};

/**
 * The object, or the range of it, from an answer of 200 or 206 to a request for it. Memory is taken for what the server
 * says it has, never for what was asked for: a length may come from a damaged index.
 */
export const readObject = async (
  answer: HttpAnswer,
  handle: ObjectHandle,
  range: ByteRange | undefined,
): Promise<Uint8Array> => {
  const said = lengthOfAnswer(answer);
  if (range === undefined) {
    if (said === undefined) return readAll(answer.body);
    const bytes = await readExactly(answer.body, 0, roomFor(said, undefined));
    if (bytes.length < said) throw tooShort(handle, said, bytes.length);
    return bytes;
  }
  // A server that knows no ranges sends all.
  const skipped = answer.status === 206 ? 0 : range.start;
  const there = said === undefined ? range.length : Math.max(0, said - skipped);
  if (there < range.length) {
    answer.body.destroy();
    throw tooShort(handle, range.length, there);
  }
  const bytes = await readExactly(answer.body, skipped, roomFor(range.length, range.into));
  if (bytes.length < range.length) throw tooShort(handle, range.length, bytes.length);
  return bytes;
};
