import type { FreshChild } from '../../../contract/source.ts';
import { byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { type Fault, isFault } from '../../../model/fault.ts';
import { formatEntryLine, parseEntryLine } from '../manifest/entry-line.ts';
import { keyOf } from '../manifest/folder-line.ts';
import { type Exception, placing } from '../threads/page-job.ts';
import { faultOfFailure } from '../threads/system-failure.ts';
import { changedWhileRead, lostOfBase, nameTaken, relocations, vanished } from './capture-faults.ts';
import type { CaptureState } from './capture-state.ts';
import { deliverToFile } from './deliver-file.ts';
import type { FolderWork } from './folder-work.ts';
import { freshItem, type PlacedItem } from './placed-item.ts';
import type { PlacingPages } from './placing-pages.ts';
import type { TakingOver } from './taking-over.ts';

/** Settles what becomes of entries that are not where they were listed, or cannot be read. */
export class SettlingEntries {
  readonly #state: CaptureState;
  readonly #pages: PlacingPages;
  readonly #base: TakingOver;
  readonly #moves = new Map<string, number>();

  constructor(state: CaptureState, pages: PlacingPages, base: TakingOver) {
    this.#state = state;
    this.#pages = pages;
    this.#base = base;
  }

  /** What could not be placed as it was listed. */
  async settle(folder: FolderWork, { line, kind, failure }: Exception): Promise<void> {
    folder.doubtful = true;
    const { entry } = parseEntryLine(line);
    switch (kind) {
      case 'twin':
        if (!folder.lateNames.has(entry.name)) this.#state.unreadable(nameTaken(), pathIn(folder, entry));
        return;
      case 'failed':
        return this.#failed(folder, entry, failure === undefined ? vanished() : readFault(failure));
      case 'lost':
      case 'gone':
        if (kind === 'lost') this.#state.parts.base?.lose(pathIn(folder, entry));
        return this.#moved(folder, entry, kind);
    }
  }

  /** Reads what the source delivers into its place. Nothing when there was nothing to read. */
  async deliver(folder: FolderWork, child: FreshChild): Promise<readonly PlacedItem[]> {
    const { source, abilities } = this.#state.parts;
    const { entry, content } = child;
    const to = byteStringOfLatin1(`${folder.target}/${entry.name}`);
    const delivered = await deliverToFile(source, { entry, content }, { to, abilities }, this.#state.run);
    if (delivered.kind === 'gone') await this.#moved(folder, entry, 'gone');
    if (delivered.kind === 'failed') await this.#failed(folder, entry, delivered.fault);
    if (delivered.kind !== 'read') return [];
    const { bytes, sha256, changed } = delivered;
    if (changed) {
      folder.doubtful = true;
      this.#state.tally.changedWhileRead++;
      this.#state.emit(changedWhileRead(), pathIn(folder, entry));
    }
    this.#state.tally.writtenBytes += bytes;
    const line = formatEntryLine({ entry: { ...entry, size: bytes }, sha256 });
    return [{ line, how: placing.written, from: '' }];
  }

  async #moved(folder: FolderWork, listed: Entry, kind: 'lost' | 'gone'): Promise<void> {
    let found: FreshChild | undefined;
    try {
      found = await this.#state.parts.source.relocate(folder.path, listed, this.#state.run);
    } catch (error) {
      if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
      return this.#failed(folder, listed, error);
    }
    if (found !== undefined) return this.#placeFound(folder, found);
    const path = pathIn(folder, listed);
    if (kind === 'lost') throw lostOfBase(displayText(byteStringOfLatin1(path)));
    this.#state.emit(vanished(), path);
  }

  async #placeFound(folder: FolderWork, found: FreshChild): Promise<void> {
    const key = keyOf([...folder.path, found.entry.name]);
    const moves = (this.#moves.get(key) ?? 0) + 1;
    this.#moves.set(key, moves);
    if (moves > relocations) return this.#failed(folder, found.entry, vanished());
    const isDelivered = found.content.kind === 'delivered';
    await this.#pages.placeLate(folder, isDelivered ? await this.deliver(folder, found) : [freshItem(found)]);
  }

  /** It could not be read: what the base has of it stays. */
  async #failed(folder: FolderWork, entry: Entry, fault: Fault): Promise<void> {
    folder.doubtful = true;
    this.#state.unreadable(fault, pathIn(folder, entry));
    const line = await this.#base.lineOfBase(folder.path, entry.name);
    if (line !== undefined) await this.#pages.placeLate(folder, [await this.#base.carry(folder, line)]);
  }
}

const pathIn = ({ path }: FolderWork, { name }: Entry): string => [...path, name].join('/');

const readFault = (failure: Exclude<Exception['failure'], undefined>): Fault =>
  faultOfFailure(failure, 'read', {
    EACCES: 'entry-unreadable',
    EPERM: 'entry-unreadable',
    EIO: 'entry-unreadable',
    ESTALE: 'entry-unreadable',
  });
