import type { FolderNames } from '../scan/open-folder.ts';

/** A message whose bytes are asked for, and how far that has come. */
export interface WantedMessage {
  /** Index into the requests. */
  readonly request: number;
  readonly uid: number;
  /** RFC822.SIZE: for the size of batches only. */
  readonly size: number;
  /** Bytes that were delivered already. After a lost connection it goes on there. */
  position: number;
  /** Delivered to the end of a literal: its answer, and so its verdict, may still be to come. */
  isWhole: boolean;
  /** How often it was asked for. */
  attempts: number;
  /** It came empty once although it should not be. */
  wasEmpty: boolean;
}

/** Messages of one folder that are asked for in one command. */
export interface Batch {
  readonly folder: FolderNames;
  readonly uidValidity: number;
  readonly messages: readonly WantedMessage[];
}

/** The store holds each message that has begun until its verdict, so batches are bounded by bytes. */
const batchBytes = 2 * 1_048_576;
const batchMessages = 100;

/** In the order given; a message whose beginning is there already goes alone, and so does a large one. */
export function* batchesOf(
  folder: FolderNames,
  uidValidity: number,
  messages: readonly WantedMessage[],
): Generator<Batch, void> {
  let batch: WantedMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const isFull = batch.length >= batchMessages || (batch.length > 0 && bytes + message.size > batchBytes);
    if (isFull) {
      yield { folder, uidValidity, messages: batch };
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += message.size;
  }
  if (batch.length > 0) yield { folder, uidValidity, messages: batch };
}

export const aloneBatch = ({ folder, uidValidity }: Batch, message: WantedMessage): Batch => ({
  folder,
  uidValidity,
  messages: [message],
});
