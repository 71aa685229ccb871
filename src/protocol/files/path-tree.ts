import { posix } from 'node:path';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';

/**
 * What is to be captured, as a tree of names. A path `/srv/mail` becomes the directories `srv` and `mail`; a relative
 * one likewise, without its leading `..`. The shape is restic's (internal/archiver/tree.go), so that both make the same
 * snapshot of the same command.
 */
export interface PathNode {
  /** Set where all of what lies there is captured; otherwise only `children`, as a directory on the way. */
  path: ByteString | undefined;
  /** Where the metadata of a directory on the way comes from. */
  way: ByteString | undefined;
  readonly children: Map<ByteString, PathNode>;
  /** In which directory the first name was looked for: two of different origin do not share a node. */
  readonly origin: ByteString;
}

const join = (directory: ByteString, name: ByteString): ByteString => byteStringOfLatin1(posix.join(directory, name));

const resolve = (from: ByteString, path: ByteString): ByteString => (path.startsWith('/') ? path : join(from, path));

/** Without `.`, `//`, inner `..` and the `/` at the end. */
export const cleanPath = (path: ByteString): ByteString => {
  const clean = posix.normalize(path);
  return byteStringOfLatin1(clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean);
};

/** Names from the root downwards; a relative path loses its leading `..`. Empty for `/`, `.`, `..`, `../..`. */
export const namesOf = (path: ByteString): readonly ByteString[] =>
  posix
    .normalize(posix.join('/', path))
    .split('/')
    .filter((name) => name !== '')
    .map((name) => byteStringOfLatin1(name));

const originOf = (path: ByteString): ByteString => {
  if (path.startsWith('/')) return byteStringOfLatin1('/');
  const up = path.split('/').filter((name) => name === '..');
  return byteStringOfLatin1(up.length === 0 ? '.' : up.join('/'));
};

const createNode = (origin: ByteString): PathNode => ({
  path: undefined,
  way: undefined,
  children: new Map(),
  origin,
});

/**
 * The root of the tree of all paths. A path without names (`/`, `.`) makes the root itself a captured directory.
 * `path` and `way` of the nodes are absolute; relative paths begin in `workingDirectory`.
 */
export const planPaths = (paths: readonly ByteString[], workingDirectory: ByteString): PathNode => {
  const root = createNode(byteStringOfLatin1(''));
  for (const path of new Set(paths.map(cleanPath))) addPath(root, path, workingDirectory);
  for (const node of root.children.values()) {
    const shared = root.path === undefined || resolve(workingDirectory, node.origin) === root.path;
    if (!shared) throw noCommonRoot(root.path ?? node.origin, node.path ?? node.origin);
  }
  return root;
};

/** A tree whose root has each of these places under a name of its own. The places are absolute. */
export const namePaths = (places: ReadonlyMap<ByteString, ByteString>): PathNode => {
  const origin = byteStringOfLatin1('/');
  const root = createNode(byteStringOfLatin1(''));
  for (const [name, place] of places) root.children.set(name, { ...createNode(origin), path: cleanPath(place) });
  return root;
};

const noCommonRoot = (one: ByteString, other: ByteString): Fault =>
  new Fault('usage', `${displayText(one)} and ${displayText(other)} do not fit into one snapshot`, {
    hint: 'Give them in two commands, or give folders inside them.',
  });

const addPath = (root: PathNode, path: ByteString, workingDirectory: ByteString): void => {
  const names = namesOf(path);
  const [first, ...rest] = names;
  if (first === undefined) {
    const place = resolve(workingDirectory, path);
    if (root.path !== undefined && root.path !== place) throw noCommonRoot(root.path, place);
    root.path = place;
    return;
  }
  const origin = originOf(path);
  let node = firstNode(root, first, origin);
  let place = join(resolve(workingDirectory, origin), first);
  for (const name of rest) {
    node.way = place;
    let next = node.children.get(name);
    if (next === undefined) node.children.set(name, (next = createNode(origin)));
    node = next;
    place = join(place, name);
  }
  node.path = place;
};

/** Under its own name, or `name-1`, `name-2` … where that name belongs to another origin. */
const firstNode = (root: PathNode, name: ByteString, origin: ByteString): PathNode => {
  for (let number = 0; ; number++) {
    const key = number === 0 ? name : byteStringOfLatin1(`${name}-${String(number)}`);
    const known = root.children.get(key);
    if (known?.origin === origin) return known;
    if (known === undefined) {
      const node = createNode(origin);
      root.children.set(key, node);
      return node;
    }
  }
};
