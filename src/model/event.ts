import type { ByteString } from './byte-string.ts';
import type { Fault } from './fault.ts';

/**
 * All that an operation tells while it runs. Text, JSON, log and history are listeners on this one union; operations
 * never print. Progress comes as counters at a modest rate, not as one event a file.
 */
export type Event =
  /** A new stretch of work: "opening", "scanning", "reading", "checking packs"… */
  | { readonly kind: 'phase'; readonly phase: string }
  /** How far this phase is. Totals are absent as long as nobody knows them. */
  | {
      readonly kind: 'progress';
      readonly files: number;
      readonly bytes: number;
      readonly totalFiles?: number;
      readonly totalBytes?: number;
      /** What is being worked on now. */
      readonly current?: ByteString;
    }
  /** Something that a person should know and that does not change the outcome. */
  | { readonly kind: 'notice'; readonly message: string }
  /** A line of the log of a job that has components, such as a server. */
  | {
      readonly kind: 'log';
      readonly level: 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';
      readonly component: string;
      readonly message: string;
    }
  /** Something went wrong and the run goes on; `path` is where in the source or snapshot, names joined by `/`. */
  | { readonly kind: 'fault'; readonly fault: Fault; readonly path?: ByteString }
  /** One entry's fate; only emitted when somebody listens for it (`--verbose`, `--json` with `--verbose`, `--dry-run`). */
  | { readonly kind: 'entry'; readonly action: EntryAction; readonly path: ByteString; readonly bytes: number };

export type EntryAction =
  | 'new'
  | 'changed'
  | 'renamed'
  | 'unchanged'
  | 'carried'
  | 'restored'
  | 'overwritten'
  | 'left'
  | 'removed';
