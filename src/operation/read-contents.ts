import type { Content, ReadRequest, Source, Verdict } from '../contract/source.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { type ByteString, displayText } from '../model/byte-string.ts';
import type { Entry } from '../model/entry.ts';
import { Fault } from '../model/fault.ts';

/** An entry of a tree that is to be read in its turn; `path` is for people and archives. */
export interface ListedEntry {
  readonly path: ByteString;
  readonly entry: Entry;
  readonly content: Content;
}

export interface EntryWithContent extends ListedEntry {
  /** To be taken to its end before the next entry; nothing for what has no content. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Small files are read many at a time, in the source's own best order, and then told in theirs. */
const smallFile = 4 * 1024 * 1024;
const bytesTogether = 32 * 1024 * 1024;
const filesTogether = 2048;

/**
 * Entries with their bytes, in the order in which they come. Throws the fault of the first that cannot be read, with its
 * path in front; `tree-damaged` for one whose size is not what its entry says.
 */
export async function* readContents(
  source: Source,
  pages: AsyncIterable<readonly ListedEntry[]>,
  run: Run,
): AsyncGenerator<EntryWithContent, void> {
  let batch: ListedEntry[] = [];
  let bytes = 0;
  for await (const page of pages) {
    for (const listed of page) {
      const isLarge = listed.entry.size > smallFile;
      if (isLarge || batch.length >= filesTogether || bytes + listed.entry.size > bytesTogether) {
        yield* readTogether(source, batch, run);
        batch = [];
        bytes = 0;
      }
      if (isLarge) {
        yield { ...listed, bytes: readOne(source, listed, run) };
        continue;
      }
      batch.push(listed);
      bytes += listed.entry.size;
    }
  }
  yield* readTogether(source, batch, run);
}

/** The bytes of one file, piece by piece in their order. Throws as `readContents`. */
export async function* readOne(source: Source, listed: ListedEntry, run: Run): AsyncGenerator<Uint8Array, void> {
  const { entry, content } = listed;
  let length = 0;
  for await (const { bytes, pieces, verdicts } of source.read([{ entry, content }], 'in-order', run)) {
    throwIfInterrupted(run);
    for (const piece of pieces) {
      length += piece.length;
      if (length > entry.size) throw wrongSize(listed);
      yield bytes.subarray(piece.start, piece.start + piece.length);
    }
    for (const { verdict } of verdicts) throwIfFailed(listed, verdict);
  }
  if (length !== entry.size) throw wrongSize(listed);
}

async function* readTogether(
  source: Source,
  batch: readonly ListedEntry[],
  run: Run,
): AsyncGenerator<EntryWithContent, void> {
  const files = batch.filter(({ content }) => content.kind !== 'none');
  const buffers = new Map(files.map((file) => [file, new Uint8Array(file.entry.size)]));
  const missing = new Map(files.map((file) => [file, file.entry.size]));
  const requests: ReadRequest[] = files.map(({ entry, content }) => ({ entry, content }));
  for await (const { bytes, pieces, verdicts, recycle } of source.read(requests, 'any-order', run)) {
    throwIfInterrupted(run);
    for (const { request, position, start, length } of pieces) {
      const file = files[request];
      const buffer = file === undefined ? undefined : buffers.get(file);
      if (file === undefined || buffer === undefined) continue;
      if (position + length > buffer.length) throw wrongSize(file);
      buffer.set(bytes.subarray(start, start + length), position);
      missing.set(file, (missing.get(file) ?? 0) - length);
    }
    recycle?.();
    for (const { request, verdict } of verdicts) {
      const file = files[request];
      if (file === undefined) continue;
      throwIfFailed(file, verdict);
      if (missing.get(file) !== 0) throw wrongSize(file);
    }
  }
  for (const listed of batch) {
    const buffer = buffers.get(listed);
    yield { ...listed, bytes: piecesOf(buffer) };
  }
}

async function* piecesOf(buffer: Uint8Array | undefined): AsyncGenerator<Uint8Array, void> {
  if (buffer !== undefined && buffer.length > 0) yield buffer;
}

const wrongSize = ({ path, entry }: ListedEntry): Fault =>
  new Fault('tree-damaged', `${displayText(path)}: its content has not the ${entry.size} bytes that its entry says`, {
    hint: 'See what `mailkeep check` says of the repository.',
  });

const throwIfFailed = ({ path }: ListedEntry, verdict: Verdict): void => {
  if (verdict.kind === 'complete' || verdict.kind === 'changed') return;
  if (verdict.kind === 'gone') throw new Fault('entry-vanished', `${displayText(path)} vanished before it was read`);
  const { code, message, hint, context } = verdict.fault;
  throw new Fault(code, `${displayText(path)}: ${message}`, {
    cause: verdict.fault,
    context,
    ...(hint === undefined ? {} : { hint }),
  });
};
