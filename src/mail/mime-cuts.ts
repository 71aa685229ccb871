import { afterLineBreak, isBlank, isLineBreak } from './mime-boundary.ts';
import { isAttached, walkLeaves } from './mime-leaves.ts';
import type { Leaf } from './mime-leaves.ts';

/**
 * A stretch of a message. `part` is a body worth a blob of its own, and starts where the same body starts in any other
 * message; `small` is what lies between. The segments of a message follow each other from 0 to its end. Either may be
 * longer than a content-defined chunk (`small`: many small parts in a row) and is then chunked from its own start.
 */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly kind: 'small' | 'part';
}

export interface MimeCutOptions {
  /** At most so many cuts in one message (64, at least 1); what follows the last one stays together. */
  readonly maximumCuts?: number;
}

const kibibyte = 1024;
/*
 * Estimated with zstd level 3 and 158 bytes for each further blob (32 envelope, 41 pack header, 50 index, 35 tree), on
 * generated messages with one attachment of random bytes that nobody else has: at this size it makes them 2.3 % larger
 * on average (4 % at worst), at twice the size 0.5 %, from 40 KiB on smaller, because base64 and text do better apart.
 * What compresses well costs more in proportion. Logos in signatures are of this size.
 */
const leastAttachment = 8 * kibibyte;
/** Text in base64 compresses better than a picture, so what a blob costs weighs more; an assumption, not measured. */
const leastEncodedText = 32 * kibibyte;
/** Readable text compresses to a quarter or so. */
const leastAttachedText = 48 * kibibyte;
/**
 * Readable text that is not attached is no part: text and HTML of one message share their words (one real message grew
 * by 19 % when they were parted). If there is so much of it, the header is cut off: a copy in another inbox costs its
 * header only. That cut costs about 220 bytes, 1.3 % of real messages of this size, up to 5 % of very repetitive ones.
 */
const leastBody = 48 * kibibyte;

/** The shortest message that can have a cut. */
export const leastMessage: number = leastAttachment;

/** How many bytes from the beginning {@link looksLikeMail} wants to see. */
export const mailProbeBytes: number = 4 * kibibyte;

/**
 * The offsets at which a message is cut, ascending, neither 0 nor its length. Empty for what is no mail or is better
 * kept whole. Where a body is cut depends on nothing but that body, so the same attachment is the same blob whatever
 * message, multipart and boundary surround it.
 */
export const mimeCuts = (message: Uint8Array, options: MimeCutOptions = {}): number[] =>
  mimeSegments(message, options)
    .slice(1)
    .map((segment) => segment.start);

/** The same as segments; together they are the whole message. An empty message has none. */
export const mimeSegments = (message: Uint8Array, options: MimeCutOptions = {}): Segment[] => {
  if (message.length === 0) return [];
  if (message.length < leastMessage || !looksLikeMail(message.subarray(0, mailProbeBytes))) {
    return [{ start: 0, end: message.length, kind: 'small' }];
  }
  // Two cuts for a part, one behind the header.
  const maximumParts = Math.floor(((options.maximumCuts ?? 64) - 1) / 2);
  const parts: Leaf[] = [];
  const bodyStart = walkLeaves(message, (leaf) => {
    if (parts.length < maximumParts && leaf.end - leaf.start >= leastLength(leaf)) parts.push(leaf);
    return parts.length < maximumParts;
  });
  return segmentsAround(parts, bodyStart, message.length);
};

const leastLength = (leaf: Leaf): number => {
  const { type, encoding } = leaf;
  const isText = /^(?:text|message|multipart)\//.test(type);
  if (encoding === 'base64') return isText ? leastEncodedText : leastAttachment;
  return isAttached(leaf) || !isText ? leastAttachedText : Infinity;
};

const segmentsAround = (parts: readonly Leaf[], bodyStart: number, length: number): Segment[] => {
  const segments: Segment[] = [];
  let at = 0;
  const addUpTo = (end: number, kind: Segment['kind']): void => {
    if (end > at) segments.push({ start: at, end, kind });
    at = Math.max(at, end);
  };
  if ((parts[0]?.start ?? length) - bodyStart >= leastBody) addUpTo(bodyStart, 'small');
  for (const part of parts) {
    addUpTo(part.start, 'small');
    addUpTo(part.end, 'part');
  }
  addUpTo(length, 'small');
  return segments;
};

const knownFields = new Set(
  (
    'received return-path delivered-to from to cc subject date message-id mime-version content-type reply-to sender ' +
    'envelope-to delivery-date dkim-signature arc-seal authentication-results'
  ).split(' '),
);
const colon = 0x3a;
const maximumName = 76;
/** Lines before the first known field; some programs put one of their own on top. */
const maximumStrangeLines = 20;

/**
 * A quick look at the first bytes of a file (some kilobytes, or all of it): whether it begins with header fields, one of
 * which mail has. A wrong yes costs the time of a parse, a wrong no leaves a message whole.
 */
export const looksLikeMail = (beginning: Uint8Array): boolean => {
  let at = 0;
  for (let line = 0; line < maximumStrangeLines && at < beginning.length; line++) {
    if (!isBlank(beginning[at]) || line === 0) {
      const name = fieldNameAt(beginning, at);
      if (name === undefined) return false;
      if (knownFields.has(name) || name.startsWith('x-')) return true;
    }
    while (at < beginning.length && !isLineBreak(beginning[at])) at++;
    at = afterLineBreak(beginning, at);
  }
  return false;
};

/** The field name in lower case; the `From ` line of an mbox counts as `from`. Undefined where no field starts. */
const fieldNameAt = (bytes: Uint8Array, start: number): string | undefined => {
  let at = start;
  while (at - start <= maximumName && (bytes[at] ?? 0) > 0x20 && (bytes[at] ?? 0) < 0x7f && bytes[at] !== colon) at++;
  const name = String.fromCharCode(...bytes.subarray(start, at)).toLowerCase();
  if (name === '') return undefined;
  if (start === 0 && isBlank(bytes[at]) && /^>?from$/.test(name)) return 'from';
  while (isBlank(bytes[at])) at++;
  return bytes[at] === colon ? name : undefined;
};
