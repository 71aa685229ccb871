import type { Run } from '../../../contract/run.ts';
import type { ByteString } from '../../../model/byte-string.ts';

/** How far a mirror is: messages of the account that it has by now, and the bytes that were fetched for it. */
export class MirrorProgress {
  readonly #counts: () => readonly number[] | undefined;
  readonly #run: Run;
  #messages = 0;
  #bytes = 0;

  /** `counts`: messages of each folder, as far as the server has told. */
  constructor(counts: () => readonly number[] | undefined, run: Run) {
    this.#counts = counts;
    this.#run = run;
  }

  /** So many more messages of a folder are there, or could not be had. */
  add(folder: ByteString, messages: number, bytes = 0): void {
    if (messages === 0) return;
    this.#messages += messages;
    this.#bytes += bytes;
    const total = this.#counts()?.reduce((sum, count) => sum + count, 0) ?? 0;
    this.#run.emit({
      kind: 'progress',
      files: this.#messages,
      bytes: this.#bytes,
      ...(total === 0 ? {} : { totalFiles: Math.max(total, this.#messages) }),
      current: folder,
    });
  }
}
