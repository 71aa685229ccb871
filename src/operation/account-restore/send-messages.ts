import type { AddedMessage, MailTarget, OpenTargetFolder } from '../../contract/mail-target.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { matchMessages } from '../../mail/account-restore/match-messages.ts';
import type { TargetDigest } from '../../mail/account-restore/target-digest.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { asFault, Fault } from '../../model/fault.ts';
import type { ReadyMessage } from './read-outgoing.ts';

/** The folder that is added to, and what is told of it. */
export interface Sending {
  readonly target: MailTarget;
  readonly folder: ByteString;
  readonly largestMessage: number | undefined;
  readonly tally: SendTally;
}

export interface SendTally {
  added: number;
  bytes: number;
  /** Messages that could not be added; each was told. */
  failed: number;
  /** Messages of which a flag or keyword was left out, by its name. */
  readonly flagsLeft: Map<string, number>;
}

const maximumTries = 5;

/**
 * Adds messages, several commands at once on the way. When the connection ends, it is looked what has arrived before
 * anything is sent again: the answer to a message that is there may have been lost. Faults: what ends the restore, such as
 * `quota-exceeded`.
 */
export const sendMessages = async (ready: readonly ReadyMessage[], sending: Sending, run: Run): Promise<void> => {
  const { target, folder, tally } = sending;
  let waiting = ready.filter((message) => fits(message, sending, run));
  if (waiting.length === 0) return;
  const base = await target.uidNext(folder, run);
  const stored: ReadyMessage[] = [];
  for (let attempt = 0; ; attempt++) {
    const round = new Round(waiting, sending, run);
    const lost = await round.send();
    stored.push(...round.stored);
    waiting = waiting.filter((message) => !round.settled.has(message));
    if (lost === undefined) return;
    throwIfInterrupted(run);
    await target.pause(lost, attempt, run);
    const arrived = await arrivedOf([...stored, ...waiting], base, sending, run);
    for (const message of waiting) if (arrived.has(message)) count(message, tally);
    stored.push(...waiting.filter((message) => arrived.has(message)));
    waiting = waiting.filter((message) => !arrived.has(message));
    if (waiting.length === 0) return;
    if (!lost.retry || attempt >= maximumTries) throw lost;
  }
};

const fits = ({ size, message }: ReadyMessage, { largestMessage, tally }: Sending, run: Run): boolean => {
  if (largestMessage === undefined || size <= largestMessage) return true;
  tally.failed++;
  const fault = new Fault('server-refused', `it has ${size} bytes, and the server takes at most ${largestMessage}`);
  run.emit({ kind: 'fault', fault, path: message.path });
  return false;
};

const count = ({ size }: ReadyMessage, tally: SendTally): void => {
  tally.added++;
  tally.bytes += size;
};

/** Which of the messages, those that are known to be stored first, are among what has come since. */
const arrivedOf = async (
  messages: readonly ReadyMessage[],
  base: number,
  { target, folder }: Sending,
  run: Run,
): Promise<ReadonlySet<ReadyMessage>> => {
  const listed = await target.list(folder, base, run);
  const uids = listed.map(({ uid }) => uid);
  const digests = uids.length === 0 ? new Map<number, TargetDigest>() : await target.digests(folder, uids, run);
  const matched = matchMessages(
    messages.map(({ digest, message: { seconds } }) => ({ ...digest, seconds, header: undefined, draft: false })),
    listed.map((message) => ({ ...message, ...digests.get(message.uid) })),
    { byMessageId: false },
  );
  return new Set(messages.filter((_, at) => matched[at] !== undefined));
};

/** What may be on the way without an answer: more hides the time of the line, less is held in memory by the server. */
const commandsOnTheWay = 8;
/** Bytes of one command with many messages. */
const bytesTogether = 1_048_576;

/** One attempt to send messages, until all are answered or the connection ends. */
class Round {
  readonly #messages: readonly ReadyMessage[];
  readonly #sending: Sending;
  readonly #run: Run;
  readonly #onTheWay = new Set<Promise<void>>();
  readonly stored: ReadyMessage[] = [];
  /** Stored or refused: not to be sent again. */
  readonly settled = new Set<ReadyMessage>();
  #lost: Fault | undefined;
  #end: Fault | undefined;

  constructor(messages: readonly ReadyMessage[], sending: Sending, run: Run) {
    this.#messages = messages;
    this.#sending = sending;
    this.#run = run;
  }

  /** The fault that ended the connection; undefined when every message was answered. Throws what ends the restore. */
  async send(): Promise<Fault | undefined> {
    const { target, folder } = this.#sending;
    let opened: OpenTargetFolder;
    try {
      opened = await target.open(folder, { create: false, subscribe: false }, this.#run);
    } catch (error) {
      throwIfInterrupted(this.#run);
      const fault = asFault(error);
      if (fault.retry) return fault;
      throw fault;
    }
    for (const group of commandsOf(this.#messages, opened.together)) {
      while (this.#onTheWay.size >= commandsOnTheWay) await Promise.race(this.#onTheWay);
      if (this.#lost !== undefined || this.#end !== undefined) break;
      this.#start(this.#command(group, opened));
    }
    while (this.#onTheWay.size > 0) await Promise.all(this.#onTheWay);
    if (this.#end !== undefined) throw this.#end;
    return this.#lost;
  }

  #start(work: Promise<void>): void {
    const settled: Promise<void> = work.finally(() => this.#onTheWay.delete(settled));
    this.#onTheWay.add(settled);
  }

  async #command(group: readonly ReadyMessage[], opened: OpenTargetFolder): Promise<void> {
    try {
      const refused = await opened.add(group.map((ready) => this.#added(ready, opened)));
      if (refused === undefined) this.#accept(group);
      else if (group.length > 1 && !refused.retry) {
        // All of them or none: one by one it shows which it is.
        for (const ready of group) await this.#command([ready], opened);
      } else this.#refuse(group, refused);
    } catch (error) {
      this.#lost ??= asFault(error);
    }
  }

  #accept(group: readonly ReadyMessage[]): void {
    const { tally } = this.#sending;
    for (const ready of group) {
      this.stored.push(ready);
      this.settled.add(ready);
      count(ready, tally);
    }
  }

  #refuse(group: readonly ReadyMessage[], fault: Fault): void {
    if (fault.code === 'quota-exceeded') {
      this.#end ??= fault;
    } else if (fault.retry) {
      this.#lost ??= fault;
    } else for (const ready of group) this.#fail(ready, fault);
  }

  #fail(ready: ReadyMessage, fault: Fault): void {
    this.settled.add(ready);
    this.#sending.tally.failed++;
    this.#run.emit({ kind: 'fault', fault, path: ready.message.path });
  }

  #added(ready: ReadyMessage, { keeps }: OpenTargetFolder): AddedMessage {
    const {
      message,
      size,
      digest: { sha256 },
    } = ready;
    const { flagsLeft } = this.#sending.tally;
    const kept = message.flags.filter((flag) => {
      if (keeps(flag)) return true;
      flagsLeft.set(flag, (flagsLeft.get(flag) ?? 0) + 1);
      return false;
    });
    const { seconds, zoneMinutes } = message;
    const flags = kept.map(byteStringOfLatin1);
    return { flags, seconds, zoneMinutes, size, sha256, bytes: () => this.#watched(ready) };
  }

  /** A message that breaks off while it is read costs the connection, and is not sent again. */
  async *#watched(ready: ReadyMessage): AsyncGenerator<Uint8Array, void> {
    try {
      yield* ready.bytes();
    } catch (error) {
      throwIfInterrupted(this.#run);
      this.#fail(ready, asFault(error));
      throw new Fault('entry-unreadable', 'a message broke off while it was sent', { retry: true, cause: error });
    }
  }
}

function* commandsOf(messages: readonly ReadyMessage[], together: number): Generator<readonly ReadyMessage[], void> {
  let group: ReadyMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (group.length > 0 && (group.length >= together || bytes + message.size > bytesTogether)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(message);
    bytes += message.size;
  }
  if (group.length > 0) yield group;
}
