import { throwIfInterrupted } from '../../../contract/run.ts';
import type { BaseDirectory } from '../../../contract/source.ts';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import type { Metadata, Path } from '../../../model/entry.ts';
import { isDirectoryLine, nameOfLine } from '../manifest/entry-line.ts';
import type { ManifestFolder } from '../manifest/folder-line.ts';
import { isDatedDirectory } from '../manifest/manifest-base.ts';
import { placingOfBase } from '../threads/page-placer.ts';
import { foreignBase } from './capture-faults.ts';
import type { CaptureState } from './capture-state.ts';
import type { FolderWork } from './folder-work.ts';
import type { OpenFolders } from './open-folders.ts';
import type { PlacedItem } from './placed-item.ts';
import type { PlacingPages } from './placing-pages.ts';

/** Takes over what the base has: of folders that are the same, and in place of what could not be read. */
export class TakingOver {
  readonly #state: CaptureState;
  readonly #folders: OpenFolders;
  readonly #pages: PlacingPages;

  constructor(state: CaptureState, folders: OpenFolders, pages: PlacingPages) {
    this.#state = state;
    this.#folders = folders;
    this.#pages = pages;
  }

  /** All of a subtree of the base, unseen. */
  async takeOver(path: Path, metadata: Metadata | undefined, base: BaseDirectory): Promise<void> {
    const of = this.#state.parts.base;
    if (of === undefined || !isDatedDirectory(base)) throw foreignBase();
    for (const before of of.manifest.subtree(base.path)) {
      const own = before.path.length === base.path.length;
      const place = [...path, ...before.path.slice(base.path.length)];
      const folder = this.#folders.open(place, own ? (metadata ?? before.metadata) : before.metadata);
      folder.doubtful = !base.settled || !before.settled;
      folder.unsorted = before.unsorted;
      folder.look = before.look;
      for (const name of of.manifest.foldersIn(before.path)) {
        const below = this.#folders.take([...place, name]);
        if (below !== undefined) folder.addBelow(below);
      }
      await this.#takeOverPages(folder, before);
      this.#folders.close(folder);
    }
  }

  /** What the base has under the name of something that could not be read. */
  async carry(folder: FolderWork, line: string): Promise<PlacedItem> {
    if (!isDirectoryLine(line)) return { line, how: placingOfBase(line), from: '' };
    const path = [...folder.path, nameOfLine(line)];
    const before = await this.#state.parts.base?.base.directory(path, this.#state.run);
    if (before === undefined) throw foreignBase();
    await this.takeOver(path, undefined, before);
    return this.#folders.itemOf(folder, nameOfLine(line));
  }

  /** The line that the base has for a name; undefined: none. */
  async lineOfBase(path: Path, name: ByteString): Promise<string | undefined> {
    const manifest = this.#state.parts.base?.manifest;
    const before = manifest?.folder(path);
    if (manifest === undefined || before === undefined) return undefined;
    for await (const lines of manifest.lines(before, this.#state.run)) {
      const line = lines.find((candidate) => nameOfLine(candidate) === name);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  async #takeOverPages(folder: FolderWork, before: ManifestFolder): Promise<void> {
    const of = this.#state.parts.base;
    if (of === undefined) throw foreignBase();
    const base = byteStringOfLatin1([of.root, ...before.path].join('/'));
    for (const { offset, length } of before.frames) {
      throwIfInterrupted(this.#state.run);
      await this.#pages.send(folder, { kind: 'frame', file: of.manifest.entriesFile, offset, length }, base);
    }
  }
}
