import type { StoredChild, StoredFolder } from '../../contract/browse.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Base, CapturedDirectory, Child, Source } from '../../contract/source.ts';
import type { Counts, Entry, Path } from '../../model/entry.ts';

/** The folder at a path below; with its own entry, which the root has not. */
export const folderAt = async (
  root: StoredFolder,
  path: Path,
  run: Run,
): Promise<{ readonly folder: StoredFolder; readonly entry: Entry | undefined } | undefined> => {
  let at: { readonly folder: StoredFolder; readonly entry: Entry | undefined } = { folder: root, entry: undefined };
  for (const name of path) {
    const child = await at.folder.child(name, run);
    if (child?.folder === undefined) return undefined;
    at = { folder: child.folder, entry: child.entry };
  }
  return at;
};

/** A tree of folders that are looked up one by one, walked as a source. */
export const captureFolder = (root: StoredFolder): Source['capture'] => {
  async function* pagesOf(folder: StoredFolder, run: Run): AsyncGenerator<readonly Child[], void> {
    for await (const page of folder.children(run)) {
      throwIfInterrupted(run);
      yield page.map(childOf);
    }
  }
  async function* walk(folder: StoredFolder, at: Place, run: Run): AsyncGenerator<CapturedDirectory, void> {
    throwIfInterrupted(run);
    // Folders are few beside messages: only they are kept while those below are walked.
    const below: StoredChild[] = [];
    if (folder.holdsNoFolder !== true) {
      for await (const page of folder.children(run)) below.push(...page.filter((child) => child.folder !== undefined));
    }
    for (const { entry, folder: child } of below) {
      if (child !== undefined) yield* walk(child, { path: [...at.path, entry.name], entry }, run);
    }
    yield { path: at.path, metadata: at.entry, listing: { kind: 'listed', pages: pagesOf(folder, run) } };
  }
  return (_base, run) => walk(root, { path: [], entry: undefined }, run);
};

interface Place {
  readonly path: Path;
  readonly entry: Entry | undefined;
}

const childOf = ({ entry, folder, content }: StoredChild): Child =>
  folder === undefined ? { kind: 'fresh', entry, content, action: 'new' } : { kind: 'directory', name: entry.name };

/** The same tree as what a later capture is compared with; as nothing of it is stored so, all of it is only for looking. */
export const baseOfFolder = (root: StoredFolder): Pick<Base, 'directory' | 'children'> => ({
  async directory(path, run) {
    const found = await folderAt(root, path, run);
    if (found === undefined) return undefined;
    return {
      path,
      metadata: found.entry,
      settled: false,
      held: async () => true,
      counts: (countsRun) => countsOf(found.folder, countsRun),
    };
  },
  async *children(path, run) {
    const found = await folderAt(root, path, run);
    for await (const page of found?.folder.children(run) ?? [])
      yield page.map(({ entry, content }) => ({ entry, held: true, reference: content }));
  },
});

const countsOf = async (folder: StoredFolder, run: Run): Promise<Counts> => {
  let [files, directories, bytes] = [0, 0, 0];
  for await (const page of folder.children(run)) {
    throwIfInterrupted(run);
    for (const { entry, folder: below } of page) {
      if (below === undefined) {
        files++;
        bytes += entry.size;
        continue;
      }
      const counts = await countsOf(below, run);
      directories += counts.directories + 1;
      files += counts.files;
      bytes += counts.bytes;
    }
  }
  return { files, directories, bytes };
};
