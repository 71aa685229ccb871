import type { ScanBase, ScannedBlock } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { digestLines } from '../../../mail/direct/block-digest.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { LedgerDifference } from '../../../mail/direct/ledger.ts';
import type { BlockRecord, MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { hasUid, highestUid, uidSetOf, uidsOf, type UidSet } from '../wire/uid-set.ts';
import { allItems, fetchInto, flagItems, type Question, searchAll } from './folder-questions.ts';
import { MessageTable, type TableRow } from './message-table.ts';
import type { OpenFolder } from './open-folder.ts';
import { blocksOfTable, comparedBlock, currentOfKnown, currentOfRow, digestedRows } from './scanned-rows.ts';
import type { PooledSession } from './session-pool.ts';

export interface FullParts {
  readonly session: PooledSession;
  readonly opened: OpenFolder;
  /** What was listed already. */
  readonly listed: MessageTable | undefined;
  /** Of the same generation; undefined: everything is new. */
  readonly base: MailboxRecord | undefined;
  readonly scanBase: ScanBase;
  readonly newHash: NewHash;
  /** Compare sizes and dates too. */
  readonly deep: boolean;
  /** Which messages of the folder belong to the capture; undefined: all. */
  readonly wanted: ((row: TableRow) => boolean) | undefined;
}

export interface FullLook {
  readonly table: MessageTable;
  readonly differences: readonly LedgerDifference[];
  /** UIDs that the server lists and says nothing of. */
  readonly unanswered: ReadonlySet<number>;
}

/** Everything that the server tells of the messages of a folder, made sure of where two of its answers differ. */
export const lookFully = async (parts: FullParts, run: Run): Promise<FullLook> => {
  const { session, opened, base, wanted } = parts;
  const table = parts.listed ?? (await listed(parts));
  const { differences, unanswered } = await agreed(session, opened, table);
  if (base !== undefined) await fetchUnknown(parts, { table, base }, run);
  if (wanted !== undefined) table.keep(wanted);
  return { table, differences, unanswered };
};

/** All of a folder: of messages that the base does not have everything, of the others what tells whether they are as they were. */
export const listInto = async (
  session: PooledSession,
  { base, deep }: Pick<FullParts, 'base' | 'deep'>,
  { table, counts }: Pick<Question, 'table' | 'counts'>,
): Promise<void> => {
  const known = base?.uidNext ?? 1;
  const ask = (set: UidSet, items: readonly string[]): Promise<void> =>
    fetchInto(session, { set, items, table, ...(counts === undefined ? {} : { counts }) });
  const old = known > 1 ? [ask([{ first: 1, last: known - 1 }], flagItems(session, deep))] : [];
  await Promise.all([...old, ask([{ first: known, last: highestUid }], allItems(session))]);
};

const listed = async (parts: FullParts): Promise<MessageTable> => {
  const table = new MessageTable();
  await listInto(parts.session, parts, { table });
  return table;
};

/** The listing and the count are two statements of the server. Where they differ, a search decides, and what is missing is asked for again. */
const agreed = async (
  session: PooledSession,
  opened: OpenFolder,
  table: MessageTable,
): Promise<Pick<FullLook, 'differences' | 'unanswered'>> => {
  if (table.count === opened.exists) return { differences: [], unanswered: new Set() };
  const there = await searchAll(session);
  const told = new Set(table.uids);
  const missing = [...uidsIn(there, opened.exists + table.count)].filter((uid) => !told.has(uid));
  if (missing.length > 0) await fetchInto(session, { set: uidSetOf(missing), items: allItems(session), table });
  table.keep(({ uid }) => hasUid(there, uid));
  const told2 = new Set(table.uids);
  const unanswered = new Set(missing.filter((uid) => !told2.has(uid)));
  const differences: LedgerDifference[] = [...unanswered].map((uid) => ({
    uid,
    kind: 'missing',
    reason: 'the server lists it, but says nothing of it when asked',
  }));
  const listed = table.count + unanswered.size;
  if (listed !== opened.exists) {
    differences.push({ kind: 'different', reason: `the server counts ${opened.exists} messages and lists ${listed}` });
  }
  return { differences, unanswered };
};

/** A server may claim that all four thousand million UIDs are there. */
function* uidsIn(set: UidSet, expected: number): Generator<number, void> {
  let left = expected * 2 + 100_000;
  for (const uid of uidsOf(set)) {
    if (left-- <= 0) return;
    yield uid;
  }
}

/** Below the base's next UID only what the base knows is expected. What else is there was asked for too little. */
const fetchUnknown = async (
  { session, scanBase, newHash }: FullParts,
  { table, base }: { readonly table: MessageTable; readonly base: MailboxRecord },
  run: Run,
): Promise<void> => {
  const records = new Map(base.blocks.map((record) => [record.block, record]));
  const unknown: number[] = [];
  for (const { block, from, to } of blocksOfTable(table)) {
    const rows = table.uids.slice(from, to).filter((uid) => uid < base.uidNext);
    if (rows.length === 0) continue;
    const lines = rows.map((uid) => ({ uid, line: '', size: undefined, date: undefined }));
    if (digestLines(lines, newHash).uids === records.get(block)?.uids) continue;
    const known = new Set((await scanBase.block(base, block, run)).map(({ uid }) => uid));
    unknown.push(...rows.filter((uid) => !known.has(uid)));
  }
  if (unknown.length > 0) await fetchInto(session, { set: uidSetOf(unknown), items: allItems(session), table });
};

/** Block by block against the base; only those that differ are read from it. */
export async function* comparedBlocks(
  { table, unanswered }: FullLook,
  { base, scanBase, newHash, deep }: FullParts,
  run: Run,
): AsyncGenerator<ScannedBlock, void> {
  const records = new Map<number, BlockRecord>(base?.blocks.map((record) => [record.block, record]));
  const lost = uidSetOf(unanswered);
  for (const { block, from, to } of blocksOfTable(table)) {
    throwIfInterrupted(run);
    const record = records.get(block);
    if (record !== undefined && unanswered.size === 0) {
      const digests = digestLines(digestedRows(table, from, to), newHash);
      const isSame = digests.uids === record.uids && digests.flags === record.flags;
      if (isSame && (!deep || digests.stamps === record.stamps)) {
        yield { kind: 'same', record };
        continue;
      }
    }
    const known = base === undefined || record === undefined ? [] : await scanBase.block(base, block, run);
    const current = [];
    for (let at = from; at < to; at++) current.push(currentOfRow(table.row(at)));
    // Not answered is not gone.
    current.push(...known.filter(({ uid }) => hasUid(lost, uid)).map(currentOfKnown));
    current.sort((left, right) => left.uid - right.uid);
    yield comparedBlock(block, current, { known, newHash });
  }
}
