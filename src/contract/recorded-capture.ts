import assert from 'node:assert/strict';
import { byteStringOfLatin1, type ByteString } from '../model/byte-string.ts';
import {
  addCounts,
  type Counts,
  type Entry,
  type Metadata,
  type Nanoseconds,
  noCounts,
  type Path,
} from '../model/entry.ts';
import { Fault } from '../model/fault.ts';
import type { Base, BaseDirectory, BaseEntry, Child, Listing, Source } from './source.ts';
import type { Run } from './run.ts';

/** For tests: a capture taken to its end, checked against the contract on the way. */
export interface RecordedCapture {
  /** By path joined with `/`; the root is ''. In the order of the capture. */
  readonly directories: ReadonlyMap<string, RecordedDirectory>;
  /** The child of this path, wherever it is listed. */
  child(path: string): Child | undefined;
  /** Paths of all children, in the order of a tree. */
  paths(): readonly string[];
}

export interface RecordedDirectory {
  readonly path: Path;
  readonly metadata: Metadata | undefined;
  readonly listing:
    | Exclude<Listing, { kind: 'listed' }>
    | { readonly kind: 'listed'; readonly children: readonly Child[]; readonly look: string | undefined };
}

const keyOf = (path: Path): string => path.join('/');
export const nameOf = (child: Child): ByteString =>
  child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;

/** Captures and records. Fails as an assertion where the source breaks the order that the contract promises. */
export const recordCapture = async (source: Source, base: Base | undefined, run: Run): Promise<RecordedCapture> => {
  const directories = new Map<string, RecordedDirectory>();
  const unnamed = new Set<string>();
  for await (const { path, metadata, listing } of source.capture(base, run)) {
    const key = keyOf(path);
    assert.ok(!directories.has(''), `${key} comes after the root`);
    assert.ok(!directories.has(key), `${key} comes twice`);
    if (path.length > 0) assert.ok(metadata !== undefined, `${key} has metadata`);
    if (listing.kind === 'listed') {
      const children = await childrenOf(listing.pages, key);
      for (const child of children) {
        if (child.kind !== 'directory') continue;
        const below = keyOf([...path, child.name]);
        assert.ok(unnamed.delete(below), `${below} is named before it came, or twice`);
      }
      directories.set(key, { path, metadata, listing: { kind: 'listed', children, look: listing.look?.() } });
    } else {
      directories.set(key, { path, metadata, listing });
      if (listing.kind === 'carried')
        for (const below of unnamed) if (below.startsWith(`${key}/`)) unnamed.delete(below);
    }
    if (key !== '') unnamed.add(key);
  }
  assert.ok(directories.has(''), 'the root comes');
  assert.deepEqual([...unnamed], [], 'every directory is named by the one above it');
  return createRecording(directories);
};

const childrenOf = async (pages: AsyncIterable<readonly Child[]>, key: string): Promise<Child[]> => {
  const children: Child[] = [];
  for await (const page of pages) {
    for (const child of page) {
      const last = children.at(-1);
      const name = nameOf(child);
      if (last !== undefined) assert.ok(nameOf(last) < name, `in ${key}, ${name} comes after ${nameOf(last)}`);
      assert.ok(name !== '' && name !== '.' && name !== '..' && !name.includes('/'), `${name} is a name`);
      children.push(child);
    }
  }
  return children;
};

const createRecording = (directories: ReadonlyMap<string, RecordedDirectory>): RecordedCapture => {
  const childrenAt = (key: string): readonly Child[] => {
    const listing = directories.get(key)?.listing;
    return listing?.kind === 'listed' ? listing.children : [];
  };
  const pathsBelow = (key: string): string[] =>
    childrenAt(key).flatMap((child) => {
      const path = key === '' ? nameOf(child) : `${key}/${nameOf(child)}`;
      return child.kind === 'directory' ? [path, ...pathsBelow(path)] : [path];
    });
  return {
    directories,
    child: (path) => {
      const at = path.lastIndexOf('/');
      return childrenAt(at < 0 ? '' : path.slice(0, at)).find((child) => nameOf(child) === path.slice(at + 1));
    },
    paths: () => pathsBelow(''),
  };
};

export interface BaseOptions {
  readonly scannedAt: Nanoseconds;
  /** What the recording was captured against: it has what the recording took over. */
  readonly previous?: Base;
  /** Whether the store still has the content of this path; default yes. */
  readonly held?: (path: string) => boolean;
}

/** The base that a store would give after it had kept this capture. */
export const baseOf = async (recording: RecordedCapture, options: BaseOptions, run: Run): Promise<Base> => {
  const { previous, held = () => true } = options;
  const children = new Map<string, readonly BaseEntry[]>();
  const metadata = new Map<string, Metadata | undefined>();
  const looks = new Map<string, string>();
  const takeOver = async (from: Base, path: Path, own: Metadata | undefined): Promise<void> => {
    const entries = (await Array.fromAsync(from.children(path, run))).flat();
    children.set(keyOf(path), entries);
    metadata.set(keyOf(path), own);
    const look = (await from.directory(path, run))?.look;
    if (look !== undefined) looks.set(keyOf(path), look);
    for (const { entry } of entries) if (entry.type === 'directory') await takeOver(from, [...path, entry.name], entry);
  };
  for (const [key, directory] of recording.directories) {
    metadata.set(key, directory.metadata);
    if (directory.listing.kind === 'listed') {
      if (directory.listing.look !== undefined) looks.set(key, directory.listing.look);
      const entries = directory.listing.children.map((child) => baseEntryOf(child, { key, recording, held }));
      children.set(
        key,
        entries.filter((entry) => entry !== undefined),
      );
    } else if (previous !== undefined) await takeOver(previous, directory.path, directory.metadata);
    else children.set(key, []);
  }
  return createRecordedBase({ children, metadata, looks, scannedAt: options.scannedAt, held });
};

const baseEntryOf = (
  child: Child,
  { key, recording, held }: { key: string; recording: RecordedCapture; held: (path: string) => boolean },
): BaseEntry | undefined => {
  const path = key === '' ? nameOf(child) : `${key}/${nameOf(child)}`;
  if (child.kind === 'carried') return child.base;
  if (child.kind !== 'directory') return { entry: child.entry, held: held(path), reference: path };
  const metadata = recording.directories.get(path)?.metadata;
  return metadata === undefined
    ? undefined
    : { entry: { name: child.name, ...metadata }, held: held(path), reference: path };
};

interface BaseParts {
  readonly children: ReadonlyMap<string, readonly BaseEntry[]>;
  readonly metadata: ReadonlyMap<string, Metadata | undefined>;
  readonly looks: ReadonlyMap<string, string>;
  readonly scannedAt: Nanoseconds;
  readonly held: (path: string) => boolean;
}

/** Pages of seven, so that their edges are met. */
const basePage = 7;

const createRecordedBase = ({ children, metadata, looks, scannedAt, held }: BaseParts): Base => {
  const countsOf = (key: string): Counts =>
    (children.get(key) ?? []).reduce((sum, { entry }) => addCounts(sum, countOf(entry, key)), noCounts);
  const countOf = (entry: Entry, key: string): Counts => {
    if (entry.type !== 'directory') return { files: 1, directories: 0, bytes: entry.size };
    const below = countsOf(key === '' ? entry.name : `${key}/${entry.name}`);
    return addCounts({ files: 0, directories: 1, bytes: 0 }, below);
  };
  return {
    scannedAt,
    directory: async (path): Promise<BaseDirectory | undefined> => {
      const key = keyOf(path);
      if (!children.has(key)) return undefined;
      const look = looks.get(key);
      return {
        path,
        metadata: metadata.get(key),
        settled: true,
        ...(look === undefined ? {} : { look }),
        held: async () => held(key),
        counts: async () => countsOf(key),
      };
    },
    children: async function* (path) {
      const all = children.get(keyOf(path)) ?? [];
      for (let at = 0; at < all.length; at += basePage) yield all.slice(at, at + basePage);
    },
    contents: () => {
      throw new Fault('internal', 'a recorded base keeps no contents');
    },
  };
};

/** A path written with slashes, as the contract has it. */
export const pathOf = (text: string): Path =>
  text === '' ? [] : text.split('/').map((name) => byteStringOfLatin1(name));
