import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../model/fault.ts';
import type { AccountScan, FolderPlace, FreshMessage } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Verdict } from '../../../contract/source.ts';
import { createMessageDigest, type MessageDigest } from '../../../mail/direct/message-digest.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

/** A message that lies in `tmp`, whole and on the disk, and waits for its name. */
export interface DeliveredMessage {
  readonly message: FreshMessage;
  readonly temporary: string;
  readonly sha256: string;
  readonly size: number;
  /** Bytes of the CRLF form. */
  readonly virtualSize: number;
}

export interface DeliveryPlace {
  readonly directory: string;
  readonly folder: FolderPlace;
  readonly mark: string;
}

export interface DeliveryResult {
  readonly delivered: readonly DeliveredMessage[];
  readonly failed: readonly {
    readonly uid: number;
    readonly verdict: Exclude<Verdict, { readonly kind: 'complete' | 'changed' }>;
  }[];
}

/** Messages that are written and synced at the same time: syncs that run together cost one of the disk's. */
const together = 32;

class Arrival {
  readonly message: FreshMessage;
  readonly #path: string;
  readonly #digest: MessageDigest = createMessageDigest(createHash('sha256'));
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #size = 0;
  #file: FileHandle | undefined;

  constructor(message: FreshMessage, path: string) {
    this.message = message;
    this.#path = path;
  }

  async take(piece: Uint8Array): Promise<void> {
    this.#digest.update(piece);
    this.#size += piece.length;
    this.#pieces.push(piece);
    this.#waiting += piece.length;
    if (this.#waiting >= 1_048_576) await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#file ??= await open(this.#path, 'wx', 0o600);
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#waiting = 0;
    for (const piece of pieces) await this.#file.writeFile(piece);
  }

  /** Whole, dated and on the disk. */
  async finish(): Promise<DeliveredMessage> {
    try {
      await this.#flush();
      const seconds = Number(this.message.date) / 1e9;
      await this.#file?.utimes(seconds, seconds);
      await this.#file?.sync();
    } finally {
      await this.#file?.close();
    }
    return {
      message: this.message,
      temporary: this.#path,
      sha256: this.#digest.digest(),
      size: this.#size,
      virtualSize: this.#digest.size,
    };
  }

  async discard(): Promise<void> {
    await this.#file?.close();
    if (this.#file !== undefined) await rm(this.#path, { force: true });
  }
}

/** Reads messages from the server into `tmp` of a folder. A full disk ends it; what one message meets costs that message only. */
export const deliverMessages = async (
  scan: AccountScan,
  place: DeliveryPlace,
  messages: readonly FreshMessage[],
  run: Run,
): Promise<DeliveryResult> => {
  const arrivals = new Map<number, Arrival>();
  const delivered: DeliveredMessage[] = [];
  const failed: DeliveryResult['failed'][number][] = [];
  const finishing = new Set<Promise<void>>();
  let broken: Fault | undefined;
  const arrivalOf = (request: number): Arrival => {
    const known = arrivals.get(request);
    const message = messages[request];
    if (known !== undefined) return known;
    if (message === undefined) throw new Fault('internal', 'a message came that was not asked for');
    const name = `${place.folder.uidValidity}.${message.uid}.${place.mark}.mailkeep`;
    const arrival = new Arrival(message, join(place.directory, 'tmp', name));
    arrivals.set(request, arrival);
    return arrival;
  };
  const finish = (arrival: Arrival): void => {
    const work = arrival
      .finish()
      .then((one) => void delivered.push(one))
      .catch((error: unknown) => void (broken ??= errnoFault(error, 'write', join(place.directory, 'tmp'))))
      .finally(() => finishing.delete(work));
    finishing.add(work);
  };
  try {
    const uids = messages.map(({ uid }) => uid);
    for await (const { bytes, pieces, verdicts } of scan.read(place.folder, uids, run)) {
      throwIfInterrupted(run);
      for (const { request, start, length } of pieces) {
        await arrivalOf(request).take(bytes.subarray(start, start + length));
      }
      for (const { request, verdict } of verdicts) {
        const arrival = arrivalOf(request);
        arrivals.delete(request);
        if (verdict.kind === 'complete' || verdict.kind === 'changed') finish(arrival);
        else {
          await arrival.discard();
          failed.push({ uid: arrival.message.uid, verdict });
        }
      }
      while (finishing.size >= together) await Promise.race(finishing);
      if (broken !== undefined) throw broken;
    }
    await Promise.all(finishing);
    if (broken !== undefined) throw broken;
  } catch (error) {
    await Promise.all(finishing);
    for (const arrival of arrivals.values()) await arrival.discard();
    throw errnoFault(error, 'write', join(place.directory, 'tmp'));
  }
  return { delivered: delivered.sort((left, right) => left.message.uid - right.message.uid), failed };
};

/** Removes what an earlier run has left in `tmp`; files of others stay. */
export const clearTemporary = async (directory: string): Promise<void> => {
  const temporary = join(directory, 'tmp');
  try {
    for (const name of await readdir(temporary)) {
      if (/^\d+\.\d+\.[0-9a-f]{8}\.mailkeep$/.test(name)) await unlink(join(temporary, name));
    }
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'clear', temporary);
  }
};
