import { interrupted, type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Delivery } from '../../../contract/source.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { mailboxText } from '../../../mail/mailbox-name.ts';
import type { MemoryPool } from '../../../system/memory-pool.ts';
import { openGeneration } from '../scan/open-folder.ts';
import type { PooledSession, SessionPool } from '../scan/session-pool.ts';
import { DeliveryChannel, DeliveryWriter } from './delivery-channel.ts';
import { BatchReader, isListed } from './fetch-batch.ts';
import { LargeContents } from './large-contents.ts';
import { aloneBatch, type Batch, type WantedMessage } from './wanted-message.ts';

/** So often a message is asked for before it is given up for this run. */
const mostAttempts = 4;
/** Commands that are on the way at once on one connection: the server has the next one at hand when it is done with one. */
const pipelined = 2;
/** Lost connections and the like, without a batch that went well between them. */
const mostFailures = 8;

interface ReadingPlace {
  readonly pool: SessionPool;
  readonly memory: MemoryPool;
}

/**
 * The bytes of many messages, over as many connections as the account may have. Every message ends in one verdict: what
 * cannot be had fails with its fault, the others go on. Rejects only when the run is interrupted.
 */
export async function* readMessages(
  place: ReadingPlace,
  batches: readonly Batch[],
  run: Run,
): AsyncGenerator<Delivery, void> {
  throwIfInterrupted(run);
  const work = new ReadWork(place, batches, run);
  const abort = (): void => work.channel.end(interrupted(run.signal.reason));
  run.signal.addEventListener('abort', abort, { once: true });
  const ended = work.work();
  try {
    yield* work.channel.deliveries();
  } finally {
    run.signal.removeEventListener('abort', abort);
    work.stop();
    await ended;
  }
}

class ReadWork {
  readonly channel = new DeliveryChannel();
  readonly #pool: SessionPool;
  readonly #memory: MemoryPool;
  readonly #large = new LargeContents();
  readonly #queue: Batch[];
  readonly #run: Run;
  #stopped = false;
  #failures = 0;
  /** Folders that some connection is or was in. */
  readonly #inFolder = new Set<string>();

  constructor({ pool, memory }: ReadingPlace, batches: readonly Batch[], run: Run) {
    this.#pool = pool;
    this.#memory = memory;
    this.#queue = [...batches];
    this.#run = run;
  }

  stop(): void {
    this.#stopped = true;
    this.channel.end();
  }

  async work(): Promise<void> {
    const workers = Math.min(this.#pool.limit, this.#queue.length);
    try {
      await Promise.all(Array.from({ length: workers }, () => this.#worker()));
      this.channel.end();
    } catch (error) {
      this.channel.end(asFault(error));
    }
  }

  async #worker(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stopped) {
      try {
        await this.#pool.use((session) => this.#onSession(session), this.#run);
      } catch (error) {
        throwIfInterrupted(this.#run);
        await this.#afterFailure(asFault(error));
      }
    }
  }

  /** A server that is gone for good fails all that is left; one that may come back is waited for. */
  async #afterFailure(fault: Fault): Promise<void> {
    if (fault.code === 'internal') throw fault;
    if (fault.retry && this.#failures++ < mostFailures) {
      await this.#pool.pause(fault, Math.floor(this.#failures / 2), this.#run);
      return;
    }
    this.#fail(this.#queue.splice(0), fault);
  }

  #fail(batches: readonly Batch[], fault: Fault): void {
    const writer = new DeliveryWriter(this.channel, this.#memory);
    for (const { messages } of batches) {
      for (const { request } of messages) writer.verdict(request, { kind: 'failed', fault });
    }
    writer.flush();
  }

  async #onSession(session: PooledSession): Promise<void> {
    const writer = new DeliveryWriter(this.channel, this.#memory);
    for (let first = this.#claim(session); first !== undefined; first = this.#claim(session)) {
      if (!(await this.#opened(session, first))) continue;
      this.#inFolder.add(first.folder.name);
      // Lanes of one connection stay in one folder: the next is opened when all of them are through.
      const lanes = Array.from({ length: session.tellsUidLate ? 1 : pipelined }, (_, lane) =>
        this.#lane(session, lane === 0 ? first : undefined, writer),
      );
      for (const lane of await Promise.allSettled(lanes)) if (lane.status === 'rejected') throw lane.reason;
    }
  }

  async #lane(session: PooledSession, first: Batch | undefined, writer: DeliveryWriter): Promise<void> {
    for (let batch = first ?? this.#next(session); batch !== undefined; batch = this.#next(session)) {
      await this.#read(session, batch, writer);
    }
  }

  /** A folder that cannot be opened fails its messages, and those only. */
  async #opened(session: PooledSession, batch: Batch): Promise<boolean> {
    const { folder, uidValidity } = batch;
    try {
      await openGeneration(session, folder, uidValidity);
      return true;
    } catch (error) {
      const fault = asFault(error);
      if (session.connection.fault !== undefined || fault.retry || isFault(fault, 'internal', 'interrupted')) {
        this.#queue.unshift(batch);
        throw fault;
      }
      const failed = this.#queue.filter((other) => other.folder.name === folder.name);
      const others = this.#queue.filter((other) => other.folder.name !== folder.name);
      this.#queue.splice(0, this.#queue.length, ...others);
      this.#fail([batch, ...failed], fault);
      return false;
    }
  }

  /** The next batch of the folder that the session has open; else of one in which no other is; else any. */
  #claim(session: PooledSession): Batch | undefined {
    const next = this.#next(session);
    if (next !== undefined || this.#stopped) return next;
    const lonely = this.#queue.findIndex(({ folder }) => !this.#inFolder.has(folder.name));
    return this.#take(Math.max(0, lonely), session);
  }

  #next(session: PooledSession): Batch | undefined {
    const { opened } = session;
    if (this.#stopped || opened === undefined) return undefined;
    const at = this.#queue.findIndex(
      ({ folder, uidValidity }) => folder.name === opened.folder && uidValidity === opened.uidValidity,
    );
    return at < 0 ? undefined : this.#take(at, session);
  }

  #take(at: number, { tellsUidLate }: PooledSession): Batch | undefined {
    const [batch] = this.#queue.splice(at, 1);
    if (batch === undefined || !tellsUidLate || batch.messages.length <= 1) return batch;
    const [first, ...rest] = batch.messages.map((message) => aloneBatch(batch, message));
    this.#queue.unshift(...rest);
    return first;
  }

  async #read(session: PooledSession, batch: Batch, writer: DeliveryWriter): Promise<void> {
    let outcome;
    try {
      outcome = await new BatchReader(session, batch, { writer, channel: this.channel, large: this.#large }).read();
    } catch (error) {
      writer.flush();
      this.#again(batch, asFault(error), writer);
      throw error;
    }
    const { unanswered, refusal } = outcome;
    this.#failures = 0;
    if (unanswered.length === 0) return;
    const isAlone = batch.messages.length === 1;
    if (!isAlone || refusal?.retry === true || unanswered[0]?.wasEmpty === true) {
      for (const message of unanswered) this.#askAgain(batch, message, { fault: refusal ?? unsaid(batch), writer });
    } else {
      for (const message of unanswered) await this.#settle(session, { batch, message, refusal, writer });
    }
    writer.flush();
    if (refusal?.retry === true) await this.#pool.pause(refusal, 0, this.#run);
  }

  /** Whether a message that the server did not give when asked for it alone is gone, or is withheld. */
  async #settle(session: PooledSession, { batch, message, refusal, writer }: Unanswered): Promise<void> {
    const withheld = refusal ?? unsaid(batch);
    let isGone = false;
    try {
      isGone = refusal === undefined && !(await isListed(session, message.uid));
    } catch (error) {
      this.#askAgain(batch, message, { fault: asFault(error), writer });
      throw error;
    }
    writer.verdict(message.request, isGone ? { kind: 'gone' } : { kind: 'failed', fault: withheld });
  }

  /** After a lost connection: each message goes on alone, so that one that breaks the connection breaks no other. */
  #again(batch: Batch, fault: Fault, writer: DeliveryWriter): void {
    for (const message of batch.messages) this.#askAgain(batch, message, { fault, writer });
    writer.flush();
  }

  #askAgain(batch: Batch, message: WantedMessage, { fault, writer }: { fault: Fault; writer: DeliveryWriter }): void {
    if (message.attempts >= mostAttempts) writer.verdict(message.request, { kind: 'failed', fault });
    else this.#queue.unshift(aloneBatch(batch, message));
  }
}

interface Unanswered {
  readonly batch: Batch;
  readonly message: WantedMessage;
  readonly refusal: Fault | undefined;
  readonly writer: DeliveryWriter;
}

const unsaid = ({ folder }: Batch): Fault =>
  new Fault('server-refused', `${mailboxText(folder.name)}: the server lists a message and does not give it`, {
    hint: 'Other mail programs may not show it either. The next run asks for it again.',
    retry: true,
  });
