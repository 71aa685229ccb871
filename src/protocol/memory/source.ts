import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type {
  Base,
  BaseEntry,
  CapturedDirectory,
  Child,
  Delivery,
  FreshChild,
  Piece,
  ReadRequest,
  Source,
  Verdict,
} from '../../contract/source.ts';
import { type ByteString, byteStringOfText } from '../../model/byte-string.ts';
import type { Entry, Metadata, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';

/** A tree as plain data. Names are given as text. */
export interface MemoryDirectory {
  readonly kind: 'directory';
  readonly children: Readonly<Record<string, MemoryNode>>;
  readonly metadata?: Partial<Metadata>;
  /** It cannot be listed. */
  readonly fault?: Fault;
}

export interface MemoryFile {
  readonly kind: 'file';
  readonly content: Uint8Array;
  readonly metadata?: Partial<Metadata>;
  /** It cannot be looked at. */
  readonly fault?: Fault;
  /** How reading ends; default `complete`. Of `changed` and `failed`, half of the content comes before. */
  readonly ending?: 'complete' | 'changed' | 'gone' | 'failed';
  /** What `relocate` answers. */
  readonly relocated?: Uint8Array;
}

export interface MemoryOther {
  readonly kind: 'other';
  readonly metadata: Partial<Metadata> & Pick<Metadata, 'type'>;
}

export type MemoryNode = MemoryDirectory | MemoryFile | MemoryOther;

export interface MemorySourceOptions {
  /** Bytes of a delivery; small, so that files come in pieces. Default 64 KiB. */
  readonly deliveryBytes?: number;
  /** Children of a page. Default 100. */
  readonly pageSize?: number;
}

const encoder = new TextEncoder();

/** A file of this text, or with these bytes. */
export const memoryFile = (content: string | Uint8Array, more: Partial<Omit<MemoryFile, 'kind'>> = {}): MemoryFile => ({
  kind: 'file',
  content: typeof content === 'string' ? encoder.encode(content) : content,
  ...more,
});

export const memoryDirectory = (
  children: Readonly<Record<string, MemoryNode>>,
  more: Partial<Omit<MemoryDirectory, 'kind'>> = {},
): MemoryDirectory => ({ kind: 'directory', children, ...more });

export const memorySymlink = (target: string, metadata: Partial<Metadata> = {}): MemoryOther => ({
  kind: 'other',
  metadata: { type: 'symlink', linkTarget: byteStringOfText(target), ...metadata },
});

const defaults: Omit<Metadata, 'type'> = {
  mode: 0o644,
  mtime: 1_700_000_000_123_456_789n,
  atime: 1_700_000_000_123_456_789n,
  ctime: 1_700_000_000_123_456_789n,
  uid: 1000,
  gid: 1000,
  user: 'alice',
  group: 'mail',
  inode: 0n,
  deviceId: 1n,
  size: 0,
  links: 1,
};

const metadataOf = (node: MemoryNode): Metadata => {
  switch (node.kind) {
    case 'directory':
      return { ...defaults, type: 'directory', mode: 0o755, links: 0, ...node.metadata };
    case 'file':
      return { ...defaults, type: 'file', size: node.content.length, ...node.metadata };
    case 'other':
      return { ...defaults, ...node.metadata };
  }
};

const sorted = (node: MemoryDirectory): { name: ByteString; node: MemoryNode }[] =>
  Object.entries(node.children)
    .map(([name, child]) => ({ name: byteStringOfText(name), node: child }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));

/** A source of plain data, with failures to order: for tests of whatever takes a source. */
export const createMemorySource = (root: MemoryDirectory, options: MemorySourceOptions = {}): Source => ({
  description: 'memory',
  capture: (base, run) => captureDirectory({ base, run, pageSize: options.pageSize ?? 100 }, [], root),
  read: (requests, _pieces, run) => deliver(requests, { deliveryBytes: options.deliveryBytes ?? 65_536, run }),
  relocate: async (path, entry) => relocated(nodeAt(root, [...path, entry.name]), entry),
  close: async () => {},
});

interface MemoryCapture {
  readonly base: Base | undefined;
  readonly run: Run;
  readonly pageSize: number;
}

async function* captureDirectory(
  capture: MemoryCapture,
  path: Path,
  node: MemoryDirectory,
): AsyncGenerator<CapturedDirectory, void> {
  throwIfInterrupted(capture.run);
  const metadata = path.length === 0 ? undefined : metadataOf(node);
  if (node.fault !== undefined) {
    const base = await capture.base?.directory(path, capture.run);
    yield { path, metadata, listing: { kind: 'carried', base, fault: node.fault } };
    return;
  }
  for (const { name, node: child } of sorted(node)) {
    if (child.kind === 'directory') yield* captureDirectory(capture, [...path, name], child);
  }
  yield { path, metadata, listing: { kind: 'listed', pages: listPages(capture, path, node) } };
}

async function* listPages(
  { base, run, pageSize }: MemoryCapture,
  path: Path,
  node: MemoryDirectory,
): AsyncGenerator<readonly Child[]> {
  const known = new Map<ByteString, BaseEntry>();
  for await (const page of base?.children(path, run) ?? [])
    for (const entry of page) known.set(entry.entry.name, entry);
  const children = sorted(node).map(({ name, node: child }) => childOf(name, child, known.get(name)));
  for (let at = 0; at < children.length; at += pageSize) {
    throwIfInterrupted(run);
    yield children.slice(at, at + pageSize);
  }
}

const childOf = (name: ByteString, node: MemoryNode, base: BaseEntry | undefined): Child => {
  if (node.kind === 'directory') return { kind: 'directory', name };
  if (node.kind === 'file' && node.fault !== undefined) return { kind: 'carried', name, base, fault: node.fault };
  const entry: Entry = { name, ...metadataOf(node) };
  const isSame = base?.held === true && entry.mtime === base.entry.mtime && entry.size === base.entry.size;
  if (isSame && entry.type === base.entry.type && entry.linkTarget === base.entry.linkTarget) {
    return { kind: 'same', entry, base, action: 'unchanged' };
  }
  return {
    kind: 'fresh',
    entry,
    content: node.kind === 'file' ? { kind: 'delivered', key: node } : { kind: 'none' },
    action: base === undefined ? 'new' : 'changed',
  };
};

const isMemoryFile = (key: unknown): key is MemoryFile =>
  typeof key === 'object' && key !== null && 'kind' in key && key.kind === 'file' && 'content' in key;

/** In order of position whatever was asked for. */
async function* deliver(
  requests: readonly ReadRequest[],
  { deliveryBytes, run }: { readonly deliveryBytes: number; readonly run: Run },
): AsyncGenerator<Delivery, void> {
  for (const [request, { content }] of requests.entries()) {
    if (content.kind !== 'delivered' || !isMemoryFile(content.key)) {
      const verdict: Verdict = { kind: 'complete', bytes: 0 };
      yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict }] };
      continue;
    }
    const { bytes, verdict } = reading(content.key);
    for (let position = 0; position < bytes.length; position += deliveryBytes) {
      throwIfInterrupted(run);
      // A copy: the receiver owns it.
      const part = bytes.slice(position, position + deliveryBytes);
      const piece: Piece = { request, position, start: 0, length: part.length };
      yield { bytes: part, pieces: [piece], verdicts: [] };
    }
    throwIfInterrupted(run);
    yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict }] };
  }
}

const reading = ({ content, ending = 'complete' }: MemoryFile): { bytes: Uint8Array; verdict: Verdict } => {
  const half = content.subarray(0, content.length >> 1);
  switch (ending) {
    case 'complete':
      return { bytes: content, verdict: { kind: 'complete', bytes: content.length } };
    case 'changed':
      return { bytes: half, verdict: { kind: 'changed', bytes: half.length } };
    case 'gone':
      return { bytes: half.subarray(0, 0), verdict: { kind: 'gone' } };
    case 'failed':
      return { bytes: half, verdict: { kind: 'failed', fault: new Fault('io-failed', 'the content cannot be read') } };
  }
};

const nodeAt = (root: MemoryDirectory, path: Path): MemoryNode | undefined => {
  let node: MemoryNode | undefined = root;
  for (const name of path) {
    if (node?.kind !== 'directory') return undefined;
    node = Object.entries(node.children).find(([child]) => byteStringOfText(child) === name)?.[1];
  }
  return node;
};

const relocated = (node: MemoryNode | undefined, entry: Entry): FreshChild | undefined => {
  if (node?.kind !== 'file' || node.relocated === undefined) return undefined;
  const found = memoryFile(node.relocated);
  return {
    kind: 'fresh',
    entry: { ...entry, size: found.content.length },
    content: { kind: 'delivered', key: found },
    action: 'changed',
  };
};
