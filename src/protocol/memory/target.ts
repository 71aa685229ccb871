import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type {
  CapturedDirectory,
  Child,
  Delivery,
  FreshChild,
  ReadRequest,
  Source,
  Verdict,
} from '../../contract/source.ts';
import type { Overwrite, Target, TargetPlan, TargetReport } from '../../contract/target.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { type Counts, type Entry, type Metadata, noCounts, type Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';

/** Where a memory target keeps things; several targets may share one. */
export interface MemoryFolder {
  metadata: Metadata | undefined;
  readonly folders: Map<ByteString, MemoryFolder>;
  readonly entries: Map<ByteString, { readonly entry: Entry; readonly content: Uint8Array }>;
}

type Action = 'create' | 'overwrite' | 'leave' | 'refuse';
type Decisions = ReadonlyMap<ByteString, Action>;

export const createMemoryPlace = (): MemoryFolder => ({ metadata: undefined, folders: new Map(), entries: new Map() });

export interface MemoryTargetOptions {
  readonly overwrite: Overwrite;
  /** Default: a new, empty one. */
  readonly place?: MemoryFolder;
}

/** A target that keeps what it is brought, for tests of whatever takes a target. */
export const createMemoryTarget = ({ overwrite, place: root = createMemoryPlace() }: MemoryTargetOptions): Target => {
  const plans = new WeakMap<TargetPlan, Decisions>();
  return {
    description: 'memory',
    capture: (_base, run) => captureFolder(root, [], run),
    read: (requests, _pieces, run) => deliver(requests, run),
    relocate: async () => undefined,
    close: async () => {},
    plan: async (source, run) => {
      const { plan, decisions } = await planInto(root, { source, overwrite }, run);
      plans.set(plan, decisions);
      return plan;
    },
    apply: async (plan, source, run) => {
      const decisions = plans.get(plan);
      if (decisions === undefined) throw new Fault('usage', 'the plan was made by another target');
      return applyTo(root, { source, decisions, plan }, run);
    },
  };
};

async function* captureFolder(folder: MemoryFolder, path: Path, run: Run): AsyncGenerator<CapturedDirectory, void> {
  throwIfInterrupted(run);
  const folders = [...folder.folders].sort(([left], [right]) => (left < right ? -1 : 1));
  for (const [name, below] of folders) yield* captureFolder(below, [...path, name], run);
  const children: Child[] = folders.map(([name]) => ({ kind: 'directory', name }));
  for (const { entry, content } of folder.entries.values()) {
    children.push({ kind: 'fresh', entry, content: { kind: 'delivered', key: content }, action: 'new' });
  }
  children.sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
  yield { path, metadata: folder.metadata, listing: { kind: 'listed', pages: onePage(children) } };
}

async function* onePage(children: readonly Child[]): AsyncGenerator<readonly Child[], void> {
  if (children.length > 0) yield children;
}

async function* deliver(requests: readonly ReadRequest[], run: Run): AsyncGenerator<Delivery, void> {
  for (const [request, { content }] of requests.entries()) {
    throwIfInterrupted(run);
    const held = content.kind === 'delivered' && content.key instanceof Uint8Array ? content.key : new Uint8Array(0);
    const bytes = held.slice();
    const verdict: Verdict = { kind: 'complete', bytes: bytes.length };
    yield {
      bytes,
      pieces: [{ request, position: 0, start: 0, length: bytes.length }],
      verdicts: [{ request, verdict }],
    };
  }
}

interface Planning {
  readonly source: Source;
  readonly overwrite: Overwrite;
}

const planInto = async (
  root: MemoryFolder,
  { source, overwrite }: Planning,
  run: Run,
): Promise<{ plan: TargetPlan; decisions: Decisions }> => {
  const decisions = new Map<ByteString, Action>();
  const counts = { create: noCounts, overwrite: noCounts, leave: noCounts };
  const refusals: { readonly path: ByteString; readonly fault: Fault }[] = [];
  const overwritten: ByteString[] = [];
  const decide = (path: ByteString, action: Action, entry: Metadata): void => {
    decisions.set(path, action);
    if (action !== 'refuse') counts[action] = plus(counts[action], entry);
    if (action === 'overwrite' && entry.type !== 'directory') overwritten.push(path);
  };
  const refuse = (path: ByteString, fault: Fault): void => {
    decisions.set(path, 'refuse');
    refusals.push({ path, fault });
  };
  for await (const { path, metadata, listing } of source.capture(undefined, run)) {
    const folder = folderAt(root, path);
    if (path.some(isUnsafe)) refuse(joined(path), unsafe());
    else if (path.length > 0 && metadata !== undefined) {
      decide(joined(path), decideFolder(folder, metadata, overwrite), metadata);
    }
    if (listing.kind === 'carried') refuse(joined(path), listing.fault);
    for await (const child of childrenOf(listing)) {
      const place = joined([...path, nameOf(child)]);
      if (child.kind === 'directory') continue;
      if (child.kind === 'carried') refuse(place, child.fault);
      else if (path.some(isUnsafe) || isUnsafe(child.entry.name)) refuse(place, unsafe());
      else if (folder?.folders.has(child.entry.name) === true) refuse(place, occupied());
      else
        decide(place, decideEntry(folder?.entries.get(child.entry.name)?.entry, child.entry, overwrite), child.entry);
    }
  }
  return { plan: { ...counts, refusals, overwritten }, decisions };
};

const decideFolder = (there: MemoryFolder | undefined, metadata: Metadata, overwrite: Overwrite): Action => {
  if (there === undefined) return 'create';
  return overwrite === 'never' || there.metadata?.mtime === metadata.mtime ? 'leave' : 'overwrite';
};

const decideEntry = (there: Entry | undefined, entry: Entry, overwrite: Overwrite): Action => {
  if (there === undefined) return 'create';
  if (overwrite === 'never') return 'leave';
  const same = there.size === entry.size && there.mtime === entry.mtime && there.linkTarget === entry.linkTarget;
  return same && overwrite === 'if-changed' ? 'leave' : 'overwrite';
};

interface Applying {
  readonly source: Source;
  readonly decisions: Decisions;
  readonly plan: TargetPlan;
}

const applyTo = async (root: MemoryFolder, { source, decisions, plan }: Applying, run: Run): Promise<TargetReport> => {
  let written = noCounts;
  let left = noCounts;
  let failed = 0;
  const totals = {
    totalFiles: plan.create.files + plan.overwrite.files,
    totalBytes: plan.create.bytes + plan.overwrite.bytes,
  };
  for await (const { path, metadata, listing } of source.capture(undefined, run)) {
    throwIfInterrupted(run);
    if (listing.kind === 'carried') {
      failed++;
      run.emit({ kind: 'fault', fault: listing.fault, path: joined(path) });
    }
    const wanted: FreshChild[] = [];
    for await (const child of childrenOf(listing)) {
      const action = decisions.get(joined([...path, nameOf(child)]));
      if (child.kind === 'directory') continue;
      if (action === 'refuse') failed++;
      else if (child.kind !== 'fresh' || action === undefined) continue;
      else if (action === 'leave') left = plus(left, child.entry);
      else wanted.push(child);
    }
    if (path.some(isUnsafe)) continue;
    const folder = makeFolder(root, path);
    for await (const { child, content } of bring(source, wanted, run)) {
      if (content instanceof Fault) {
        failed++;
        run.emit({ kind: 'fault', fault: content, path: joined([...path, child.entry.name]) });
      } else {
        folder.entries.set(child.entry.name, { entry: child.entry, content });
        written = plus(written, child.entry);
        run.emit({ kind: 'progress', files: written.files, bytes: written.bytes, ...totals });
      }
    }
    const own = decisions.get(joined(path));
    if (own !== 'leave') folder.metadata = metadata;
    if (path.length > 0 && metadata !== undefined) {
      if (own === 'leave') left = plus(left, metadata);
      else written = plus(written, metadata);
    }
  }
  return { written, left, failed, notRestored: new Map() };
};

interface Brought {
  readonly child: FreshChild;
  readonly content: Uint8Array | Fault;
}

async function* bring(source: Source, children: readonly FreshChild[], run: Run): AsyncGenerator<Brought, void> {
  const contents = children.map(({ entry }) => new Uint8Array(entry.size));
  for (const child of children) if (child.entry.type !== 'file') yield { child, content: new Uint8Array(0) };
  const files = children.filter(({ entry }) => entry.type === 'file');
  for await (const { bytes, pieces, verdicts, recycle } of source.read(files, 'any-order', run)) {
    for (const { request, position, start, length } of pieces) {
      const old = contents[request] ?? new Uint8Array(0);
      const content = old.length < position + length ? new Uint8Array(position + length) : old;
      if (content !== old) content.set(old);
      content.set(bytes.subarray(start, start + length), position);
      contents[request] = content;
    }
    recycle?.();
    for (const { request, verdict } of verdicts) {
      const child = files[request];
      if (child === undefined) continue;
      yield { child, content: contentAfter(verdict, contents[request] ?? new Uint8Array(0)) };
    }
  }
}

const contentAfter = (verdict: Verdict, content: Uint8Array): Uint8Array | Fault => {
  if (verdict.kind === 'failed') return verdict.fault;
  if (verdict.kind === 'gone') return new Fault('entry-vanished', 'it vanished before it was read');
  return content.subarray(0, verdict.bytes);
};

async function* childrenOf(listing: CapturedDirectory['listing']): AsyncGenerator<Child, void> {
  if (listing.kind !== 'listed') return;
  for await (const page of listing.pages) yield* page;
}

const folderAt = (root: MemoryFolder, path: Path): MemoryFolder | undefined => {
  let folder: MemoryFolder | undefined = root;
  for (const name of path) folder = folder?.folders.get(name);
  return folder;
};

const makeFolder = (root: MemoryFolder, path: Path): MemoryFolder => {
  let folder = root;
  for (const name of path) {
    let below = folder.folders.get(name);
    if (below === undefined) {
      below = createMemoryPlace();
      folder.folders.set(name, below);
    }
    folder = below;
  }
  return folder;
};

const nameOf = (child: Child): ByteString =>
  child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;

const joined = (path: Path): ByteString => byteStringOfLatin1(path.join('/'));

const isUnsafe = (name: ByteString): boolean => /^\.{0,2}$|[/\0]/.test(name);

const unsafe = (): Fault => new Fault('target-unsafe', 'its name could lead outside the target');

const occupied = (): Fault => new Fault('target-occupied', 'a folder is in the way');

const plus = (counts: Counts, { type, size }: Metadata): Counts =>
  type === 'directory'
    ? { ...counts, directories: counts.directories + 1 }
    : { ...counts, files: counts.files + 1, bytes: counts.bytes + size };
