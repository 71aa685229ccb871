import type { BrowsedContent } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import { formBytes, isCompressed, storedFormOf } from '../../mail/stored-form.ts';
import { logicalMessage, logicalPieces } from './logical-message.ts';

/** A larger message is given as it is stored. */
const largestMessage = 256 * 1024 * 1024;

/**
 * The bytes of a message as a mail client sees it. One that the mail server compressed is decompressed into memory; one that
 * cannot be read here is given as it is stored.
 */
export const logicalContent = async (stored: BrowsedContent, run: Run): Promise<BrowsedContent> => {
  const form = storedFormOf(await read(stored, formBytes, run));
  if (!isCompressed(form) || stored.size > largestMessage) return stored;
  const whole = await logicalMessage(await read(stored, stored.size, run), largestMessage);
  return {
    size: whole.length,
    async *read(start, end) {
      const piece = whole.subarray(start, end);
      if (piece.length > 0) yield piece;
    },
  };
};

const read = async (content: BrowsedContent, end: number, run: Run): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  for await (const bytes of content.read(0, end, run)) pieces.push(bytes);
  return Buffer.concat(pieces);
};

/** How many bytes a message has when it is decompressed; nothing of it is kept. */
export const logicalSize = async (stored: BrowsedContent, run: Run): Promise<number> => {
  let size = 0;
  for await (const bytes of logicalPieces(stored.read(0, stored.size, run))) size += bytes.length;
  return size;
};
