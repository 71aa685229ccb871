import type { Counts } from '../model/entry.ts';
import type { ByteString } from '../model/byte-string.ts';
import type { Fault } from '../model/fault.ts';
import type { Run } from './run.ts';
import type { Source } from './source.ts';

export type Overwrite = 'always' | 'if-changed' | 'never';

/**
 * Where a source can be brought to: a directory, later an IMAP server or a database. A target is also a source, its
 * inventory, so that what was brought can be compared with where it came from.
 *
 * `plan` changes nothing. `apply` does what the plan says and nothing else; done twice, the second time changes nothing.
 */
export interface Target extends Source {
  plan(source: Source, run: Run): Promise<TargetPlan>;
  apply(plan: TargetPlan, source: Source, run: Run): Promise<TargetReport>;
}

/** What a restore would do, with the counts a person decides by. */
export interface TargetPlan {
  readonly create: Counts;
  readonly overwrite: Counts;
  /** There already, equal, or left because of the overwrite policy. */
  readonly leave: Counts;
  /** What cannot or must not be done, such as a name that would lead outside the target. */
  readonly refusals: readonly { readonly path: ByteString; readonly fault: Fault }[];
  /** Names of what is overwritten; at most the first thousand. */
  readonly overwritten: readonly ByteString[];
}

export interface TargetReport {
  readonly written: Counts;
  readonly left: Counts;
  /** Entries that could not be brought. 0 means complete. */
  readonly failed: number;
  /** What the platform could not hold, by kind ("owner", "xattr", "device"), with how often. */
  readonly notRestored: ReadonlyMap<string, number>;
}
