import { createHash } from 'node:crypto';
import { closeSync, futimesSync, openSync, rmSync, writeSync } from 'node:fs';
import { open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../model/fault.ts';
import type { AccountScan, FolderPlace, FreshMessage } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Verdict } from '../../../contract/source.ts';
import { createMessageDigest, type MessageDigest } from '../../../mail/direct/message-digest.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { isSyncedAsOne, syncFileSystem } from '../../../system/sync-file-system.ts';

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

/** Of fewer files than this each is synced for itself: that waits for nothing that other programs have written. */
const manyFiles = 24;

/**
 * A message on its way to its file. Small files are written here and not in Node's own threads, which would take several times
 * as long, and a byte is written where it came to, so that nothing of a message is kept.
 */
class Arrival {
  readonly message: FreshMessage;
  readonly #path: string;
  readonly #digest: MessageDigest = createMessageDigest(createHash('sha256'));
  #size = 0;
  #file: number | undefined;
  #isClosed = false;

  constructor(message: FreshMessage, path: string) {
    this.message = message;
    this.#path = path;
  }

  /** `isLast`: all of it has come. */
  take(bytes: Uint8Array, isLast: boolean): void {
    this.#digest.update(bytes);
    this.#size += bytes.length;
    const file = this.#open();
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    if (isLast) this.#close();
  }

  /** Whole and dated; not yet on the disk. */
  finish(): DeliveredMessage {
    this.#close();
    return {
      message: this.message,
      temporary: this.#path,
      sha256: this.#digest.digest(),
      size: this.#size,
      virtualSize: this.#digest.size,
    };
  }

  discard(): void {
    if (this.#file === undefined) return;
    if (!this.#isClosed) closeSync(this.#file);
    this.#isClosed = true;
    rmSync(this.#path, { force: true });
  }

  #open(): number {
    this.#file ??= openSync(this.#path, 'wx', 0o600);
    return this.#file;
  }

  #close(): void {
    if (this.#isClosed) return;
    const file = this.#open();
    const seconds = Number(this.message.date) / 1e9;
    futimesSync(file, seconds, seconds);
    this.#isClosed = true;
    closeSync(file);
  }
}

/** Waits until all of these files of a folder are on its disk. */
const makeDurable = async (folder: string, files: readonly string[]): Promise<void> => {
  if (files.length >= manyFiles && (await isSyncedAsOne(folder))) {
    await syncFileSystem(folder);
    return;
  }
  for (const path of files) {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
};

/**
 * Reads messages from the server into `tmp` of a folder, and waits until they are on the disk. A full disk ends it; what one
 * message meets costs that message only.
 */
export const deliverMessages = async (
  scan: AccountScan,
  place: DeliveryPlace,
  messages: readonly FreshMessage[],
  run: Run,
): Promise<DeliveryResult> => {
  const folder = join(place.directory, 'tmp');
  const arrivals = new Arrivals(folder, place, messages);
  const delivered: DeliveredMessage[] = [];
  const failed: DeliveryResult['failed'][number][] = [];
  try {
    const uids = messages.map(({ uid }) => uid);
    for await (const { bytes, pieces, verdicts, recycle } of scan.read(place.folder, uids, run)) {
      throwIfInterrupted(run);
      for (const { request, start, length, isLast = false } of pieces) {
        arrivals.of(request).take(bytes.subarray(start, start + length), isLast);
      }
      for (const { request, verdict } of verdicts) {
        const arrival = arrivals.end(request);
        if (verdict.kind === 'complete' || verdict.kind === 'changed') delivered.push(arrival.finish());
        else {
          arrival.discard();
          failed.push({ uid: arrival.message.uid, verdict });
        }
      }
      recycle?.();
    }
    await makeDurable(
      folder,
      delivered.map(({ temporary }) => temporary),
    );
  } catch (error) {
    arrivals.discard();
    throw errnoFault(error, 'write', folder);
  }
  return { delivered: delivered.sort((left, right) => left.message.uid - right.message.uid), failed };
};

/** What has begun to come, by its request. */
class Arrivals {
  readonly #folder: string;
  readonly #place: DeliveryPlace;
  readonly #messages: readonly FreshMessage[];
  readonly #open = new Map<number, Arrival>();

  constructor(folder: string, place: DeliveryPlace, messages: readonly FreshMessage[]) {
    this.#folder = folder;
    this.#place = place;
    this.#messages = messages;
  }

  of(request: number): Arrival {
    const known = this.#open.get(request);
    if (known !== undefined) return known;
    const message = this.#messages[request];
    if (message === undefined) throw new Fault('internal', 'a message came that was not asked for');
    const { folder, mark } = this.#place;
    const name = `${folder.uidValidity}.${message.uid}.${mark}.mailkeep`;
    const arrival = new Arrival(message, join(this.#folder, name));
    this.#open.set(request, arrival);
    return arrival;
  }

  end(request: number): Arrival {
    const arrival = this.of(request);
    this.#open.delete(request);
    return arrival;
  }

  discard(): void {
    for (const arrival of this.#open.values()) arrival.discard();
  }
}

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
