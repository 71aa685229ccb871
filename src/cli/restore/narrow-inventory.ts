import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import type { Target } from '../../contract/target.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { createFilesSource } from '../../protocol/files/files-source.ts';
import type { Posix } from '../../system/posix.ts';

export interface NarrowOptions {
  /** Of the target; absolute. */
  readonly directory: ByteString;
  readonly posix: Posix | undefined;
}

/**
 * The target with an inventory that goes into no folder that the source does not have: a verification must not walk
 * through all else that lies at the target, which may be the root of the system.
 */
export const narrowInventory = (target: Target, source: Source, { directory, posix }: NarrowOptions): Target => ({
  ...target,
  capture: async function* (base, run) {
    const known = await foldersOf(source, run);
    const below = directory === '/' ? 1 : directory.length + 1;
    const inventory = createFilesSource({
      paths: [byteStringOfLatin1('.')],
      workingDirectory: directory,
      posix,
      filter: (file, { type }) => type !== 'directory' || known.has(file.slice(below)),
    });
    yield* inventory.capture(base, run);
  },
});

const foldersOf = async (source: Source, run: Run): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  for await (const { path, listing } of source.capture(undefined, run)) {
    found.add(path.join('/'));
    if (listing.kind !== 'listed') continue;
    const pages = listing.pages[Symbol.asyncIterator]();
    while ((await pages.next()).done !== true);
  }
  return found;
};
