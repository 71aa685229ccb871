import type { CapturedDirectory, Child } from '../contract/source.ts';
import { compareWalkOrder, isWithin } from '../model/compare.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import { Fault } from '../model/fault.ts';

/** The directories of a source one at a time, in the order of `compareWalkOrder`. */
export interface OrderedWalk {
  /** The next directory without taking it; undefined at the end. */
  peek(): Promise<CapturedDirectory | undefined>;
  /**
   * Names in the directory peeked at that could not be looked at, and may be directories. Keeps its listing in memory
   * until it is taken.
   */
  carriedNames(): Promise<ReadonlySet<ByteString>>;
  /** Goes on. The pages of the directory that was peeked at were taken to their end. */
  advance(): void;
  close(): Promise<void>;
}

export const createOrderedWalk = (directories: AsyncIterable<CapturedDirectory>, description: string): OrderedWalk => {
  const iterator = ordered(directories, description)[Symbol.asyncIterator]();
  let next: Promise<CapturedDirectory | undefined> | undefined;
  let carried: ReadonlySet<ByteString> | undefined;
  const take = async (): Promise<CapturedDirectory | undefined> => {
    const result = await iterator.next();
    return result.done === true ? undefined : result.value;
  };
  return {
    peek: async () => await (next ??= take()),
    carriedNames: async () => {
      if (carried !== undefined) return carried;
      const directory = await (next ??= take());
      if (directory === undefined) return none;
      const { directory: whole, children } = await kept(directory);
      next = Promise.resolve(whole);
      carried = new Set(children.flatMap((child) => (child.kind === 'carried' ? [child.name] : [])));
      return carried;
    },
    advance: () => {
      next = undefined;
      carried = undefined;
    },
    close: async () => {
      await iterator.return?.();
    },
  };
};

/**
 * A Maildir's `new` may be walked before its `cur`, because messages move in that direction. So what lies in a `new` is
 * held back (it is little, in a Maildir) until it is known that no `cur` follows.
 */
async function* ordered(
  directories: AsyncIterable<CapturedDirectory>,
  description: string,
): AsyncGenerator<CapturedDirectory, void> {
  let held: CapturedDirectory[] = [];
  let root: Path | undefined;
  let last: Path | undefined;
  const inOrder = (directory: CapturedDirectory): CapturedDirectory => {
    if (last !== undefined && compareWalkOrder(last, directory.path) >= 0)
      throw outOfOrder(description, directory.path);
    last = directory.path;
    return directory;
  };
  for await (const directory of directories) {
    const { path } = directory;
    if (root !== undefined && !isWithin(path, root) && !isWithin(path, [...root.slice(0, -1), curName])) {
      for (const one of sorted(held)) yield inOrder(one);
      held = [];
      root = undefined;
    }
    const at = path.findIndex((name) => name === 'new');
    if (root === undefined && at >= 0) root = path.slice(0, at + 1);
    if (root !== undefined && isWithin(path, root)) held.push((await kept(directory)).directory);
    else yield inOrder(directory);
  }
  for (const one of sorted(held)) yield inOrder(one);
}

const curName = byteStringOfLatin1('cur');

const sorted = (directories: readonly CapturedDirectory[]): CapturedDirectory[] =>
  directories.toSorted((left, right) => compareWalkOrder(left.path, right.path));

interface Kept {
  readonly directory: CapturedDirectory;
  readonly children: readonly Child[];
}

/** With its children in memory, so that the walk can go on. */
const kept = async (directory: CapturedDirectory): Promise<Kept> => {
  const { listing } = directory;
  if (listing.kind !== 'listed') return { directory, children: [] };
  const pages: (readonly Child[])[] = [];
  for await (const page of listing.pages) pages.push(page);
  return { directory: { ...directory, listing: { kind: 'listed', pages: inMemory(pages) } }, children: pages.flat() };
};

async function* inMemory(pages: readonly (readonly Child[])[]): AsyncGenerator<readonly Child[], void> {
  yield* pages;
}

const none: ReadonlySet<ByteString> = new Set();

const outOfOrder = (description: string, path: Path): Fault =>
  new Fault('internal', `${description} was not walked in order`, {
    context: { directory: path.map((name) => displayText(name)).join('/') },
  });
