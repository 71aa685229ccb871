import { endOfField, latin1 } from './header-fields.ts';
import { afterLineBreak, delimiterAt, findDelimiter, isBlank, isLineBreak } from './mime-boundary.ts';
import { parseParameters } from './parameters.ts';

/** A part that has no parts itself: its encoded body from the first byte to the last, without the line breaks around it. */
export interface Leaf {
  readonly start: number;
  readonly end: number;
  /** Lower case, such as `image/png`; `text/plain` where none is named. */
  readonly type: string;
  /** The Content-Transfer-Encoding in lower case; empty where none is named. */
  readonly encoding: string;
  /** Content-Type and Content-Disposition as they stand there: unfolded, one character a byte; empty if there is none. */
  readonly contentType: string;
  readonly disposition: string;
}

/** Whether the Content-Disposition says that it is an attachment. */
export const isAttached = (leaf: Leaf): boolean => /^\s*attachment\b/i.test(leaf.disposition);

/** Multiparts deeper than this are taken as one leaf: honest mail is about five deep. */
const maximumDepth = 32;
/** A header block longer than this ends there. */
const maximumHeaderBytes = 256 * 1024;
const maximumFieldBytes = 8 * 1024;

interface EntityHeader {
  readonly bodyStart: number;
  /** The value of Content-Type as it stands there, unfolded; empty if there is none. */
  readonly contentType: string;
  readonly type: string;
  readonly encoding: string;
  readonly disposition: string;
}

/**
 * Walks a message (RFC 5322, RFC 2045, RFC 2046) and names its leaves in order, until `visit` answers `false`. Line
 * breaks may be LF, CRLF, bare CR or a mixture; boundaries may be quoted, folded or split (RFC 2231); parts may be
 * unterminated. Attached messages are walked into. Takes linear time and never throws.
 *
 * Returns where the message's own body starts: the first byte after the empty line that ends the header.
 */
export const walkLeaves = (message: Uint8Array, visit: (leaf: Leaf) => boolean): number => {
  const boundaries: Uint8Array[] = [];
  const top = readEntityHeader(message, 0, boundaries);
  let entity: EntityHeader | undefined = top;
  let at = top.bodyStart;
  for (;;) {
    if (entity !== undefined) {
      entity = insideAttachedMessages(message, entity, boundaries);
      at = entity.bodyStart;
      // What stands between a multipart's header and its first delimiter is preamble, no leaf.
      if (openMultipart(entity, boundaries)) entity = undefined;
    }
    const delimiter = findDelimiter(message, at, boundaries);
    const leaf = entity && leafOf(message, entity, delimiter?.lineStart);
    if (leaf !== undefined && leaf.end > leaf.start && !visit(leaf)) break;
    if (delimiter === undefined) break;
    boundaries.length = delimiter.closing ? delimiter.level : delimiter.level + 1;
    at = delimiter.lineEnd;
    entity = delimiter.closing ? undefined : readEntityHeader(message, at, boundaries);
  }
  return top.bodyStart;
};

const insideAttachedMessages = (
  message: Uint8Array,
  outer: EntityHeader,
  boundaries: readonly Uint8Array[],
): EntityHeader => {
  let entity = outer;
  while (entity.type === 'message/rfc822' && !isEncoded(entity.encoding)) {
    entity = readEntityHeader(message, entity.bodyStart, boundaries);
  }
  return entity;
};

const isEncoded = (encoding: string): boolean => encoding === 'base64' || encoding === 'quoted-printable';

/** Whether it is a multipart whose parts can be told; then its boundary is now the innermost. */
const openMultipart = (entity: EntityHeader, boundaries: Uint8Array[]): boolean => {
  if (!entity.type.startsWith('multipart/') || boundaries.length >= maximumDepth) return false;
  const boundary = parseParameters(entity.contentType).parameters.get('boundary')?.trimEnd() ?? '';
  if (boundary === '') return false;
  boundaries.push(Uint8Array.from(boundary, (character) => character.charCodeAt(0)));
  return true;
};

/** The body without the white space around it: encoders differ in the empty lines that they leave there. */
const leafOf = (message: Uint8Array, entity: EntityHeader, delimiterStart: number | undefined): Leaf => {
  const { type, encoding, contentType, disposition } = entity;
  const kind = { type, encoding, contentType, disposition };
  // Without a delimiter the message ends with this body, and what is left behind it would be a piece of its own.
  if (delimiterStart === undefined) {
    return { start: entity.bodyStart, end: message.length, ...kind };
  }
  const isSpace = (byte: number | undefined): boolean => isLineBreak(byte) || isBlank(byte);
  let start = entity.bodyStart;
  let end = delimiterStart;
  while (end > start && isSpace(message[end - 1])) end--;
  while (start < end && isSpace(message[start])) start++;
  return { start, end, ...kind };
};

/** Reads a header block up to its empty line, the next delimiter, or the end. */
const readEntityHeader = (message: Uint8Array, from: number, boundaries: readonly Uint8Array[]): EntityHeader => {
  const limit = Math.min(message.length, from + maximumHeaderBytes);
  let contentType: string | undefined;
  let encoding: string | undefined;
  let disposition: string | undefined;
  let at = from;
  while (at < limit) {
    if (isLineBreak(message[at])) {
      at = afterLineBreak(message, at);
      break;
    }
    if (delimiterAt(message, at, boundaries) !== undefined) break;
    const next = endOfField(message, at, limit);
    // Content-…: the only fields that matter here.
    if (message[at + 7] === 0x2d && ((message[at] ?? 0) | 0x20) === 0x63) {
      const field = fieldOf(message, at, next);
      if (field?.name === 'content-type') contentType ??= field.value;
      else if (field?.name === 'content-transfer-encoding') encoding ??= field.value;
      else if (field?.name === 'content-disposition') disposition ??= field.value;
    }
    at = next;
  }
  return {
    bodyStart: at,
    contentType: contentType ?? '',
    type: /^\s*([^\s;]+)/.exec(contentType ?? '')?.[1]?.toLowerCase() ?? 'text/plain',
    encoding: encoding?.trim().toLowerCase() ?? '',
    disposition: disposition ?? '',
  };
};

/** A field's lower-case name and unfolded value, one character a byte. */
const fieldOf = (
  message: Uint8Array,
  start: number,
  end: number,
): { readonly name: string; readonly value: string } | undefined => {
  const text = latin1(message.subarray(start, Math.min(end, start + maximumFieldBytes)));
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { name: text.slice(0, colon).trimEnd().toLowerCase(), value: text.slice(colon + 1).replace(/[\r\n]+/g, '') };
};
