import { nameOfLine } from '../manifest/entry-line.ts';
import type { Exception, PageContent, PageReply } from '../threads/page-job.ts';
import { changedWhileRead, settlingTime } from './capture-faults.ts';
import type { CaptureState } from './capture-state.ts';
import type { FolderWork } from './folder-work.ts';
import { contentOf, type PlacedItem } from './placed-item.ts';

/** What becomes of an entry that could not be placed as it was listed. */
export type Settle = (folder: FolderWork, exception: Exception) => Promise<void>;

/** Has threads place the pages of folders, and counts what they did. */
export class PlacingPages {
  readonly #state: CaptureState;
  readonly #settle: Settle;
  /** Nothing may be left at work on a folder that is about to be removed. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(state: CaptureState, settle: Settle) {
    this.#state = state;
    this.#settle = settle;
  }

  /** Resolves when it was handed over; the folder awaits the rest. `base`: the folder that links come from, when it is another. */
  async send(folder: FolderWork, content: PageContent, base?: string): Promise<void> {
    const { pool, manifest } = this.#state.parts;
    await pool.room();
    const place = folder.reserve();
    const job = this.#place(folder, content, base).then(async (reply) => {
      if (reply.frame !== undefined) folder.setFrame(place, manifest.addFrame(reply.frame));
      for (const exception of reply.exceptions) await this.#settle(folder, exception);
    });
    folder.addJob(job);
    this.#underWay.add(job);
    const leave = (): void => void this.#underWay.delete(job);
    job.then(leave, (error: unknown) => {
      this.#state.fail(error);
      leave();
    });
  }

  /** Places what comes apart from its page, and waits for it. */
  async placeLate(folder: FolderWork, items: readonly PlacedItem[]): Promise<void> {
    if (items.length === 0) return;
    const reply = await this.#place(folder, contentOf(items));
    if (reply.frame !== undefined) folder.addLate(this.#state.parts.manifest.addFrame(reply.frame));
    for (const { line } of items) folder.lateNames.add(nameOfLine(line));
    for (const exception of reply.exceptions) {
      // It moved onto a name that was listed, too: one of the two is enough.
      if (exception.kind !== 'twin') await this.#settle(folder, exception);
    }
  }

  /** Resolves when no page is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Places and counts a page. */
  async #place(folder: FolderWork, content: PageContent, base?: string): Promise<PageReply> {
    const { pool, component, manifest, base: of } = this.#state.parts;
    const reply = await pool.place({
      target: folder.target,
      base: base ?? (of === undefined ? '' : [of.root, ...folder.path].join('/')),
      prefix: `${[component, ...folder.path].join('/')}/`,
      content,
    });
    manifest.addChecksums(reply.checksums, reply.written);
    this.#count(folder, reply);
    return reply;
  }

  #count(folder: FolderWork, reply: PageReply): void {
    const { tally, startedAt } = this.#state;
    tally.linked += reply.linked;
    tally.writtenBytes += reply.writtenBytes;
    tally.losses += reply.losses;
    tally.changedWhileRead += reply.changed.length;
    for (const name of reply.changed) this.#state.emit(changedWhileRead(), [...folder.path, name].join('/'));
    if (reply.changed.length > 0 || BigInt(reply.newestChange) > startedAt - settlingTime) folder.doubtful = true;
    folder.count(reply.files, reply.bytes);
    this.#state.processed(reply.files, reply.bytes);
  }
}
