import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import type { Metadata, Path } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { setMetadata } from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import { directoryLine } from '../manifest/entry-line.ts';
import { keyOf } from '../manifest/folder-line.ts';
import { onDisk } from '../threads/disk-metadata.ts';
import { placing } from '../threads/page-job.ts';
import type { CaptureState } from './capture-state.ts';
import { type FinishedFolder, FolderWork } from './folder-work.ts';
import type { PlacedItem } from './placed-item.ts';

/** The folders of a tree from when they are made until the one above lists them, children first. */
export class OpenFolders {
  readonly #state: CaptureState;
  readonly #folders = new Map<string, Promise<FinishedFolder>>();

  constructor(state: CaptureState) {
    this.#state = state;
  }

  open(path: Path, metadata: Metadata | undefined): FolderWork {
    const { target: root } = this.#state.parts;
    const target = path.length === 0 ? root : byteStringOfLatin1(`${root}/${keyOf(path)}`);
    if (path.length > 0) makeFolder(target);
    return new FolderWork(path, metadata, target);
  }

  /** Whoever lists the folder awaits it. */
  close(folder: FolderWork): void {
    const finished = this.#finish(folder);
    finished.catch((error: unknown) => this.#state.fail(error));
    this.#folders.set(keyOf(folder.path), finished);
  }

  take(path: Path): Promise<FinishedFolder> | undefined {
    const key = keyOf(path);
    const folder = this.#folders.get(key);
    this.#folders.delete(key);
    return folder;
  }

  /** What a folder says of one below, which was closed. */
  itemOf(folder: FolderWork, name: ByteString): PlacedItem {
    const below = this.take([...folder.path, name]);
    if (below === undefined) throw new Fault('internal', `the source listed the folder ${name} before it yielded it`);
    folder.addBelow(below);
    return { line: directoryLine(name), how: placing.done, from: '' };
  }

  /** Resolves when nothing is at work on any of them. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#folders.values());
  }

  async #finish(folder: FolderWork): Promise<FinishedFolder> {
    const finished = await folder.finish();
    if (folder.metadata !== undefined) this.#describe(folder.target, folder.metadata);
    this.#state.parts.manifest.addFolder(finished);
    return { counts: finished.counts };
  }

  #describe(target: ByteString, entry: Metadata): void {
    const { abilities } = this.#state.parts;
    const { metadata, loses } = onDisk(entry, abilities);
    try {
      const descriptor = openSync(
        nativePath(target),
        constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
      );
      try {
        const losses = setMetadata({ descriptor, path: target, metadata, tidy: false }, abilities.posix);
        if (loses || losses.length > 0) this.#state.tally.losses++;
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      throw errnoFault(error, 'set the metadata of', target);
    }
  }
}

/** Mostly the one above is there, and a look at each of those is spared. */
const makeFolder = (path: ByteString): void => {
  try {
    mkdirSync(nativePath(path), { mode: 0o700 });
  } catch (first) {
    if (errnoCode(first) === 'EEXIST') return;
    try {
      mkdirSync(nativePath(path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw errnoFault(error, 'make the folder', path);
    }
  }
};
