import type { ByteString } from '../../../model/byte-string.ts';
import type { Entry, EntryType } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { JsonProblem } from './json-cursor.ts';
import { NodeScanner } from './node-scanner.ts';
import { localOffsetMinutes } from './time-format.ts';
import { modeOfGo, type TreeNode } from './tree-format.ts';

/** What a node refers to. The object and its views are only valid during the call that hands them over. */
export interface TreeReference {
  readonly name: ByteString;
  readonly type: EntryType;
  /** Bytes of a file, as the node says. */
  readonly size: number;
  readonly subtree: Uint8Array | undefined;
  /** 32 bytes an id. */
  readonly content: Uint8Array | undefined;
}

const damagedTree = (reason: string, offset: number, cause?: unknown): Fault =>
  new Fault('tree-damaged', `a tree is damaged: ${reason}, at byte ${offset}`, {
    hint: 'See what `mailkeep check` says of the repository; other snapshots may hold a sound copy.',
    context: { offset },
    ...(cause === undefined ? {} : { cause }),
  });

/** Foreign problems as a Fault `tree-damaged`; anything else as it is. */
export const asTreeFault = (thrown: unknown): unknown =>
  thrown instanceof JsonProblem ? damagedTree(thrown.message, thrown.offset, thrown) : thrown;

/** What is wrong with a name, if anything. */
export const problemOfName = (name: ByteString): string | undefined => {
  if (name === '') return 'a name is empty';
  if (name === '.' || name === '..') return `a name is ${name}`;
  if (name.includes('/')) return 'a name holds a slash';
  return name.includes('\0') ? 'a name holds a zero byte' : undefined;
};

const offsetsOf = ({ mtime, atime, ctime }: NodeScanner): TreeNode['offsets'] => {
  const isLocal =
    mtime.offsetMinutes === localOffsetMinutes(mtime.nanoseconds) &&
    atime.offsetMinutes === localOffsetMinutes(atime.nanoseconds) &&
    ctime.offsetMinutes === localOffsetMinutes(ctime.nanoseconds);
  return isLocal ? undefined : [mtime.offsetMinutes, atime.offsetMinutes, ctime.offsetMinutes];
};

const entryOf = (scanner: NodeScanner, name: ByteString, type: EntryType): Entry => {
  const { linkTarget, device, extendedAttributes } = scanner;
  const mtime = scanner.mtime.nanoseconds;
  const atime = scanner.atime.nanoseconds;
  const entry: Entry = {
    name,
    type,
    mode: modeOfGo(scanner.mode ?? 0),
    mtime,
    atime: atime === mtime ? mtime : atime,
    ctime: scanner.ctime.nanoseconds,
    uid: scanner.uid,
    gid: scanner.gid,
    user: scanner.user,
    group: scanner.group,
    inode: scanner.inode,
    deviceId: scanner.deviceId,
    size: scanner.size,
    links: scanner.links,
  };
  if (linkTarget === undefined && device === undefined && extendedAttributes === undefined) return entry;
  return {
    ...entry,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device }),
    ...(extendedAttributes === undefined ? {} : { extendedAttributes }),
  };
};

const namedType = (scanner: NodeScanner): { readonly name: ByteString; readonly type: EntryType } => {
  const { name, type } = scanner;
  if (name === undefined) throw damagedTree('a node has no name', scanner.start);
  if (type === undefined) throw damagedTree('a node has no type', scanner.start);
  const problem = problemOfName(name);
  if (problem !== undefined) throw damagedTree(problem, scanner.start);
  return { name, type };
};

const treeNodeOf = (scanner: NodeScanner): TreeNode => {
  const { name, type } = namedType(scanner);
  const offsets = offsetsOf(scanner);
  const { passedThrough } = scanner;
  const node: TreeNode = {
    entry: entryOf(scanner, name, type),
    content: scanner.hasContent ? scanner.contentView.slice() : undefined,
    subtree: scanner.hasSubtree ? scanner.subtree.slice() : undefined,
  };
  if (offsets === undefined && passedThrough === undefined) return node;
  return {
    ...node,
    ...(passedThrough === undefined ? {} : { passedThrough }),
    ...(offsets === undefined ? {} : { offsets }),
  };
};

const nextNode = (scanner: NodeScanner): TreeNode | undefined => {
  try {
    return scanner.next() ? treeNodeOf(scanner) : undefined;
  } catch (thrown) {
    throw asTreeFault(thrown);
  }
};

/**
 * Reads a tree node by node, in the order in which they stand (which `validateTree` checks, this does not). Any JSON is
 * accepted that restic accepts; members that are not modelled go to `passedThrough`. A missing time is that of year 1,
 * as in Go. Fault `tree-damaged` with what is wrong and where, after the sound nodes before it.
 */
export const readTree = (json: Uint8Array, onNode: (node: TreeNode) => void | 'stop'): void => {
  const scanner = new NodeScanner(json);
  for (let node = nextNode(scanner); node !== undefined; node = nextNode(scanner)) {
    if (onNode(node) === 'stop') return;
  }
};

/** As `readTree`, in pages of at most `pageSize` nodes; none is empty. */
export function* readTreePages(json: Uint8Array, pageSize: number): Generator<TreeNode[], void> {
  const scanner = new NodeScanner(json);
  let page: TreeNode[] = [];
  for (let node = nextNode(scanner); node !== undefined; node = nextNode(scanner)) {
    page.push(node);
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

export interface TreeVisitor {
  node(reference: TreeReference): void | 'stop';
}

/** Passes over a tree for what it refers to, without times, owners and attributes. Fault `tree-damaged`. */
export const subtreesAndContents = (json: Uint8Array, visitor: TreeVisitor): void => {
  const scanner = new NodeScanner(json);
  const nextReference = (): boolean => {
    try {
      return scanner.nextReference();
    } catch (thrown) {
      throw asTreeFault(thrown);
    }
  };
  while (nextReference()) {
    const { name, type } = namedType(scanner);
    const content = scanner.hasContent ? scanner.contentView : undefined;
    const subtree = scanner.hasSubtree ? scanner.subtree : undefined;
    if (visitor.node({ name, type, size: scanner.size, subtree, content }) === 'stop') return;
  }
};
