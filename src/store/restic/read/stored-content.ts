import { hash } from 'node:crypto';
import type { Content } from '../../../contract/source.ts';

const idLength = 32;

/** The ids of the blobs of a snapshot's content; undefined for one that is not a snapshot's. */
const idsOf = (content: Content): Uint8Array | undefined =>
  content.kind === 'delivered' && content.key instanceof Uint8Array ? content.key : undefined;

/** A short text that is the same for equal lists of blobs, and no others. */
export const identityOfContent = (content: Content): string | undefined => {
  const ids = idsOf(content);
  if (ids === undefined) return undefined;
  const digest = ids.length === idLength ? ids : hash('sha256', ids, 'buffer');
  return Buffer.from(digest.buffer, digest.byteOffset, 16).toString('latin1');
};

/** The first blob alone: of a message it holds the header, whether it was cut by us or by restic. */
export const beginningOfContent = (content: Content): Content => {
  const ids = idsOf(content);
  return ids === undefined ? content : { kind: 'delivered', key: ids.subarray(0, idLength) };
};
