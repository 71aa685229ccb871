import type { Email } from 'postal-mime';
import { formatAddress } from './address.ts';
import type { Address } from './address.ts';
import { decodeText, guessText } from './charset.ts';
import { bytesOfBase64, bytesOfQuotedPrintable } from './encoded-word.ts';
import { latin1 } from './header-fields.ts';
import { attachmentName, readHeader } from './header.ts';
import type { MessageHeader } from './header.ts';
import { textOfHtml } from './html-text.ts';
import { isAttached, walkLeaves } from './mime-leaves.ts';
import type { Leaf } from './mime-leaves.ts';
import { parseParameters } from './parameters.ts';
import { terminalLine, terminalText } from './terminal-text.ts';

export interface ListedAttachment {
  /** Decoded; empty if it has none. */
  readonly name: string;
  /** Such as `application/pdf`. */
  readonly type: string;
  /** Decoded bytes; of base64 as its length tells, without decoding it. */
  readonly bytes: number;
}

/** A message as a person reads it. Nothing in it is safe for a terminal yet; {@link formatReadable} makes it so. */
export interface ReadableMessage {
  readonly header: MessageHeader;
  readonly text: string;
  readonly attachments: readonly ListedAttachment[];
  /** There was more text, or more attachments, than are told here. */
  readonly shortened: boolean;
}

/** Longer text parts are cut off. */
const maximumTextBytes = 2 * 1024 * 1024;
const maximumAttachments = 1000;
/** More than this without attachments is not given to the library. */
const maximumParsedBytes = 16 * 1024 * 1024;

/**
 * Reads a message of any size. The library sees it without its attachments, of which only names, types and sizes are told;
 * where it refuses the message, the first text part is decoded here. Never rejects on account of the message.
 */
export const readMessage = async (message: Uint8Array): Promise<ReadableMessage> => {
  const leaves: Leaf[] = [];
  const bodyStart = walkLeaves(message, (leaf) => leaves.push(leaf) < 100_000);
  const attachments = leaves.filter(isAttachment);
  const reduced = withoutAttachments(message, leaves);
  const decoded = (await libraryText(reduced)) ?? firstText(message, leaves);
  // A multipart without its boundary has neither text nor attachments; then the body is shown as it is.
  const isLost = decoded.trim() === '' && attachments.length === 0;
  const text = isLost ? guessText(message.subarray(bodyStart, bodyStart + maximumTextBytes)) : decoded;
  return {
    header: readHeader(message),
    text,
    attachments: attachments.slice(0, maximumAttachments).map((leaf) => listed(message, leaf)),
    shortened:
      attachments.length > maximumAttachments ||
      leaves.some((leaf) => !isAttachment(leaf) && leaf.end - leaf.start > maximumTextBytes),
  };
};

/** The message for a terminal, ending in a line break: header lines, text, attachments. */
export const formatReadable = (message: ReadableMessage, formatSize: (bytes: number) => string): string => {
  const { header, attachments } = message;
  const addresses = (list: readonly Address[]): string => list.map(formatAddress).join(', ');
  const lines: readonly (readonly [string, string])[] = [
    ['From', addresses(header.from)],
    ['To', addresses(header.to)],
    ['Cc', addresses(header.cc)],
    ['Date', header.date === undefined ? '' : isoOf(header.date.nanoseconds, header.date.offsetMinutes)],
    ['Subject', header.subject],
    ['Message-ID', header.messageId],
    ...attachments.map(({ name, type, bytes }): readonly [string, string] => [
      'Attachment',
      `${name === '' ? '(no name)' : name} (${type}, ${formatSize(bytes)})`,
    ]),
  ];
  const head = lines.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${terminalLine(value)}\n`);
  const rest = message.shortened ? '\n[shortened: the whole of it is in the raw message]\n' : '';
  return `${head.join('')}\n${terminalText(message.text).trimEnd()}\n${rest}`;
};

/** `2025-11-07 03:00:00 +0900`: the sender's own clock. */
const isoOf = (nanoseconds: bigint, offsetMinutes: number): string => {
  const local = new Date(Number(nanoseconds / 1_000_000n) + offsetMinutes * 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const zone = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offsetMinutes) / 60))}${two(Math.abs(offsetMinutes) % 60)}`;
  return `${local.toISOString().slice(0, 19).replace('T', ' ')} ${zone}`;
};

const isAttachment = (leaf: Leaf): boolean =>
  isAttached(leaf) ||
  (leaf.type !== 'text/plain' && leaf.type !== 'text/html' && !leaf.type.startsWith('multipart/')) ||
  attachmentName(leaf.disposition, leaf.contentType) !== '';

const listed = (message: Uint8Array, leaf: Leaf): ListedAttachment => ({
  name: attachmentName(leaf.disposition, leaf.contentType),
  type: leaf.type,
  bytes: leaf.encoding === 'base64' ? base64Bytes(message, leaf) : leaf.end - leaf.start,
});

/** Counts by the form of the first line, so that a large body need not be read: every line is as long but the last. */
const base64Bytes = (message: Uint8Array, { start, end }: Leaf): number => {
  let lineEnd = start;
  while (lineEnd < end && (message[lineEnd] ?? 0) > 0x20) lineEnd++;
  let next = lineEnd;
  while (next < end && (message[next] ?? 0) <= 0x20) next++;
  const lines = next > start ? Math.floor((end - start) / (next - start)) : 0;
  const breaks = lines * (next - lineEnd);
  let padding = 0;
  while (padding < 2 && message[end - 1 - padding] === 0x3d) padding++;
  return Math.max(0, Math.floor(((end - start - breaks) * 3) / 4) - padding);
};

const withoutAttachments = (message: Uint8Array, leaves: readonly Leaf[]): Uint8Array => {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const leaf of leaves) {
    const keep = isAttachment(leaf) ? 0 : Math.min(leaf.end - leaf.start, maximumTextBytes);
    pieces.push(message.subarray(at, leaf.start + keep));
    at = leaf.end;
  }
  pieces.push(message.subarray(at));
  const reduced = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    reduced.set(piece, end);
    end += piece.length;
  }
  // The library takes only LF and CRLF for line breaks.
  return reduced.includes(0x0a) ? reduced : reduced.map((byte) => (byte === 0x0d ? 0x0a : byte));
};

const libraryText = async (reduced: Uint8Array): Promise<string | undefined> => {
  if (reduced.length > maximumParsedBytes) return undefined;
  const { default: PostalMime } = await import('postal-mime');
  let email: Email;
  try {
    email = await PostalMime.parse(reduced);
  } catch {
    // Malformed or deeper nested than the library takes: the caller decodes what it can.
    return undefined;
  }
  if (email.text !== undefined && email.text.trim() !== '') return email.text;
  return email.html === undefined || email.html.trim() === '' ? undefined : textOfHtml(email.html);
};

const firstText = (message: Uint8Array, leaves: readonly Leaf[]): string => {
  const texts = leaves.filter((leaf) => !isAttachment(leaf));
  const leaf = texts.find(({ type }) => type === 'text/plain') ?? texts[0];
  if (leaf === undefined) return '';
  const encoded = message.subarray(leaf.start, Math.min(leaf.end, leaf.start + maximumTextBytes));
  const text = decodeText(
    decodeBody(encoded, leaf.encoding),
    parseParameters(leaf.contentType).parameters.get('charset') ?? '',
  );
  return leaf.type === 'text/html' ? textOfHtml(text) : text;
};

const decodeBody = (bytes: Uint8Array, encoding: string): Uint8Array => {
  if (encoding === 'base64') return bytesOfBase64(latin1(bytes));
  return encoding === 'quoted-printable' ? bytesOfQuotedPrintable(latin1(bytes)) : bytes;
};
