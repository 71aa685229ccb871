import type { Expected } from '../../../contract/source.ts';
import { uidsOfBlock } from '../../../mail/direct/block-name.ts';
import { type Counts, noCounts } from '../../../model/entry.ts';

/** `format.json`, `ledger.json` and the script. */
const filesOfAccount = 3;

/** A folder's messages, a list of them in each block, and what tells of the folder. */
const filesOf = (messages: number): number => messages + Math.ceil(messages / uidsOfBlock) + 1;

/**
 * What the snapshot of an account comes to. Files follow from what the server counts; bytes are those of what the base has and of
 * what was listed, and for the rest as many as these have on average.
 */
export class ExpectedAccount {
  #files: number | undefined;
  #known: Pick<Counts, 'files' | 'bytes'>;

  constructor(base: Pick<Counts, 'files' | 'bytes'> = noCounts) {
    this.#known = base;
  }

  /** Messages of each folder, as far as the server has told. */
  counted(folders: readonly number[]): void {
    this.#files = folders.reduce((sum, messages) => sum + filesOf(messages), filesOfAccount);
  }

  /** A folder that the base does not have. */
  listed(messages: number, bytes: number): void {
    this.#add(filesOf(messages), bytes);
  }

  /** A new message in a folder that the base has. */
  added(bytes: number): void {
    this.#add(1, bytes);
  }

  expected(): Expected | undefined {
    const { files, bytes } = this.#known;
    if (this.#files === undefined) return files === 0 ? undefined : { files, bytes };
    return { files: this.#files, bytes: files === 0 ? undefined : Math.round((bytes / files) * this.#files) };
  }

  #add(files: number, bytes: number): void {
    this.#known = { files: this.#known.files + files, bytes: this.#known.bytes + bytes };
  }
}
