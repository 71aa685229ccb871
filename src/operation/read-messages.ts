import type { Content, Source, Verdict } from '../contract/source.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { byteStringOfLatin1 } from '../model/byte-string.ts';
import type { Entry, Path } from '../model/entry.ts';
import { Fault, isFault } from '../model/fault.ts';
import { attachmentName, headerBytes, type MessageHeader, readHeader } from '../mail/header.ts';
import { isAttached, walkLeaves } from '../mail/mime-leaves.ts';
import { isClosed, isCompressed, type StoredForm, storedFormOf } from '../mail/stored-form.ts';
import { createClosedMessages } from './stored-mail/closed-messages.ts';
import { logicalBeginning, logicalMessage } from './stored-mail/logical-message.ts';

/** A message file in a source. */
export interface MessageFile {
  readonly path: Path;
  readonly entry: Entry;
  readonly content: Content;
}

const tellFailure = (file: MessageFile | undefined, verdict: Verdict, run: Run): boolean => {
  if (verdict.kind === 'complete' || verdict.kind === 'changed') return false;
  const fault =
    verdict.kind === 'failed' ? verdict.fault : new Fault('entry-vanished', 'it vanished before it was read');
  const path = byteStringOfLatin1(`/${file?.path.join('/') ?? ''}`);
  run.emit({ kind: 'fault', fault, path });
  return true;
};

/** The beginnings of files while their pieces arrive, in any order. */
class Beginnings {
  readonly #limit: number;
  readonly #buffers = new Map<number, Uint8Array>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Keeps what of a piece belongs to the beginning of a file of `size` bytes. */
  add(request: number, { size, position, piece }: { size: number; position: number; piece: Uint8Array }): void {
    const wanted = Math.min(size, this.#limit);
    if (position >= wanted) return;
    let buffer = this.#buffers.get(request);
    if (buffer === undefined) this.#buffers.set(request, (buffer = new Uint8Array(wanted)));
    buffer.set(piece.subarray(0, wanted - position), position);
  }

  take(request: number): Uint8Array {
    const buffer = this.#buffers.get(request) ?? new Uint8Array(0);
    this.#buffers.delete(request);
    return buffer;
  }
}

export interface BeginningOptions {
  /** At most so many are kept of each. */
  readonly bytes: number;
  readonly beginningOf: (content: Content) => Content;
}

/** The first bytes of files as they are stored; undefined for one that could not be read, which is told. */
const readStoredBeginnings = async (
  source: Source,
  files: readonly MessageFile[],
  { bytes: limit, beginningOf }: BeginningOptions,
  run: Run,
): Promise<readonly (Uint8Array | undefined)[]> => {
  const found: (Uint8Array | undefined)[] = Array.from({ length: files.length });
  const beginnings = new Beginnings(limit);
  const requests = files.map(({ entry, content }) => ({ entry, content: beginningOf(content) }));
  for await (const { bytes, pieces, verdicts, recycle } of source.read(requests, 'any-order', run)) {
    throwIfInterrupted(run);
    for (const { request, position, start, length } of pieces) {
      const size = files[request]?.entry.size ?? 0;
      beginnings.add(request, { size, position, piece: bytes.subarray(start, start + length) });
    }
    recycle?.();
    for (const { request, verdict } of verdicts) {
      const beginning = beginnings.take(request);
      if (!tellFailure(files[request], verdict, run)) found[request] = beginning;
    }
  }
  return found;
};

/** The beginning of a message, whatever form its file has; undefined of one that cannot be looked into. */
export interface MessageBeginning {
  readonly form: StoredForm;
  readonly bytes: Uint8Array | undefined;
}

/** The first bytes of messages; undefined for one that could not be read, which is told as a fault event. */
export const readMessageBeginnings = async (
  source: Source,
  files: readonly MessageFile[],
  options: BeginningOptions,
  run: Run,
): Promise<readonly (MessageBeginning | undefined)[]> => {
  const stored = await readStoredBeginnings(source, files, options, run);
  const closed = createClosedMessages();
  const found: (MessageBeginning | undefined)[] = [];
  for (const [at, bytes] of stored.entries()) {
    throwIfInterrupted(run);
    const form = bytes === undefined ? 'plain' : storedFormOf(bytes);
    if (bytes === undefined) found.push(undefined);
    else if (isCompressed(form)) found.push({ form, bytes: await logicalBeginning(bytes, form, options.bytes) });
    else found.push({ form, bytes: isClosed(form) ? undefined : bytes });
    if (isClosed(form)) closed.add(form, files[at]?.path ?? []);
  }
  closed.tell(run);
  return found;
};

/** As `readMessageBeginnings`; undefined also for one that cannot be looked into, which is told. */
export const readBeginnings = async (
  source: Source,
  files: readonly MessageFile[],
  options: BeginningOptions,
  run: Run,
): Promise<readonly (Uint8Array | undefined)[]> =>
  (await readMessageBeginnings(source, files, options, run)).map((beginning) => beginning?.bytes);

/** The headers of messages; undefined for one that could not be read, which is told as a fault event. */
export const readHeaders = async (
  source: Source,
  files: readonly MessageFile[],
  beginningOf: (content: Content) => Content,
  run: Run,
): Promise<readonly (MessageHeader | undefined)[]> => {
  const beginnings = await readBeginnings(source, files, { bytes: headerBytes, beginningOf }, run);
  return beginnings.map((beginning) => (beginning === undefined ? undefined : readHeader(beginning)));
};

/** What lies further back in a message is not looked at: a size is only what a tree says, and memory is bounded. */
const wholeLimit = 256 * 1024 * 1024;
/** Whole messages in memory at once; one that is larger is read alone. */
const bytesAtOnce = 32 * 1024 * 1024;

/** The names of the attachments of each message, in the order of the messages. `at` is an index into `files`. */
export async function* readAttachments(
  source: Source,
  files: readonly MessageFile[],
  run: Run,
): AsyncGenerator<{ readonly at: number; readonly names: readonly string[] }, void> {
  for (let first = 0; first < files.length;) {
    let end = first;
    let bytes = 0;
    while (end < files.length && (end === first || bytes + (files[end]?.entry.size ?? 0) <= bytesAtOnce)) {
      bytes += files[end]?.entry.size ?? 0;
      end++;
    }
    const names = await attachmentsOf(source, files.slice(first, end), run);
    for (const [number, list] of names.entries()) yield { at: first + number, names: list };
    first = end;
  }
}

const attachmentsOf = async (
  source: Source,
  files: readonly MessageFile[],
  run: Run,
): Promise<readonly (readonly string[])[]> => {
  const names: (readonly string[])[] = files.map(() => []);
  const wholes = new Beginnings(wholeLimit);
  for await (const { bytes, pieces, verdicts, recycle } of source.read(files, 'any-order', run)) {
    throwIfInterrupted(run);
    for (const { request, position, start, length } of pieces) {
      const size = files[request]?.entry.size ?? 0;
      wholes.add(request, { size, position, piece: bytes.subarray(start, start + length) });
    }
    recycle?.();
    for (const { request, verdict } of verdicts) {
      const whole = wholes.take(request);
      if (!tellFailure(files[request], verdict, run)) names[request] = await namesIn(whole, files[request], run);
    }
  }
  return names;
};

const namesIn = async (stored: Uint8Array, file: MessageFile | undefined, run: Run): Promise<readonly string[]> => {
  try {
    return attachmentNames(await logicalMessage(stored, wholeLimit));
  } catch (error) {
    if (!isFault(error, 'unsupported', 'entry-unreadable')) throw error;
    run.emit({ kind: 'fault', fault: error, path: byteStringOfLatin1(`/${file?.path.join('/') ?? ''}`) });
    return [];
  }
};

const attachmentNames = (message: Uint8Array): readonly string[] => {
  const names: string[] = [];
  walkLeaves(message, (leaf) => {
    const name = attachmentName(leaf.disposition, leaf.contentType);
    if (name !== '' || isAttached(leaf)) names.push(name);
    return true;
  });
  return names;
};
