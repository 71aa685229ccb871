import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import type { BrowsableSnapshot, StoredFolder } from '../contract/browse.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import type { StoredSnapshot } from '../contract/store.ts';
import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import { type LensOptions, presentedSource, presentSnapshot } from '../operation/lens/presented-snapshot.ts';
import { createSnapshotOpener } from '../store/restic/read/browsed-repository.ts';
import type { ListedNode } from '../store/restic/read/tree-listing.ts';
import type { Repository } from '../store/restic/repository.ts';
import type { CommandContext } from './context.ts';

export interface StoredOptions {
  /** The files of a snapshot as they lie in the repository, not the Maildir that they stand for. */
  readonly stored: boolean;
}

export const addStoredOption = (command: Command): Command =>
  command.option('--stored', 'mail of an account as it lies in the repository, not as a Maildir', false);

export const lensOptions = ({ messages }: CommandContext): LensOptions => ({
  newHash: () => createHash('sha256'),
  tooManyKeywords: messages.tooManyKeywords,
});

/** A snapshot's mail as a Maildir; undefined for one that has nothing to be presented, and when it is wanted as stored. */
export type Present = (id: string, run: Run) => Promise<BrowsableSnapshot | undefined>;

export const presenter = (repository: Repository, { stored }: StoredOptions, context: CommandContext): Present => {
  if (stored) return async () => undefined;
  const open = createSnapshotOpener(repository);
  return async (id, run) => {
    const snapshot = await open(id, run);
    const presented = await presentSnapshot(snapshot, lensOptions(context), run);
    return presented === snapshot ? undefined : presented;
  };
};

/** A snapshot, or a folder of it, as a source. Fault `path-missing`. */
export const openPresented = async (
  repository: Repository,
  { id, folder, present }: { readonly id: string; readonly folder: Path; readonly present: Present },
  run: Run,
): Promise<StoredSnapshot> => {
  const presented = await present(id, run);
  if (presented === undefined) return repository.open(id, run, folder);
  return presentedSource(presented, await repository.open(id, run), folder, run);
};

/** All nodes of a presented tree in the order of `listNodes`. */
export async function* listPresented(
  folder: StoredFolder,
  { prefix, enter }: { readonly prefix: ByteString; readonly enter: (listed: ListedNode) => boolean },
  run: Run,
): AsyncGenerator<readonly ListedNode[], void> {
  for await (const children of folder.children(run)) {
    throwIfInterrupted(run);
    let page: ListedNode[] = [];
    for (const { entry, folder: below, content } of children) {
      const path = byteStringOfLatin1(`${prefix}/${entry.name}`);
      const ids = content.kind === 'delivered' && content.key instanceof Uint8Array ? content.key : undefined;
      const listed = { path, node: { entry, content: ids, subtree: below === undefined ? undefined : noTree } };
      page.push(listed);
      if (below === undefined || !enter(listed)) continue;
      yield page;
      page = [];
      yield* listPresented(below, { prefix: path, enter }, run);
    }
    yield page;
  }
}

/** A presented folder has no tree of its own. */
const noTree = new Uint8Array(0);
