import type { FolderState, ScanBase, ScannedFolder } from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import type { KnownState } from '../wire/reading-commands.ts';
import type { MailboxStatus } from '../wire/response.ts';
import type { ListedFolder } from './folder-list.ts';
import { about } from './folder-questions.ts';
import { comparedBlocks, listInto, lookFully } from './full-look.ts';
import { MessageTable, type TableRow } from './message-table.ts';
import { lookNarrowly } from './narrow-look.ts';
import { openFolder, type OpenFolder } from './open-folder.ts';
import type { PooledSession } from './session-pool.ts';

export interface LookParts {
  readonly folder: ListedFolder;
  readonly known: MailboxRecord | undefined;
  readonly scanBase: ScanBase;
  readonly newHash: NewHash;
  /** Look at all sizes and dates, whatever the server says has changed. */
  readonly deep: boolean;
  /** Which messages of the folder belong to the capture; undefined: all. */
  readonly wanted: ((row: TableRow) => boolean) | undefined;
}

/**
 * Whether STATUS says that a folder is as the base has it: generation, next UID, highest change number and number of
 * messages. Without change numbers flags may have changed, and nothing can be said.
 */
export const standsAsItStood = (status: MailboxStatus | undefined, known: MailboxRecord | undefined): boolean => {
  if (status === undefined || known?.highestModSeq === undefined || known.highestModSeq === 0n) return false;
  return (
    status.uidValidity === known.uidValidity &&
    status.uidNext === known.uidNext &&
    status.highestModseq === known.highestModSeq &&
    status.messages === known.messages
  );
};

interface Opened {
  readonly opened: OpenFolder;
  /** The listing of all messages, where it had to be asked for in any case. */
  readonly table: MessageTable | undefined;
}

/**
 * Opens the folder. Where the server cannot or shall not tell what is new, everything will be asked anyway: the question goes out
 * behind EXAMINE, which saves a round trip a folder. What is told before EXAMINE is answered is about the folder that was open
 * before. Where EXAMINE is refused no folder is open, and whatever is answered counts for nothing; nor does it where the
 * folder turns out to be of another generation than the one by which it was asked.
 */
const openAndAsk = async (
  session: PooledSession,
  { folder, known, deep }: LookParts,
  resync: KnownState | undefined,
): Promise<Opened> => {
  let isOpen = false;
  const answered = (): void => {
    isOpen = true;
  };
  const opening = openFolder(session, folder, { resync, answered });
  if (resync !== undefined) return { opened: await opening, table: undefined };
  const table = new MessageTable();
  const asked = about(folder, listInto(session, { base: known, deep }, { table, counts: () => isOpen }));
  // Both are over before the connection is anybody else's.
  const [first, second] = await Promise.allSettled([opening, asked]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  const isMeant = known === undefined || known.uidValidity === first.value.uidValidity;
  return { opened: first.value, table: isMeant ? table : undefined };
};

/** Looks into one folder. Rejects with a Fault that names it. */
export const lookAtFolder = async (
  session: PooledSession,
  parts: LookParts,
  run: Run,
): Promise<ScannedFolder & { kind: 'listed' }> => {
  const { folder, known, deep, wanted } = parts;
  const mayNarrow = known?.highestModSeq !== undefined && known.highestModSeq > 0n && !deep && wanted === undefined;
  const resync =
    mayNarrow && known.highestModSeq !== undefined
      ? { uidValidity: known.uidValidity, highestModseq: known.highestModSeq }
      : undefined;
  const { opened, table } = await openAndAsk(session, parts, resync);
  const before = { uidNext: opened.uidNext, highestModseq: opened.highestModseq };
  const base = known?.uidValidity === opened.uidValidity ? known : undefined;
  // A change number that went back, as after a restore of the server's indexes, says nothing any more.
  const isTrusted = base?.highestModSeq !== undefined && before.highestModseq >= base.highestModSeq;
  if (mayNarrow && base !== undefined && isTrusted) {
    const blocks = await about(folder, lookNarrowly({ ...parts, session, opened, base }, run));
    if (blocks !== undefined) {
      const highest = blocks.flatMap((block) => (block.kind === 'listed' ? block.messages : [])).at(-1)?.uid ?? 0;
      const state = stateOf(folder, { ...opened, ...before }, highest);
      return { kind: 'listed', state, base, onServer: opened.exists, differences: [], blocks: each(blocks) };
    }
  }
  const full = { ...parts, session, opened, base, listed: table };
  const look = await about(folder, lookFully(full, run));
  const state = stateOf(folder, { ...opened, ...before }, look.table.uids.at(-1) ?? 0);
  const onServer = look.table.count + look.unanswered.size;
  const blocks = comparedBlocks(look, full, run);
  // Of what the base knows only the flags were asked.
  const bytes = base === undefined ? look.table.bytes() : undefined;
  return { kind: 'listed', state, base, onServer, bytes, differences: look.differences, blocks };
};

async function* each<Value>(values: readonly Value[]): AsyncGenerator<Value, void> {
  yield* values;
}

const stateOf = (folder: ListedFolder, opened: OpenFolder, highest: number): FolderState => {
  const { name, delimiter, specialUse, subscribed, status } = folder;
  return {
    name,
    delimiter,
    specialUse,
    subscribed,
    uidValidity: opened.uidValidity,
    // Some servers tell a next UID that is used already.
    uidNext: Math.max(opened.uidNext, highest + 1),
    highestModSeq: opened.highestModseq > 0n ? opened.highestModseq : undefined,
    mailboxId: status?.mailboxId,
  };
};
