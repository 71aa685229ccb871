import type { Readable } from 'node:stream';
import { interrupted, type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { CapturedDirectory, Child, Delivery, Source } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Entry, Metadata, Nanoseconds, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';

export interface StreamSourceOptions {
  readonly stream: Readable;
  /** Where the file lies in the tree; not empty. */
  readonly path: Path;
  /** Its and its folders' time. */
  readonly time: Nanoseconds;
  readonly owner: Pick<Metadata, 'uid' | 'gid' | 'user' | 'group'>;
  /** A stream without a byte is believed, instead of a failed read. */
  readonly allowEmpty?: boolean;
}

/** What has come of the stream so far, to be read first. */
interface Incoming {
  readonly chunks: AsyncIterator<unknown>;
  head: IteratorResult<unknown> | undefined;
}

/**
 * One file whose bytes come from a stream, such as standard input; it can be captured once. The shape of the tree is
 * restic's.
 *
 * A stream that fails ends the capture with a Fault `io-failed`, so that half a file never looks like a whole one. One
 * that ends without a byte is kept as a failed read, `source-empty`: a program that failed looks just like that.
 */
export const createStreamSource = (options: StreamSourceOptions): Source => {
  const { stream, path } = options;
  const description = displayText(byteStringOfLatin1(`/${path.join('/')}`));
  const incoming: Incoming = { chunks: stream[Symbol.asyncIterator](), head: undefined };
  return {
    description,
    capture: (_base, run) => captureOne(options, incoming, run),
    read: (requests, _pieces, run) => {
      if (requests.length !== 1) throw new Fault('internal', 'a stream can be read once');
      return readStream(stream, incoming, run);
    },
    relocate: async () => undefined,
    close: async () => {
      stream.destroy();
    },
  };
};

async function* captureOne(
  { stream, path, time, owner, allowEmpty = false }: StreamSourceOptions,
  incoming: Incoming,
  run: Run,
): AsyncGenerator<CapturedDirectory, void> {
  const name = path.at(-1);
  if (name === undefined) throw new Fault('usage', 'the file that is to hold the stream has no name');
  const common = { mtime: time, atime: time, ctime: time, ...owner, inode: 0n, deviceId: 0n, size: 0 };
  const entry: Entry = { ...common, name, type: 'file', mode: 0o644, links: 1 };
  const folder: Metadata = { ...common, type: 'directory', mode: 0o755, links: 0 };
  let child: Child = { kind: 'fresh', entry, content: { kind: 'delivered', key: undefined }, action: 'new' };
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const at = path.slice(0, depth);
    const isOwn = depth === path.length - 1;
    if (isOwn) incoming.head = await untilAborted(stream, run, () => incoming.chunks.next());
    const isDoubtful = isOwn && incoming.head?.done === true && !allowEmpty;
    const listing = { kind: 'listed', pages: onePage(child, isDoubtful ? name : undefined) } as const;
    yield { path: at, metadata: depth === 0 ? undefined : folder, listing };
    const above = at.at(-1);
    if (above !== undefined) child = { kind: 'directory', name: above };
  }
}

/** The second child stands for no entry; it makes the snapshot incomplete. */
async function* onePage(child: Child, doubtful: ByteString | undefined): AsyncGenerator<readonly Child[], void> {
  yield [child];
  if (doubtful === undefined) return;
  yield [{ kind: 'carried', name: byteStringOfLatin1(`${doubtful}~`), base: undefined, fault: emptyFault() }];
}

const isBytes = (chunk: unknown): chunk is Uint8Array => chunk instanceof Uint8Array;

const untilAborted = async <Result>(stream: Readable, run: Run, work: () => Promise<Result>): Promise<Result> => {
  throwIfInterrupted(run);
  const stop = (): void => {
    stream.destroy(interrupted(run.signal.reason));
  };
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    return await work();
  } catch (error) {
    throwIfInterrupted(run);
    throw errnoFault(error, 'read', 'standard input');
  } finally {
    run.signal.removeEventListener('abort', stop);
  }
};

async function* readStream(stream: Readable, incoming: Incoming, run: Run): AsyncGenerator<Delivery, void> {
  const next = (): Promise<IteratorResult<unknown>> => untilAborted(stream, run, () => incoming.chunks.next());
  let position = 0;
  for (let chunk = incoming.head ?? (await next()); chunk.done !== true; chunk = await next()) {
    if (!isBytes(chunk.value)) throw new Fault('internal', 'the stream gives text instead of bytes');
    // A copy: small chunks share one buffer, and the receiver may transfer what it is given.
    const bytes = new Uint8Array(chunk.value);
    const { length } = bytes;
    yield { bytes, pieces: [{ request: 0, position, start: 0, length }], verdicts: [] };
    position += length;
  }
  throwIfInterrupted(run);
  yield {
    bytes: new Uint8Array(0),
    pieces: [],
    verdicts: [{ request: 0, verdict: { kind: 'complete', bytes: position } }],
  };
}

const emptyFault = (): Fault =>
  new Fault('source-empty', 'nothing came before the end of the input, so the file is empty', {
    hint: 'Look whether the program before the pipe has failed; in a shell, `set -o pipefail` shows it. --allow-empty takes it as it is.',
  });
