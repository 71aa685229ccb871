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
}

/**
 * One file whose bytes come from a stream, such as standard input; it can be captured once. The shape of the tree is
 * restic's.
 *
 * A stream that fails ends the capture with a Fault `io-failed`, so that half a file never looks like a whole one. One
 * that ends without a byte is told as the fault event `source-empty`: a program that failed looks just like that.
 */
export const createStreamSource = (options: StreamSourceOptions): Source => {
  const { stream, path } = options;
  const description = displayText(byteStringOfLatin1(`/${path.join('/')}`));
  return {
    description,
    capture: () => captureOne(options),
    read: (requests, _pieces, run) => {
      if (requests.length !== 1) throw new Fault('internal', 'a stream can be read once');
      return readStream(stream, path, run);
    },
    relocate: async () => undefined,
    close: async () => {
      stream.destroy();
    },
  };
};

async function* captureOne({ path, time, owner }: StreamSourceOptions): AsyncGenerator<CapturedDirectory, void> {
  const name = path.at(-1);
  if (name === undefined) throw new Fault('usage', 'the file that is to hold the stream has no name');
  const common = { mtime: time, atime: time, ctime: time, ...owner, inode: 0n, deviceId: 0n, size: 0 };
  const entry: Entry = { ...common, name, type: 'file', mode: 0o644, links: 1 };
  const folder: Metadata = { ...common, type: 'directory', mode: 0o755, links: 0 };
  let child: Child = { kind: 'fresh', entry, content: { kind: 'delivered', key: undefined }, action: 'new' };
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const at = path.slice(0, depth);
    const listing = { kind: 'listed', pages: onePage(child) } as const;
    yield { path: at, metadata: depth === 0 ? undefined : folder, listing };
    const above = at.at(-1);
    if (above !== undefined) child = { kind: 'directory', name: above };
  }
}

async function* onePage(child: Child): AsyncGenerator<readonly Child[], void> {
  yield [child];
}

const isBytes = (chunk: unknown): chunk is Uint8Array => chunk instanceof Uint8Array;

async function* readStream(stream: Readable, path: Path, run: Run): AsyncGenerator<Delivery, void> {
  throwIfInterrupted(run);
  const stop = (): void => {
    stream.destroy(interrupted(run.signal.reason));
  };
  run.signal.addEventListener('abort', stop, { once: true });
  let position = 0;
  try {
    for await (const chunk of stream) {
      if (!isBytes(chunk)) throw new Fault('internal', 'the stream gives text instead of bytes');
      // A copy: small chunks share one buffer, and the receiver may transfer what it is given.
      const bytes = new Uint8Array(chunk);
      const { length } = bytes;
      yield { bytes, pieces: [{ request: 0, position, start: 0, length }], verdicts: [] };
      position += length;
    }
  } catch (error) {
    throwIfInterrupted(run);
    throw errnoFault(error, 'read', 'standard input');
  } finally {
    run.signal.removeEventListener('abort', stop);
  }
  throwIfInterrupted(run);
  if (position === 0) tellEmpty(byteStringOfLatin1(path.join('/')), run);
  yield {
    bytes: new Uint8Array(0),
    pieces: [],
    verdicts: [{ request: 0, verdict: { kind: 'complete', bytes: position } }],
  };
}

const tellEmpty = (path: ByteString, run: Run): void => {
  const fault = new Fault('source-empty', 'nothing came before the end of the input, so the file is empty', {
    hint: 'Look whether the program before the pipe has failed; in a shell, `set -o pipefail` shows it.',
  });
  run.emit({ kind: 'fault', fault, path });
};
