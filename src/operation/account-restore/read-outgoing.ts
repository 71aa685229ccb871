import type { Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { createMessageDigest } from '../../mail/direct/message-digest.ts';
import type { NewHash } from '../../mail/direct/hash.ts';
import { createWireForm } from '../../mail/account-restore/wire-form.ts';
import { storedFormOf } from '../../mail/stored-form.ts';
import { asFault, Fault } from '../../model/fault.ts';
import { readOne } from '../read-contents.ts';
import { logicalPieces } from '../stored-mail/logical-message.ts';
import type { OutgoingMessage } from './outgoing-mail.ts';

/** A message as it goes over the wire. */
export interface ReadyMessage {
  readonly message: OutgoingMessage;
  /** Bytes of what is sent. */
  readonly size: number;
  /** Of the CRLF form. */
  readonly digest: { readonly size: number; readonly sha256: string };
  bytes(): AsyncIterable<Uint8Array>;
}

/** Smaller messages are read many at a time; a larger one goes through piece by piece, after it was read once to be measured. */
const smallMessage = 4 * 1024 * 1024;

/** What is counted as held in memory. */
export const heldBytes = ({ entry }: OutgoingMessage): number => (entry.size <= smallMessage ? entry.size : 65_536);

/** Messages ready to be sent, in their order. One that cannot be read is told as a fault event and left out. */
export const readOutgoing = async (
  source: Source,
  messages: readonly OutgoingMessage[],
  newHash: NewHash,
  run: Run,
): Promise<readonly ReadyMessage[]> => {
  const small = messages.filter(({ entry }) => entry.size <= smallMessage);
  const wholes = await readSmall(source, small, run);
  const ready: ReadyMessage[] = [];
  for (const message of messages) {
    const whole = wholes.get(message);
    const isLarge = message.entry.size > smallMessage;
    if (whole === undefined && !isLarge) continue;
    const isWire = whole !== undefined && (message.form === 'wire' || storedFormOf(whole) === 'plain');
    const wire = whole !== undefined && isWire ? inWireForm(message, whole) : undefined;
    const bytes = (): AsyncIterable<Uint8Array> =>
      wire === undefined
        ? wireForm(message, whole === undefined ? readOne(source, listed(message), run) : onlyOne(whole))
        : onlyOne(wire);
    const measured = await measure(message, bytes, newHash, run);
    if (measured !== undefined) ready.push({ message, bytes, ...measured });
  }
  return ready;
};

const listed = ({ path, entry, content }: OutgoingMessage) => ({ path, entry, content });

async function* onlyOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes.length > 0) yield bytes;
}

async function* wireForm(
  { form }: OutgoingMessage,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  if (form === 'wire') {
    yield* pieces;
    return;
  }
  const convert = createWireForm();
  for await (const bytes of logicalPieces(pieces)) yield* convert(bytes);
}

const measure = async (
  message: OutgoingMessage,
  bytes: () => AsyncIterable<Uint8Array>,
  newHash: NewHash,
  run: Run,
): Promise<Pick<ReadyMessage, 'size' | 'digest'> | undefined> => {
  const digest = createMessageDigest(newHash());
  let size = 0;
  try {
    for await (const piece of bytes()) {
      size += piece.length;
      digest.update(piece);
    }
  } catch (error) {
    throwIfInterrupted(run);
    run.emit({ kind: 'fault', fault: asFault(error), path: message.path });
    return undefined;
  }
  return { size, digest: { size: digest.size, sha256: digest.digest() } };
};

const readSmall = async (
  source: Source,
  messages: readonly OutgoingMessage[],
  run: Run,
): Promise<ReadonlyMap<OutgoingMessage, Uint8Array>> => {
  const buffers = messages.map(({ entry }) => new Uint8Array(entry.size));
  const whole = new Map<OutgoingMessage, Uint8Array>();
  for await (const { bytes, pieces, verdicts, recycle } of source.read(messages, 'any-order', run)) {
    throwIfInterrupted(run);
    for (const { request, position, start, length } of pieces) {
      const buffer = buffers[request];
      if (buffer === undefined || position + length > buffer.length) continue;
      buffer.set(bytes.subarray(start, start + length), position);
    }
    recycle?.();
    for (const { request, verdict } of verdicts) {
      const [message, buffer] = [messages[request], buffers[request]];
      if (message === undefined || buffer === undefined) continue;
      const isWhole = verdict.kind === 'complete' && verdict.bytes === buffer.length;
      if (isWhole) whole.set(message, buffer);
      else {
        const fault = new Fault('tree-damaged', 'it has not the size that its entry says');
        run.emit({ kind: 'fault', fault: verdict.kind === 'failed' ? verdict.fault : fault, path: message.path });
      }
    }
  }
  return whole;
};

const inWireForm = ({ form }: OutgoingMessage, bytes: Uint8Array): Uint8Array => {
  if (form === 'wire') return bytes;
  const pieces = [...createWireForm()(bytes)];
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

/** Messages in groups that fit into memory together. */
export async function* groupsOf(
  pages: AsyncIterable<readonly OutgoingMessage[]>,
  limit: { readonly messages: number; readonly bytes: number },
): AsyncGenerator<readonly OutgoingMessage[], void> {
  let group: OutgoingMessage[] = [];
  let bytes = 0;
  for await (const page of pages) {
    for (const message of page) {
      if (group.length > 0 && (group.length >= limit.messages || bytes + heldBytes(message) > limit.bytes)) {
        yield group;
        group = [];
        bytes = 0;
      }
      group.push(message);
      bytes += heldBytes(message);
    }
  }
  if (group.length > 0) yield group;
}
