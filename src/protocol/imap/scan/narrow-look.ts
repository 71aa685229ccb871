import type { KnownMessage, ScanBase, ScannedBlock } from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import { blockOfUid, uidsOfBlock } from '../../../mail/direct/block-name.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { uidFetch } from '../wire/reading-commands.ts';
import { countOfUids, hasUid, highestUid, normalUidSet, type UidSet } from '../wire/uid-set.ts';
import { allItems, fetchInto, flagItems, searchAll } from './folder-questions.ts';
import { MessageTable } from './message-table.ts';
import type { OpenFolder } from './open-folder.ts';
import { blocksOfTable, comparedBlock, currentOfKnown, currentOfRow, type CurrentMessage } from './scanned-rows.ts';
import type { PooledSession } from './session-pool.ts';

/** More blocks than this are compared by a listing of all flags instead: it is one question, and needs no memory for them. */
const mostBlocks = 64;

export interface NarrowParts {
  readonly session: PooledSession;
  readonly opened: OpenFolder;
  readonly base: MailboxRecord;
  readonly scanBase: ScanBase;
  readonly newHash: NewHash;
}

interface Changes {
  /** Known messages whose flags are other ones. */
  readonly changed: ReadonlyMap<number, CurrentMessage>;
  readonly fresh: MessageTable;
  isGone(uid: number): boolean;
  /** How many UIDs of this stretch are gone. */
  goneOf(block: { readonly first: number; readonly last: number; readonly count: number }): boolean;
}

/**
 * Only what changed since the base, as the server's change numbers tell (RFC 7162). Undefined where they cannot be trusted,
 * or do not add up to what the server counts: then all flags have to be asked for.
 */
export const lookNarrowly = async (parts: NarrowParts, run: Run): Promise<readonly ScannedBlock[] | undefined> => {
  const changes = await changesOf(parts);
  const touched = touchedBlocks(parts.base, changes);
  if (touched.size > mostBlocks) return undefined;
  const { base, opened } = parts;
  const blocks: ScannedBlock[] = [];
  const numbers = new Set([...base.blocks.map(({ block }) => block), ...touched]);
  for (const number of [...numbers].sort((left, right) => left - right)) {
    const record = base.blocks.find(({ block }) => block === number);
    if (!touched.has(number) && record !== undefined) blocks.push({ kind: 'same', record });
    else blocks.push(await changedBlock(parts, { number, changes }, run));
  }
  const sum = blocks.reduce((total, { record }) => total + record.count, 0);
  if (sum !== opened.exists) return undefined;
  return blocks.filter(({ record }) => record.count > 0);
};

const changesOf = async (parts: NarrowParts): Promise<Changes> => {
  const { session, opened, base } = parts;
  const fresh = new MessageTable();
  const changedTable = new MessageTable();
  const asked = [
    fetchInto(session, { set: [{ first: base.uidNext, last: highestUid }], items: allItems(session), table: fresh }),
  ];
  if (!session.qresync && base.uidNext > 1) asked.push(fetchChanged(session, base, changedTable));
  await Promise.all(asked);
  fresh.keep(({ uid }) => uid >= base.uidNext);
  const changed = new Map<number, CurrentMessage>();
  for (const [uid, flags] of opened.changed) {
    const row = { uid, flags, size: undefined, date: undefined, zoneMinutes: 0, ids: {} };
    if (uid < base.uidNext) changed.set(uid, currentOfRow(row));
  }
  for (const at of changedTable.uids.keys()) {
    const row = changedTable.row(at);
    if (row.uid < base.uidNext) changed.set(row.uid, currentOfRow(row));
  }
  return { changed, fresh, ...(await goneFrom(parts, fresh.count)) };
};

const fetchChanged = async (session: PooledSession, base: MailboxRecord, table: MessageTable): Promise<void> => {
  const modseq = base.highestModSeq ?? 0n;
  const set = [{ first: 1, last: base.uidNext - 1 }];
  const command = uidFetch(set, flagItems(session, false), { modseq, vanished: false });
  await session.connection.request(command, {
    expects: (uid) => uid < base.uidNext,
    fetched: (message) => table.add(message),
  });
};

type Gone = Pick<Changes, 'isGone' | 'goneOf'>;

/** Where the numbers agree nothing is gone; else VANISHED has told it, or the server is asked what is there. */
const goneFrom = async ({ session, opened, base }: NarrowParts, fresh: number): Promise<Gone> => {
  if (session.qresync) {
    const vanished = normalUidSet(opened.vanished);
    return {
      isGone: (uid) => hasUid(vanished, uid),
      goneOf: ({ first, last }) => vanished.some((range) => range.first <= last && range.last >= first),
    };
  }
  if (base.messages + fresh === opened.exists) return { isGone: () => false, goneOf: () => false };
  const there = await searchAll(session);
  return {
    isGone: (uid) => !hasUid(there, uid),
    goneOf: ({ first, last, count }) => countOfUids(clipped(there, first, last)) !== count,
  };
};

const clipped = (set: UidSet, first: number, last: number): UidSet =>
  set
    .filter((range) => range.first <= last && range.last >= first)
    .map((range) => ({ first: Math.max(first, range.first), last: Math.min(last, range.last) }));

const touchedBlocks = (base: MailboxRecord, changes: Changes): ReadonlySet<number> => {
  const touched = new Set([...changes.changed.keys()].map(blockOfUid));
  for (const { block } of blocksOfTable(changes.fresh)) touched.add(block);
  for (const { block, count } of base.blocks) {
    const first = block * uidsOfBlock;
    // UIDs from the base's next one on were not there: they are among the fresh, or not at all.
    const last = Math.min(first + uidsOfBlock, base.uidNext) - 1;
    if (changes.goneOf({ first, last, count })) touched.add(block);
  }
  return touched;
};

const changedBlock = async (
  { base, scanBase, newHash }: NarrowParts,
  { number, changes }: { readonly number: number; readonly changes: Changes },
  run: Run,
): Promise<ScannedBlock> => {
  const known: readonly KnownMessage[] = await scanBase.block(base, number, run);
  const kept = known.filter(({ uid }) => !changes.isGone(uid));
  const current = kept.map((message) => changes.changed.get(message.uid) ?? currentOfKnown(message));
  for (const { block, from, to } of blocksOfTable(changes.fresh)) {
    if (block !== number) continue;
    for (let at = from; at < to; at++) current.push(currentOfRow(changes.fresh.row(at)));
  }
  current.sort((left, right) => left.uid - right.uid);
  return comparedBlock(number, current, { known, newHash });
};
