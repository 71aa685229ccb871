import type { Fault } from '../../../model/fault.ts';
import { limits, misbehaved } from '../wire/limits.ts';
import { uidFetch, uidSearchAll } from '../wire/reading-commands.ts';
import type { FetchedMessage, Status } from '../wire/response.ts';
import { hasUid, type UidRange, uidSetOf } from '../wire/uid-set.ts';
import type { PooledSession } from '../scan/session-pool.ts';
import { aboutMailbox } from '../connection/server-fault.ts';
import type { DeliveryChannel, DeliveryWriter } from './delivery-channel.ts';
import type { ContentTurn, LargeContents } from './large-contents.ts';
import type { Batch, WantedMessage } from './wanted-message.ts';

/** What became of a batch: those without an answer are to be asked for again. */
export interface BatchOutcome {
  readonly unanswered: readonly WantedMessage[];
  /** Why, where the server said so. */
  readonly refusal: Fault | undefined;
}

/** Where what comes goes to. */
export interface Receivers {
  readonly writer: DeliveryWriter;
  readonly channel: DeliveryChannel;
  /** Of all connections. */
  readonly large: LargeContents;
}

interface Receiving {
  readonly message: WantedMessage;
  /** Bytes of this content still to be passed over: the server sent again what is there already. */
  skip: number;
  /** Where the content ends. */
  readonly end: number;
}

/**
 * Asks for one batch and delivers what comes. A message counts only when its content came whole and the command ended in
 * OK. Rejects when the connection is lost; `position` of each message says how far it came.
 */
export class BatchReader {
  readonly #session: PooledSession;
  readonly #batch: Batch;
  readonly #writer: DeliveryWriter;
  readonly #channel: DeliveryChannel;
  readonly #large: LargeContents;
  readonly #open: Map<number, WantedMessage>;
  readonly #done: WantedMessage[] = [];
  #receiving: Receiving | undefined;
  #turn: ContentTurn | undefined;
  #isPaused = false;

  constructor(session: PooledSession, batch: Batch, { writer, channel, large }: Receivers) {
    this.#session = session;
    this.#batch = batch;
    this.#writer = writer;
    this.#channel = channel;
    this.#large = large;
    this.#open = new Map(batch.messages.map((message) => [message.uid, message]));
  }

  async read(): Promise<BatchOutcome> {
    const { connection } = this.#session;
    const { messages, folder } = this.#batch;
    for (const message of messages) message.attempts++;
    const [only] = messages;
    const from = messages.length === 1 && only !== undefined ? only.position : 0;
    const section = from > 0 ? `BODY.PEEK[]<${from}.${limits.messageBytes}>` : 'BODY.PEEK[]';
    const command = uidFetch(uidSetOf(messages.map(({ uid }) => uid)), ['UID', section]);
    const asked = new Set(messages.map(({ uid }) => uid));
    let status;
    try {
      status = await connection.attempt(command, {
        expects: (uid) => asked.has(uid),
        contentStart: (told, bytes) => this.#start(told, bytes),
        content: (bytes) => this.#content(bytes),
        contentEnd: () => this.#end(),
        fetched: (told) => this.#fetched(told),
      });
    } finally {
      this.#turn?.end();
    }
    this.#finish(status);
    const refusal =
      status.condition === 'OK' ? undefined : aboutMailbox(connection.refusal(status, 'UID FETCH'), folder.name);
    return { unanswered: [...this.#open.values()], refusal };
  }

  #finish({ condition }: Status): void {
    if (condition === 'OK') {
      for (const message of this.#done) {
        this.#writer.verdict(message.request, { kind: 'complete', bytes: message.position });
      }
    } else for (const message of this.#done) this.#open.set(message.uid, message);
    this.#writer.flush();
  }

  #start({ uid, contentOrigin }: FetchedMessage, bytes: number): void {
    this.#receiving = undefined;
    const message = this.#meant(uid);
    if (message === undefined) return;
    // Empty where the size says otherwise: it is believed only when the server says so twice.
    if (bytes === 0 && message.position === 0 && message.size > 0 && !message.wasEmpty) {
      message.wasEmpty = true;
      return;
    }
    const origin = contentOrigin ?? 0;
    if (origin > message.position) throw misbehaved('a part of a message that was not asked for');
    const end = origin + bytes;
    // What was delivered to its end once has been taken for the whole of it.
    if (message.isWhole && end > message.position) throw misbehaved('a message that has grown');
    this.#open.delete(message.uid);
    this.#receiving = { message, skip: message.position - origin, end };
    if (bytes > limits.messageBytes) throw misbehaved('a message without end');
    this.#awaitTurn(bytes);
  }

  /** While others have their turn, nothing more is taken from the server. */
  #awaitTurn(bytes: number): void {
    const { connection } = this.#session;
    this.#turn?.end();
    this.#turn = this.#large.enter(bytes, () => connection.resume());
    if (!this.#turn.mayCome) connection.pause();
  }

  /** The message that a content belongs to. Without its UID in front it can only be told where one alone was asked for. */
  #meant(uid: number | undefined): WantedMessage | undefined {
    if (uid !== undefined) return this.#open.get(uid);
    if (this.#batch.messages.length > 1) {
      this.#session.tellsUidLate = true;
      return undefined;
    }
    return [...this.#open.values()][0];
  }

  #content(bytes: Uint8Array): void {
    const receiving = this.#receiving;
    if (receiving === undefined) return;
    const passed = Math.min(receiving.skip, bytes.length);
    receiving.skip -= passed;
    const rest = bytes.subarray(passed);
    if (rest.length === 0) return;
    const { message, end } = receiving;
    const { request, position } = message;
    message.position += rest.length;
    message.isWhole = message.position === end;
    this.#writer.piece(request, rest, { position, isLast: message.isWhole });
    this.#holdBack();
  }

  #end(): void {
    this.#turn?.end();
    if (this.#receiving === undefined) return;
    this.#done.push(this.#receiving.message);
  }

  /** The UID that came late must be the one that was asked for: otherwise the bytes are another message's. */
  #fetched({ uid, contentBytes }: FetchedMessage): void {
    const receiving = this.#receiving;
    this.#receiving = undefined;
    if (receiving === undefined || contentBytes === undefined || uid === receiving.message.uid) return;
    throw misbehaved('the content of another message than the one that was asked for');
  }

  /** Whoever takes the bytes is behind: nothing more is taken from the server until there is room. */
  #holdBack(): void {
    if (this.#isPaused) return;
    const { connection } = this.#session;
    const goOn = (): void => {
      this.#isPaused = false;
      connection.resume();
    };
    if (this.#channel.hasRoom(goOn)) return;
    this.#isPaused = true;
    this.#writer.flush();
    connection.pause();
  }
}

/** Whether the server still lists a message of the open folder. */
export const isListed = async ({ connection }: PooledSession, uid: number): Promise<boolean> => {
  const found: UidRange[] = [];
  await connection.request(uidSearchAll(connection.offers('ESEARCH'), [{ first: uid, last: uid }]), {
    response: (response) => {
      if (response.kind === 'esearch' && response.all !== undefined) found.push(...response.all);
      if (response.kind === 'search') found.push(...response.uids);
    },
  });
  return hasUid(found, uid);
};
