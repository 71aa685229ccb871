import type { FlagSet } from '../wire/flag-set.ts';
import { noFlags } from '../wire/flag-set.ts';
import { limits, misbehaved } from '../wire/limits.ts';
import type { FetchedMessage } from '../wire/response.ts';

/** What providers know a message by, and its labels. */
export interface MessageIds {
  readonly emailId?: string;
  readonly threadId?: string;
  readonly labels?: readonly string[];
}

/** One row; what was not asked for is undefined. */
export interface TableRow {
  readonly uid: number;
  readonly flags: FlagSet;
  readonly size: number | undefined;
  /** Seconds since 1970. */
  readonly date: number | undefined;
  readonly zoneMinutes: number;
  readonly ids: MessageIds;
}

const noIds: MessageIds = {};

/** What a folder's FETCH told, in columns: 500,000 messages are 16 MB here, and 100 MB as objects. */
export class MessageTable {
  readonly #uids: number[] = [];
  readonly #flags: FlagSet[] = [];
  readonly #sizes: (number | undefined)[] = [];
  readonly #dates: (number | undefined)[] = [];
  readonly #zones: number[] = [];
  readonly #ids = new Map<number, MessageIds>();
  #isSorted = true;

  /** Messages without UID or flags say nothing of use. */
  add(message: FetchedMessage): void {
    const { uid, flags, size, date } = message;
    if (uid === undefined || flags === undefined || uid < 1 || uid > 0xffff_ffff) return;
    if (this.#uids.length >= limits.messages) throw misbehaved('more messages than any folder has');
    if (uid <= (this.#uids.at(-1) ?? 0)) this.#isSorted = false;
    this.#uids.push(uid);
    this.#flags.push(flags);
    this.#sizes.push(size);
    this.#dates.push(date?.seconds);
    this.#zones.push(date?.zoneMinutes ?? 0);
    const ids = idsOf(message);
    if (ids !== undefined) this.#ids.set(uid, ids);
  }

  get count(): number {
    this.#sort();
    return this.#uids.length;
  }

  /** Ascending. */
  get uids(): readonly number[] {
    this.#sort();
    return this.#uids;
  }

  /** All sizes that were told. */
  bytes(): number {
    return this.#sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }

  row(at: number): TableRow {
    const uid = this.#uids[at] ?? 0;
    return {
      uid,
      flags: this.#flags[at] ?? noFlags,
      size: this.#sizes[at],
      date: this.#dates[at],
      zoneMinutes: this.#zones[at] ?? 0,
      ids: this.#ids.get(uid) ?? noIds,
    };
  }

  /** Leaves only the rows of these UIDs. */
  keep(wanted: (row: TableRow) => boolean): void {
    this.#sort();
    this.#take([...this.#uids.keys()].filter((at) => wanted(this.row(at))));
  }

  /** Servers tell messages in order, each once; where one does not, the last word on a UID counts. */
  #sort(): void {
    if (this.#isSorted) return;
    const last = new Map(this.#uids.map((uid, at) => [uid, at]));
    this.#take([...last].sort(([left], [right]) => left - right).map(([, at]) => at));
    this.#isSorted = true;
  }

  #take(order: readonly number[]): void {
    const pick = <Value>(column: Value[], missing: Value): void => {
      const values = order.map((at) => column[at] ?? missing);
      column.length = 0;
      for (const value of values) column.push(value);
    };
    pick(this.#uids, 0);
    pick(this.#flags, noFlags);
    pick(this.#sizes, undefined);
    pick(this.#dates, undefined);
    pick(this.#zones, 0);
  }
}

const idsOf = (message: FetchedMessage): MessageIds | undefined => {
  const emailId = message.emailId ?? message.gmailMessageId;
  const threadId = message.threadId ?? message.gmailThreadId;
  const { labels } = message;
  if (emailId === undefined && threadId === undefined && labels === undefined) return undefined;
  return {
    ...(emailId === undefined ? {} : { emailId }),
    ...(threadId === undefined ? {} : { threadId }),
    ...(labels === undefined ? {} : { labels: labels.toSorted() }),
  };
};
