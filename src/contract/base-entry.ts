import type { Entry } from '../model/entry.ts';

/** What an earlier snapshot knows of one entry of a directory. */
export interface BaseEntry {
  readonly entry: Entry;
  /** Whether the store still holds its content; when not, the source delivers. */
  readonly held: boolean;
  /** The store's own reference to the content. */
  readonly reference: unknown;
}
