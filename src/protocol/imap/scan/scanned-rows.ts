import type { KnownMessage, ScannedBlock, ScannedMessage } from '../../../contract/account-scan.ts';
import { type DigestedMessage, digestLines } from '../../../mail/direct/block-digest.ts';
import { uidsOfBlock } from '../../../mail/direct/block-name.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import type { MessageIds, MessageTable, TableRow } from './message-table.ts';

/** A message as it is now on the server, as far as it was asked. */
export interface CurrentMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly labels: readonly string[] | undefined;
  readonly size: number | undefined;
  /** Seconds since 1970. */
  readonly date: number | undefined;
  readonly zoneMinutes: number;
  readonly ids: MessageIds;
}

export const currentOfRow = ({ uid, flags, size, date, zoneMinutes, ids }: TableRow): CurrentMessage => ({
  uid,
  flags: flags.all,
  labels: ids.labels,
  size,
  date,
  zoneMinutes,
  ids,
});

export const currentOfKnown = ({ uid, flags, labels, size, date }: KnownMessage): CurrentMessage => ({
  uid,
  flags,
  labels,
  size,
  date: date === undefined ? undefined : secondsOf(date),
  zoneMinutes: 0,
  ids: {},
});

const billion = 1_000_000_000n;
const secondsOf = (time: Nanoseconds): number => Number(time / billion);

/** What the digest of a block takes in: labels count like keywords, in a form that no keyword has. */
export const lineOf = (flags: readonly string[], labels: readonly string[] | undefined): string =>
  labels === undefined || labels.length === 0
    ? flags.join(' ')
    : `${flags.join(' ')} (${labels.map((label) => JSON.stringify(label)).join(' ')})`;

/** Rows of a table from `from` until before `to`, for a digest; without an object more than needed. */
export function* digestedRows(table: MessageTable, from: number, to: number): Generator<DigestedMessage, void> {
  for (let at = from; at < to; at++) {
    const { uid, flags, size, date, ids } = table.row(at);
    const line = ids.labels === undefined ? flags.line : lineOf(flags.all, ids.labels);
    yield { uid, line, size, date };
  }
}

/** Where the rows of each block begin and end, in ascending order. */
export function* blocksOfTable(table: MessageTable): Generator<{ block: number; from: number; to: number }, void> {
  const { uids } = table;
  for (let from = 0; from < uids.length;) {
    const block = Math.floor((uids[from] ?? 0) / uidsOfBlock);
    let to = from + 1;
    while (to < uids.length && (uids[to] ?? 0) < (block + 1) * uidsOfBlock) to++;
    yield { block, from, to };
    from = to;
  }
}

/** A block's messages against what the base has of them. */
export const comparedBlock = (
  block: number,
  current: readonly CurrentMessage[],
  { known, newHash }: { readonly known: readonly KnownMessage[]; readonly newHash: NewHash },
): ScannedBlock & { kind: 'listed' } => {
  const before = new Map(known.map((message) => [message.uid, message]));
  const digested = current.map(({ uid, flags, labels, size, date }): DigestedMessage => {
    const base = before.get(uid);
    return {
      uid,
      line: lineOf(flags, labels),
      size: size ?? base?.size,
      date: date ?? (base?.date === undefined ? undefined : secondsOf(base.date)),
    };
  });
  return {
    kind: 'listed',
    record: { block, ...digestLines(digested, newHash) },
    messages: current.map((message) => compared(message, before.get(message.uid))),
  };
};

const compared = (message: CurrentMessage, known: KnownMessage | undefined): ScannedMessage => {
  const { uid, flags, labels } = message;
  if (known === undefined) return fresh(message, false);
  if (isOther(message, known)) return fresh(message, true);
  if (lineOf(flags, labels) === lineOf(known.flags, labels === undefined ? undefined : known.labels)) {
    return { kind: 'known', uid };
  }
  return { kind: 'flags', uid, flags, labels };
};

/** A message never changes under its UID: where its size or date did, its content may have, too. */
const isOther = ({ size, date }: CurrentMessage, known: KnownMessage): boolean =>
  (size !== undefined && known.size !== undefined && size !== known.size) ||
  (date !== undefined && known.date !== undefined && date !== secondsOf(known.date));

const fresh = ({ uid, flags, size, date, zoneMinutes, ids }: CurrentMessage, isKnown: boolean): ScannedMessage => ({
  kind: 'fresh',
  uid,
  flags,
  date: BigInt(date ?? 0) * billion,
  offsetMinutes: zoneMinutes,
  size: size ?? 0,
  isKnown,
  ids,
});
