import { type ByteString, byteStringOfText } from './byte-string.ts';

/** A tree of folders, as a search goes through it. */
export interface FolderTree<Place> {
  /** The folders in one, by name. Throws when it cannot be read. */
  folders(place: Place): Promise<ReadonlyMap<ByteString, Place>>;
  /** By which equal folders are told, to be looked into once; undefined: each is another. */
  key(place: Place): string | undefined;
}

/** Whether a folder has what is looked for, directly below it. */
type Look<Place> = (folders: ReadonlyMap<ByteString, Place>, tree: FolderTree<Place>) => Promise<boolean>;

/** What a mailbox is known by in a tree. */
export type FolderPattern =
  /** From the root. */
  | { readonly kind: 'path'; readonly names: readonly ByteString[] }
  /** At any depth. */
  | { readonly kind: 'anywhere'; readonly names: readonly ByteString[] }
  | { readonly kind: 'address'; readonly address: string };

const namesOf = (path: string): readonly ByteString[] =>
  path
    .split('/')
    .filter((name) => name !== '')
    .map(byteStringOfText);

/** `/mail/example.com/alice` from the root, `example.com/alice` anywhere, `alice@example.com` as mail servers lay it out. */
export const parseFolderPattern = (text: string): FolderPattern => {
  if (text.startsWith('/')) return { kind: 'path', names: namesOf(text) };
  if (/^[^/@]+@[^/@]+$/.test(text)) return { kind: 'address', address: lowerAscii(text) };
  return { kind: 'anywhere', names: namesOf(text) };
};

const leadsTo = async <Place>(
  first: ReadonlyMap<ByteString, Place>,
  names: readonly ByteString[],
  tree: FolderTree<Place>,
): Promise<boolean> => {
  let folders = first;
  for (const [at, name] of names.entries()) {
    const place = folders.get(name);
    if (place === undefined) return false;
    if (at < names.length - 1) folders = await tree.folders(place);
  }
  return names.length > 0;
};

const [cur, fresh] = [byteStringOfText('cur'), byteStringOfText('new')];

/** In a Maildir lies mail, and in a block of a direct account: no mailbox of anybody else. */
const isMail = (folders: ReadonlyMap<ByteString, unknown>): boolean => folders.has(cur) && folders.has(fresh);
const isBlock = (name: ByteString): boolean => /^\d+\.\d{7}$/.test(name);

/** Looks below a folder and all in it. Damage is the caller's to judge. */
const anywhere = async <Place>(
  place: Place,
  look: Look<Place>,
  tree: FolderTree<Place>,
  seen: Map<string, boolean>,
): Promise<boolean> => {
  const key = tree.key(place);
  const known = key === undefined ? undefined : seen.get(key);
  if (known !== undefined) return known;
  const folders = await tree.folders(place);
  let found = await look(folders, tree);
  if (!found && !isMail(folders)) {
    for (const [name, inner] of folders) {
      if (isBlock(name)) continue;
      found = await anywhere(inner, look, tree, seen);
      if (found) break;
    }
  }
  if (key !== undefined) seen.set(key, found);
  return found;
};

/** Letters of ASCII in lower case; other bytes are no letters to an address. */
export const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** `example.com/alice`, `example.com/a/l/i/alice-2025.11.07.10.00.00` (iRedMail), or a folder that is named as the address. */
const addressLook = <Place>(address: string): Look<Place> => {
  const at = address.lastIndexOf('@');
  const [whole, local, domain] = [address, address.slice(0, at), address.slice(at + 1)].map(byteStringOfText);
  const isLocal = (name: string): boolean =>
    local !== undefined && name.startsWith(local) && /^(?:$|-\d{4}\.)/.test(name.slice(local.length));
  const hasLocal: Look<Place> = async (folders) => [...folders.keys()].some((name) => isLocal(lowerAscii(name)));
  return async (folders, tree) => {
    for (const [name, place] of folders) {
      const text = lowerAscii(name);
      if (text === whole) return true;
      if (text === domain && (await anywhere(place, hasLocal, tree, new Map()))) return true;
    }
    return false;
  };
};

/** Answers for one pattern, in many trees that have most of their folders in common. Throws what reading says. */
export const createFolderSearch = <Place>(
  pattern: FolderPattern,
  tree: FolderTree<Place>,
): ((root: Place) => Promise<boolean>) => {
  const seen = new Map<string, boolean>();
  switch (pattern.kind) {
    case 'path':
      return async (root) => leadsTo(await tree.folders(root), pattern.names, tree);
    case 'anywhere':
      return (root) => anywhere(root, (folders) => leadsTo(folders, pattern.names, tree), tree, seen);
    case 'address':
      return (root) => anywhere(root, addressLook<Place>(pattern.address), tree, seen);
  }
};
