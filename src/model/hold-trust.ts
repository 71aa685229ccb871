import type { NoteOrigin } from './evidence-note.ts';

/** By whose word a hold ends, and with whose word this machine ends one. */
export interface HoldTrust {
  /** A line with the MAC of this machine. Faults: `configuration`, and those of the file system. */
  sign(line: string): Promise<string>;
  /** Whose lines are. A machine whose keys cannot be read takes them all for strange. */
  origins(lines: readonly string[]): Promise<readonly NoteOrigin[]>;
  /** Also what anybody may have written. */
  readonly anybody: boolean;
}
