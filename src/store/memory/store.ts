import { hash } from 'node:crypto';
import type { Base, BaseEntry, Delivery, ReadRequest } from '../../contract/source.ts';
import { finalTags, type Store, type StoredSnapshot } from '../../contract/store.ts';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { Snapshot, SnapshotSummary, ZonedTime } from '../../model/snapshot.ts';
import { type CaptureTally, MemoryCapture } from './capture.ts';
import type { MemoryStorePlace } from './place.ts';
import { baseOfTree, captureTree, isStoredNode, type StoredTree } from './stored-tree.ts';

/** How much of a content comes at once. */
const pieceBytes = 262_144;

async function* deliver(
  place: MemoryStorePlace,
  requests: readonly ReadRequest[],
  run: Run,
): AsyncGenerator<Delivery, void> {
  throwIfInterrupted(run);
  for (const [request, { content }] of requests.entries()) {
    const key = content.kind === 'delivered' && typeof content.key === 'string' ? content.key : '';
    const stored = place.contents.get(key);
    const what = stored === undefined ? 'missing' : hash('sha256', stored, 'hex') === key ? undefined : 'damaged';
    if (stored === undefined || what !== undefined) {
      const fault = new Fault(`blob-${what ?? 'missing'}`, `the content ${key.slice(0, 8)} is ${what ?? 'missing'}`);
      yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict: { kind: 'failed', fault } }] };
      continue;
    }
    for (let position = 0; position < stored.length; position += pieceBytes) {
      throwIfInterrupted(run);
      const bytes = stored.slice(position, position + pieceBytes);
      yield { bytes, pieces: [{ request, position, start: 0, length: bytes.length }], verdicts: [] };
    }
    const verdict = { kind: 'complete', bytes: stored.length } as const;
    yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict }] };
  }
}

const requestOf = ({ entry, reference }: BaseEntry): ReadRequest => ({
  entry,
  content: { kind: 'delivered', key: isStoredNode(reference) ? reference.content : undefined },
});

/** A tree that no snapshot may be of. */
const openTree = (place: MemoryStorePlace, root: StoredTree, scannedAt: Nanoseconds): Base => ({
  scannedAt,
  ...baseOfTree(root, (content) => place.contents.has(content)),
  versionOf: ({ reference }) => (isStoredNode(reference) ? (reference.below?.id ?? reference.content) : undefined),
  contents: (entries, run) => deliver(place, entries.map(requestOf), run),
});

const openSnapshot = (place: MemoryStorePlace, id: string): StoredSnapshot => {
  const found = place.snapshots.get(id);
  if (found === undefined) throw new Fault('snapshot-missing', `there is no snapshot ${id.slice(0, 8)}`);
  const { snapshot, root } = found;
  return {
    description: `snapshot ${id.slice(0, 8)}`,
    snapshot,
    ...openTree(place, root, snapshot.summary?.backupStart.nanoseconds ?? snapshot.time.nanoseconds),
    capture: (_base, run) => captureTree(root, [], undefined, run),
    read: (requests, _pieces, run) => deliver(place, requests, run),
    relocate: async () => undefined,
    close: async () => {},
  };
};

const compareTimes = (left: Snapshot, right: Snapshot): number =>
  left.time.nanoseconds < right.time.nanoseconds ? -1 : left.time.nanoseconds > right.time.nanoseconds ? 1 : 0;

const zoned = (nanoseconds: bigint): ZonedTime => ({ nanoseconds, offsetMinutes: 0 });

const summaryOf = (
  { tally, contents }: { tally: CaptureTally; contents: ReadonlyMap<string, Uint8Array> },
  backupStart: ZonedTime,
  backupEnd: ZonedTime,
): SnapshotSummary => {
  const dataAdded = [...contents.values()].reduce((sum, { length }) => sum + length, 0);
  return {
    backupStart,
    backupEnd,
    filesNew: tally.filesNew,
    filesChanged: tally.filesChanged,
    filesUnmodified: tally.filesUnmodified,
    directoriesNew: tally.directoriesNew,
    directoriesChanged: tally.directoriesChanged,
    directoriesUnmodified: tally.directoriesUnmodified,
    dataBlobs: contents.size,
    treeBlobs: tally.directoriesNew + tally.directoriesChanged,
    dataAdded,
    dataAddedPacked: dataAdded,
    totalFilesProcessed: tally.files,
    totalBytesProcessed: tally.bytes,
  };
};

/** Keeps snapshots in memory: for tests of what works on stores, and the measure that others are compared with. */
export const createMemoryStore = (place: MemoryStorePlace): Store => {
  const opened = new WeakSet<StoredSnapshot>();
  return {
    description: 'memory',
    guarded: (work, run) => {
      throwIfInterrupted(run);
      return work();
    },
    snapshots: async (run) => {
      throwIfInterrupted(run);
      return [...place.snapshots.values()].map(({ snapshot }) => snapshot).sort(compareTimes);
    },
    open: async (id, run) => {
      throwIfInterrupted(run);
      const snapshot = openSnapshot(place, id);
      opened.add(snapshot);
      return snapshot;
    },
    write: async (source, options, run) => {
      throwIfInterrupted(run);
      const { parent, dryRun = false, skipIfUnchanged = false } = options;
      if (parent !== undefined && !opened.has(parent)) throw new Fault('internal', 'the parent is of another store');
      const start = zoned(run.now());
      const capture = new MemoryCapture(source, options, place, run);
      const root = await capture.capture();
      throwIfInterrupted(run);
      const { tally, contents } = capture;
      const { filesRenamed, unreadable, changedWhileRead } = tally;
      const summary = summaryOf(capture, start, zoned(run.now()));
      const result = { summary, filesRenamed, unreadable, changedWhileRead };
      const before = parent === undefined ? undefined : place.snapshots.get(parent.snapshot.id)?.root;
      if (dryRun || (skipIfUnchanged && unreadable === 0 && before?.id === root.id)) return result;
      const id = hash('sha256', `${place.snapshots.size} ${root.id}`, 'hex');
      const { description } = options;
      for (const [key, content] of contents) place.contents.set(key, content);
      const judged = await options.judge?.(openTree(place, root, start.nanoseconds), run);
      const draft = { ...description, tags: finalTags(options, unreadable, judged), id, originalId: id, summary };
      const snapshot: Snapshot = parent === undefined ? draft : { ...draft, parent: parent.snapshot.id };
      place.snapshots.set(id, { snapshot, root });
      return { ...result, snapshot };
    },
    close: async () => {},
  };
};
