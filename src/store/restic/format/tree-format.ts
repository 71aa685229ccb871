import type { Entry, EntryType } from '../../../model/entry.ts';

/** A node of a tree: an entry and what the repository holds of it. */
export interface TreeNode {
  readonly entry: Entry;
  /** Ids of the data blobs, 32 bytes each, one after another. Empty for an empty file; undefined is JSON's null. */
  readonly content: Uint8Array | undefined;
  /** The id of a directory's own tree, 32 bytes. */
  readonly subtree: Uint8Array | undefined;
  /** Members that are not modelled (`generic_attributes`, `error`, newer ones), as raw JSON with commas between. */
  readonly passedThrough?: string;
  /**
   * Minutes east of UTC in which mtime, atime and ctime were recorded; absent where all are this machine's own at that
   * time. Kept so that a tree made elsewhere keeps its id when it is written again.
   */
  readonly offsets?: readonly [mtime: number, atime: number, ctime: number];
}

/** What restic calls the types. */
export const nodeTypeNames: Readonly<Record<EntryType, string>> = {
  file: 'file',
  directory: 'dir',
  symlink: 'symlink',
  'block-device': 'dev',
  'character-device': 'chardev',
  fifo: 'fifo',
  socket: 'socket',
  irregular: 'irregular',
};

const entryTypes: readonly EntryType[] = [
  'file',
  'directory',
  'symlink',
  'block-device',
  'character-device',
  'fifo',
  'socket',
  'irregular',
];

const typesByName = new Map(entryTypes.map((type) => [nodeTypeNames[type], type]));

/** The type of a node's `type`; undefined for one that is not known. */
export const entryTypeOf = (nodeType: string): EntryType | undefined => typesByName.get(nodeType);

// Bits of Go's FileMode.
const bit = (number: number): number => 2 ** number;
const setuid = bit(23);
const setgid = bit(22);
const sticky = bit(20);

const typeBits: Readonly<Record<EntryType, number>> = {
  file: 0,
  directory: bit(31),
  symlink: bit(27),
  'block-device': bit(26),
  'character-device': bit(26) + bit(21),
  fifo: bit(25),
  socket: bit(24),
  irregular: bit(19),
};

/** Go's FileMode, which restic stores: the type, and the lower 12 bits of `st_mode` in its own places. */
export const goModeOf = (type: EntryType, mode: number): number =>
  typeBits[type] +
  (mode & 0o777) +
  (mode & 0o4000 ? setuid : 0) +
  (mode & 0o2000 ? setgid : 0) +
  (mode & 0o1000 ? sticky : 0);

/** The lower 12 bits of `st_mode` of a FileMode. */
export const modeOfGo = (goMode: number): number =>
  (goMode & 0o777) | (goMode & setuid ? 0o4000 : 0) | (goMode & setgid ? 0o2000 : 0) | (goMode & sticky ? 0o1000 : 0);

/** The type of a FileMode, as `goModeOf` would write it. */
export const goTypeBits = (type: EntryType): number => typeBits[type];

/** All bits of a FileMode that say the type, as a signed 32-bit number. */
export const goTypeBitsMask = (bit(31) + bit(27) + bit(26) + bit(25) + bit(24) + bit(21) + bit(19)) | 0;
