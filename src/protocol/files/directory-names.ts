import { type Dirent, readdirSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';

export interface DirectoryNames {
  /** In byte order, each once. */
  readonly names: readonly ByteString[];
  /** Which of them were directories when the directory was read. */
  readonly directories: ReadonlySet<ByteString>;
}

/**
 * Reads a directory in one go, which is also what misses the fewest names while others are renamed. Throws the system's
 * error. Memory: the names, about 100 bytes for each.
 */
export const readDirectoryNames = (directory: ByteString): DirectoryNames => {
  const path = Buffer.from(directory, 'latin1');
  const names: ByteString[] = [];
  const directories = new Set<ByteString>();
  for (const { entry, latin1 } of entriesOf(path)) {
    const name = byteStringOfLatin1(latin1);
    names.push(name);
    if (entry.isDirectory()) directories.add(name);
  }
  // The default order is by UTF-16 unit, which for byte strings is byte order.
  names.sort();
  return { names: withoutRepeats(names), directories };
};

type Found = { readonly entry: { isDirectory(): boolean }; readonly latin1: string };

const entriesOf = function* (path: Buffer): Iterable<Found> {
  let entries: Dirent[] | undefined;
  try {
    entries = readdirSync(path, { encoding: 'latin1', withFileTypes: true });
  } catch (error) {
    // Node stumbles here over file systems that do not tell types in listings, and over nothing else of this kind.
    if (!(error instanceof TypeError)) throw error;
  }
  if (entries !== undefined) {
    for (const entry of entries) yield { entry, latin1: entry.name };
    return;
  }
  for (const entry of readdirSync(path, { encoding: 'buffer', withFileTypes: true })) {
    yield { entry, latin1: entry.name.toString('latin1') };
  }
};

/** A directory that changes while it is read may give a name twice. */
const withoutRepeats = (sorted: readonly ByteString[]): readonly ByteString[] => {
  const repeated = sorted.some((name, at) => at > 0 && sorted[at - 1] === name);
  return repeated ? sorted.filter((name, at) => at === 0 || sorted[at - 1] !== name) : sorted;
};
