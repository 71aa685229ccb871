import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type {
  Base,
  BaseEntry,
  CapturedDirectory,
  Child,
  Delivery,
  ReadRequest,
  Source,
  Verdict,
} from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Entry, Nanoseconds } from '../../model/entry.ts';
import { Fault, isFault } from '../../model/fault.ts';
import type { DumpFile, MissingDump } from './dump-file.ts';

export interface DumpSourceParts {
  readonly description: string;
  readonly files: readonly DumpFile[];
  /** Carried from the base, with the fault. */
  readonly missing?: readonly MissingDump[];
  /** When it was opened. */
  readonly time: Nanoseconds;
  readonly close?: () => Promise<void>;
}

/** The dumps as a source: its root has them all, always fresh, and each is made when it is read, one at a time. */
export const createDumpSource = (parts: DumpSourceParts): Source => ({
  description: parts.description,
  async *capture(base, run): AsyncGenerator<CapturedDirectory> {
    throwIfInterrupted(run);
    yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: pagesOf(parts, base, run) } };
  },
  read: (requests, _pieces, run) => deliver(requests, run),
  relocate: async () => undefined,
  close: async () => parts.close?.(),
});

async function* pagesOf(
  { files, missing = [], time }: DumpSourceParts,
  base: Base | undefined,
  run: Run,
): AsyncGenerator<readonly Child[]> {
  const known = new Map<ByteString, BaseEntry>();
  for await (const page of base?.children([], run) ?? []) for (const entry of page) known.set(entry.entry.name, entry);
  const fresh = files.map((file): [ByteString, Child] => {
    const entry = entryOf(file, time);
    const action = known.has(file.name) ? 'changed' : 'new';
    return [file.name, { kind: 'fresh', entry, content: { kind: 'delivered', key: file }, action }];
  });
  const carried = missing.map(({ name, fault }): [ByteString, Child] => [
    name,
    { kind: 'carried', name, base: known.get(name), fault },
  ]);
  const children = [...fresh, ...carried].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, child]) => child);
  if (children.length > 0) yield children;
}

const entryOf = ({ name, size }: DumpFile, time: Nanoseconds): Entry => ({
  name,
  type: 'file',
  mode: 0o600,
  mtime: time,
  atime: time,
  ctime: time,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  user: '',
  group: '',
  inode: 0n,
  deviceId: 0n,
  size,
  links: 1,
});

const isDumpFile = (key: unknown): key is DumpFile =>
  typeof key === 'object' && key !== null && 'dump' in key && typeof key.dump === 'function';

/** In the order of the requests. A dump that fails is a verdict; only an interruption ends all. */
async function* deliver(requests: readonly ReadRequest[], run: Run): AsyncGenerator<Delivery, void> {
  for (const [request, { content }] of requests.entries()) {
    throwIfInterrupted(run);
    if (content.kind !== 'delivered' || !isDumpFile(content.key)) {
      throw new Fault('internal', 'a database was asked for what it did not list');
    }
    let position = 0;
    let verdict: Verdict;
    try {
      for await (const bytes of content.key.dump(run)) {
        throwIfInterrupted(run);
        const piece = { request, position, start: 0, length: bytes.length };
        position += bytes.length;
        yield { bytes, pieces: [piece], verdicts: [] };
      }
      verdict = { kind: 'complete', bytes: position };
    } catch (error) {
      throwIfInterrupted(run);
      if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
      verdict = { kind: 'failed', fault: error };
    }
    throwIfInterrupted(run);
    yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict }] };
  }
}
