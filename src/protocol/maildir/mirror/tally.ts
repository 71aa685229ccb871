import type { FolderLedger } from '../../../mail/direct/ledger.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { FolderChange } from '../../../model/damage-brake.ts';
import type { AppliedFolder } from './apply-folder.ts';
import type { HeldBack } from './held-back.ts';
import type { MirrorMessage } from './mirror-folder.ts';

/** What of a folder is to be removed once everything else is done. */
export interface Doomed {
  readonly name: ByteString;
  readonly directory: string;
  /** Gone from the server, or of a generation that has come anew. */
  readonly gone: readonly MirrorMessage[];
  /** Under their UIDs there is a newer body. */
  readonly older: readonly MirrorMessage[];
  /** The whole folder is gone from the server. */
  readonly whole: boolean;
  /** Something of the folder stays for a later run. */
  readonly isAwaited: boolean;
}

/** What one run of a mirror came to so far. */
export class Tally {
  folders = 0;
  messages = 0;
  bytes = 0;
  flags = 0;
  foreign = 0;
  readonly ledger: FolderLedger[] = [];
  readonly doomed: Doomed[] = [];
  readonly awaited: HeldBack[] = [];
  readonly stamped: { readonly name: ByteString; readonly directory: string }[] = [];
  readonly subscribed: ByteString[] = [];
  readonly changes: FolderChange[] = [];
  readonly seen = new Set<ByteString>();
  /** Directories of the folders that the server has. */
  readonly directories = new Set<string>();

  add(applied: AppliedFolder): void {
    const { record, directory, leftOver, onServer, fetched, differences } = applied;
    const { earlier, older, awaited } = leftOver;
    const { name, uidValidity, messages } = record;
    this.messages += fetched.messages;
    this.bytes += fetched.bytes;
    this.flags += applied.flagsChanged;
    this.foreign += applied.foreign;
    this.changes.push(applied.change);
    this.ledger.push({ name, uidValidity, onServer, inSnapshot: messages, differences });
    const gone = [...earlier, ...applied.gone];
    const isAwaited = awaited.length > 0;
    if (isAwaited) this.awaited.push({ name, messages: awaited, reason: 'kept until it has come anew' });
    if (gone.length + older.length > 0) this.doomed.push({ name, directory, gone, older, whole: false, isAwaited });
    // With a stamp the folder would not be looked at before the server has something new.
    else if (!isAwaited) this.stamped.push({ name, directory });
  }

  /** Messages that are to be removed. */
  get toRemove(): number {
    return this.doomed.reduce((sum, { gone, older }) => sum + gone.length + older.length, 0);
  }

  /** Of a run that removes nothing. */
  heldBack(isBraked: boolean): readonly HeldBack[] {
    const why = isBraked ? ', and kept as the damage brake holds' : '';
    return this.doomed.flatMap(({ name, gone, older }) => [
      { name, messages: gone, reason: `gone from the server${why}` },
      { name, messages: older, reason: `an older body of a message of which the server has another${why}` },
    ]);
  }
}
