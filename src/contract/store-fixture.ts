import assert from 'node:assert/strict';
import { type ByteString, byteStringOfText } from '../model/byte-string.ts';
import type { Difference } from '../model/compare.ts';
import type { Entry } from '../model/entry.ts';
import type { Snapshot, SnapshotDescription } from '../model/snapshot.ts';
import { compare } from '../operation/compare.ts';
import { createMemorySource, type MemoryDirectory } from '../protocol/memory/source.ts';
import { recordCapture, type RecordedCapture } from './recorded-capture.ts';
import type { Base, CapturedDirectory, Child, Delivery, FreshChild, ReadRequest, Source } from './source.ts';
import type { Store, StoredSnapshot, WriteOptions, WriteResult } from './store.ts';
import { createTestRun, type TestRun } from './test-run.ts';

/** One place that a store can be opened on again and again. */
export interface StoreFixture {
  /** As another process would. */
  open(): Promise<Store>;
  /** All that is kept, by name, locks left out. */
  inventory(): Promise<readonly string[]>;
  /** From now on this file content, which was written in a snapshot of its own, is damaged or no longer there. */
  harm(content: Uint8Array, how: 'damaged' | 'lost'): Promise<void>;
  close(): Promise<void>;
}

export const description: SnapshotDescription = {
  time: { nanoseconds: 1_767_323_045_678_901_234n, offsetMinutes: 0 },
  paths: [byteStringOfText('/mail')],
  hostname: 'mail1',
  username: 'alice',
  uid: 1000,
  gid: 100,
  excludes: ['*.tmp'],
  tags: ['daily'],
};

export const daysLater = (days: number): SnapshotDescription => ({
  ...description,
  time: { ...description.time, nanoseconds: description.time.nanoseconds + BigInt(days) * 86_400_000_000_000n },
});

/** A store that is open, and one run. */
export class StoreSession {
  readonly fixture: StoreFixture;
  readonly store: Store;
  readonly run: TestRun = createTestRun();

  constructor(fixture: StoreFixture, store: Store) {
    this.fixture = fixture;
    this.store = store;
  }

  write(source: Source, options: Partial<WriteOptions> = {}): Promise<WriteResult> {
    return this.store.write(source, { description, ...options }, this.run);
  }

  /** Writes and opens what was written. */
  async keep(tree: Source | MemoryDirectory, options: Partial<WriteOptions> = {}): Promise<Kept> {
    const source = 'capture' in tree ? tree : createMemorySource(tree);
    const result = await this.write(source, options);
    assert.ok(result.snapshot !== undefined);
    const snapshot = await this.store.open(result.snapshot.id, this.run);
    return { result, snapshot, listed: result.snapshot };
  }

  async record(source: Source, base?: Base): Promise<RecordedCapture> {
    return recordCapture(source, base, this.run);
  }

  /** Every path of a snapshot, in order. */
  async paths(source: Source): Promise<readonly string[]> {
    return (await this.record(source)).paths();
  }

  async entry(source: Source, path: string): Promise<Entry> {
    const child = await this.child(source, path);
    return child.entry;
  }

  async child(source: Source, path: string): Promise<FreshChild> {
    const child = (await this.record(source)).child(path);
    assert.ok(child?.kind === 'fresh', `${path} is ${child?.kind}`);
    return child;
  }

  async text(source: Source, path: string): Promise<string> {
    const child = await this.child(source, path);
    const { parts, verdicts } = await readPieces(source, [child], 'in-order', this.run);
    assert.equal(verdicts[0], 'complete', path);
    return Buffer.concat(parts.map((part) => part[0] ?? new Uint8Array(0))).toString();
  }

  async differences(left: Source, right: Source): Promise<string[]> {
    const options = { metadata: true, contents: 'read' } as const;
    const found: Difference[] = await Array.fromAsync(compare(left, right, options, this.run));
    return found.map(({ kind, path }) => `${kind} ${path}`).sort();
  }

  faults(): string[] {
    return this.run.events.flatMap((event) =>
      event.kind === 'fault' ? [`${event.path ?? ''}: ${event.fault.code}`] : [],
    );
  }
}

export interface Kept {
  readonly result: WriteResult;
  readonly snapshot: StoredSnapshot;
  readonly listed: Snapshot;
}

export interface ReadPieces {
  /** One buffer a request. */
  readonly parts: readonly Uint8Array[][];
  /** Its kind, or the code of its fault. */
  readonly verdicts: readonly string[];
}

/** Reads strictly: no gaps, no overlaps, one verdict each, nothing after it, and buffers that are ours to give away. */
export const readPieces = async (
  source: Source,
  requests: readonly ReadRequest[],
  order: 'in-order' | 'any-order',
  run: TestRun,
): Promise<ReadPieces> => {
  const pieces = requests.map((): { position: number; bytes: Uint8Array }[] => []);
  const verdicts: (string | undefined)[] = requests.map(() => undefined);
  for await (const delivery of source.read(requests, order, run)) {
    for (const { request, position, start, length } of delivery.pieces) {
      assert.equal(verdicts[request], undefined, 'no piece comes after its verdict');
      assert.ok(start >= 0 && start + length <= delivery.bytes.length, 'a piece lies in the bytes');
      const before = pieces[request] ?? [];
      const reached = before.reduce((sum, piece) => sum + piece.bytes.length, 0);
      if (order === 'in-order') assert.equal(position, reached, 'pieces follow one another');
      before.push({ position, bytes: new Uint8Array(delivery.bytes.subarray(start, start + length)) });
    }
    for (const { request, verdict } of delivery.verdicts) {
      assert.equal(verdicts[request], undefined, 'there is one verdict');
      verdicts[request] = verdict.kind === 'failed' ? verdict.fault.code : verdict.kind;
      if (verdict.kind === 'complete') checkWhole(pieces[request] ?? [], verdict.bytes);
    }
    // As when a thread takes it: the sender cannot use these bytes any more.
    giveAway(delivery);
  }
  return {
    parts: pieces.map((own) => own.sort((left, right) => left.position - right.position).map(({ bytes }) => bytes)),
    verdicts: verdicts.map((verdict) => verdict ?? 'none'),
  };
};

const giveAway = ({ bytes, recycle }: Delivery): void => {
  if (bytes.buffer instanceof ArrayBuffer) structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  else bytes.fill(0xee);
  recycle?.();
};

const checkWhole = (pieces: readonly { position: number; bytes: Uint8Array }[], expected: number): void => {
  let reached = 0;
  for (const { position, bytes } of pieces.toSorted((left, right) => left.position - right.position)) {
    assert.equal(position, reached, 'no gap and no overlap');
    reached += bytes.length;
  }
  assert.equal(reached, expected);
};

export interface Script {
  readonly directories?: (base: Base | undefined, run: TestRun) => AsyncIterable<CapturedDirectory>;
  readonly read?: (requests: readonly ReadRequest[]) => AsyncIterable<Delivery>;
  readonly relocate?: Source['relocate'];
}

/** A source that does what it is told. */
export const scriptedSource = (script: Script, run: TestRun): Source => ({
  description: 'a script',
  capture: (base) => script.directories?.(base, run) ?? rootOf([]),
  read: (requests) => script.read?.(requests) ?? wholeContents(requests),
  relocate: async (path, entry, itsRun) => script.relocate?.(path, entry, itsRun),
  close: async () => {},
});

export async function* pagesOf(children: readonly Child[], pageSize = 1000): AsyncGenerator<readonly Child[]> {
  for (let at = 0; at < children.length; at += pageSize) yield children.slice(at, at + pageSize);
}

/** A root with these children. */
export async function* rootOf(children: readonly Child[]): AsyncGenerator<CapturedDirectory> {
  yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: pagesOf(children) } };
}

/** Delivers contents whose key is their text or bytes. */
export async function* wholeContents(requests: readonly ReadRequest[]): AsyncGenerator<Delivery> {
  for (const [request, { content }] of requests.entries()) {
    const bytes = Uint8Array.from(keyBytes(content.kind === 'delivered' ? content.key : ''));
    const verdict = { kind: 'complete', bytes: bytes.length } as const;
    const pieces = bytes.length === 0 ? [] : [{ request, position: 0, start: 0, length: bytes.length }];
    yield { bytes, pieces, verdicts: [{ request, verdict }] };
  }
}

export const keyBytes = (key: unknown): Uint8Array =>
  key instanceof Uint8Array ? key : Buffer.from(typeof key === 'string' ? key : '');

export const fileEntry = (name: string, size: number, more: Partial<Entry> = {}): Entry => ({
  name: byteStringOfText(name),
  type: 'file',
  mode: 0o600,
  mtime: 1_700_000_000_000_000_001n,
  atime: 1_700_000_000_000_000_001n,
  ctime: 1_700_000_000_000_000_001n,
  uid: 1000,
  gid: 1000,
  user: 'alice',
  group: 'mail',
  inode: 7n,
  deviceId: 1n,
  size,
  links: 1,
  ...more,
});

export const fresh = (name: string, content: string | Uint8Array, more: Partial<Entry> = {}): FreshChild => ({
  kind: 'fresh',
  entry: fileEntry(name, keyBytes(content).length, more),
  content: { kind: 'delivered', key: content },
  action: 'new',
});

/** The base's entry of this name in a directory. */
export const baseEntry = async (base: Base | undefined, path: readonly ByteString[], name: string, run: TestRun) => {
  for await (const page of base?.children(path, run) ?? []) {
    const found = page.find(({ entry }) => entry.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
};
