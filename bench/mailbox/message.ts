import type { MailboxKind } from './plan.ts';
import type { Random } from './random.ts';
import { type Body, englishLines, htmlBody, iso2022jp, japaneseBody, japaneseWords16, words } from './text.ts';

export interface Attachment {
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
}

export interface MessageOrder {
  readonly kind: MailboxKind;
  /** Stretches bodies and attachments. */
  readonly scale: number;
  /** Decides what the sender wrote: equal streams give equal messages but for the delivery headers. */
  readonly content: Random;
  /** Decides the headers that the last hop adds. */
  readonly delivery: Random;
  /** When it was sent, in seconds of Unix time. */
  readonly sent: number;
  readonly recipient: string;
  readonly attachment: (content: Random) => Attachment;
}

const largestAttachment = 12_000_000;
const senderHosts = ['mail.example.net', 'mx3.example.org', 'smtp-out.example.co.jp', 'lists.example.edu'];

/** A message as Dovecot keeps it: LF at the ends of lines. */
export function composeMessage(order: MessageOrder): Buffer {
  const { content, kind } = order;
  const host = content.pick(senderHosts);
  const sender = `${words(content, 1)}.${words(content, 1)}@${host}`;
  const head = `${deliveryHeaders(order, sender)}${contentHeaders(order, sender, host)}`;
  const parts = kind === 'tiny' ? plainPart(order, 950) : bodyParts(order);
  return Buffer.concat([Buffer.from(head, 'latin1'), ...parts]);
}

/** What the receiving host prepends, different in each mailbox for the same message. */
function deliveryHeaders({ delivery, recipient, sent }: MessageOrder, sender: string): string {
  const date = dateHeader(sent + 1 + delivery.below(20));
  return `Return-Path: <${sender}>
Delivered-To: ${recipient}
Received: from mx1.example.com ([10.0.0.${1 + delivery.below(9)}])
\tby backend${1 + delivery.below(4)}.example.com with LMTP
\tid ${token(delivery, 22)}
\t(envelope-from <${sender}>)
\tfor <${recipient}>; ${date}
`;
}

/** Everything that left the sender's side: the same in each copy. */
function contentHeaders({ content, kind, sent }: MessageOrder, sender: string, host: string): string {
  const hops = kind === 'tiny' ? 1 : 1 + content.below(4);
  let text = '';
  for (let hop = hops; hop > 0; hop--) {
    text += `Received: from relay${hop}.${host} (relay${hop}.${host} [192.0.2.${content.below(256)}])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\tby ${hop === 1 ? 'mx1.example.com' : `relay${hop - 1}.${host}`} (Postfix) with ESMTPS id ${token(content, 11)}
\tfor <someone@example.com>; ${dateHeader(sent - hop)}
`;
  }
  if (kind !== 'tiny') text += signatureHeaders(content, host, sent);
  text += `Date: ${dateHeader(sent - hops - content.below(30))}
From: ${words(content, 2)} <${sender}>
To: ${words(content, 2)} <someone@example.com>
Subject: ${subject(content)}
Message-ID: <${token(content, 16)}.${sent}@${host}>
MIME-Version: 1.0
`;
  if (content.unit() < 0.4) {
    text += `In-Reply-To: <${token(content, 20)}@${host}>
References: <${token(content, 20)}@${host}>
\t<${token(content, 20)}@${host}>
`;
  }
  if (content.unit() < 0.5) text += `X-Mailer: ${words(content, 1)} ${content.below(20)}.${content.below(10)}\n`;
  return text;
}

function signatureHeaders(content: Random, host: string, sent: number): string {
  const signature =
    content
      .bytes(256)
      .toString('base64')
      .match(/.{1,70}/g) ?? [];
  return `Authentication-Results: mx1.example.com;
\tdkim=pass (2048-bit key; unprotected) header.d=${host} header.i=@${host} header.a=rsa-sha256 header.s=s1;
\tdkim-atps=neutral
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${host}; s=s1; t=${sent};
\th=from:to:subject:date:message-id:mime-version:content-type;
\tbh=${content.bytes(32).toString('base64')};
\tb=${signature.join('\n\t ')}
X-Spam-Status: No, score=${(content.unit() * 5 - 3).toFixed(1)} required=5.0 tests=BAYES_00,DKIM_SIGNED,
\tDKIM_VALID,DKIM_VALID_AU,RCVD_IN_DNSWL_NONE,SPF_PASS autolearn=ham version=3.4.6
`;
}

function subject(content: Random): string {
  const choice = content.unit();
  if (choice < 0.6) return `${content.unit() < 0.4 ? 'Re: ' : ''}${words(content, 3 + content.below(6))}`;
  const text = japaneseWords16(content, 3);
  return choice < 0.8
    ? `=?UTF-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`
    : `=?ISO-2022-JP?B?${Buffer.from(iso2022jp(text), 'latin1').toString('base64')}?=`;
}

function bodyParts(order: MessageOrder): Buffer[] {
  const { content } = order;
  const choice = content.unit();
  if (choice < 0.4) return plainPart(order, content.logNormal(1800, 0.8));
  if (choice < 0.87) return alternativePart(order);
  return mixedPart(order);
}

/** The rest of a message (or a part of one) from its Content-Type on: text only. */
function plainPart(order: MessageOrder, size: number): Buffer[] {
  const body = textBody(order.content, size * order.scale);
  const encoded = body.charset === 'utf-8' && order.content.unit() < 0.5;
  const encoding = encoded ? 'base64' : body.charset === 'utf-8' ? '8bit' : '7bit';
  const bytes = Buffer.from(body.text, 'latin1');
  return [
    ascii(`Content-Type: text/plain; charset=${body.charset}\nContent-Transfer-Encoding: ${encoding}\n\n`),
    encoded ? base64Lines(bytes) : bytes,
  ];
}

function textBody(content: Random, size: number): Body {
  const choice = content.unit();
  if (choice < 0.65) return { charset: 'us-ascii', text: englishLines(content, size) };
  return japaneseBody(content, size, choice < 0.85 ? 'utf-8' : 'iso-2022-jp');
}

function alternativePart(order: MessageOrder): Buffer[] {
  const { content, scale } = order;
  const boundary = `----=_Alt_${token(content, 24)}`;
  return [
    ascii(`Content-Type: multipart/alternative;\n boundary="${boundary}"\n\n--${boundary}\n`),
    ...plainPart(order, content.logNormal(2000, 0.7)),
    ascii(`\n--${boundary}\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n`),
    ascii(htmlBody(content, content.logNormal(9000, 0.7) * scale)),
    ascii(`\n--${boundary}--\n`),
  ];
}

function mixedPart(order: MessageOrder): Buffer[] {
  const { content } = order;
  // The boundary belongs to the sending client: the same file in another message is wrapped in another one.
  const boundary = `=_${token(content, 32)}`;
  const parts = [
    ascii(`Content-Type: multipart/mixed;\n boundary="${boundary}"\n\nThis is a multi-part message.\n--${boundary}\n`),
    ...plainPart(order, content.logNormal(1200, 0.7)),
  ];
  const count = content.unit() < 0.75 ? 1 : 2 + content.below(2);
  for (let index = 0; index < count; index++) {
    const { name, type, bytes } = order.attachment(content);
    parts.push(
      ascii(`\n--${boundary}
Content-Type: ${type}; name="${name}"
Content-Disposition: attachment; filename="${name}"
Content-Transfer-Encoding: base64

`),
      base64Lines(bytes),
    );
  }
  return [...parts, ascii(`\n--${boundary}--\n`)];
}

/** A file to attach: mostly compressed formats, as people send them; one in ten is text. */
export function makeAttachment(random: Random, scale: number): Attachment {
  const choice = random.unit();
  const name = words(random, 1 + random.below(2)).replaceAll(' ', '_');
  const sized = (median: number): number =>
    Math.min(largestAttachment, Math.max(200, Math.round(random.logNormal(median, 1.2) * scale)));
  if (choice < 0.45) return { name: `${name}.jpg`, type: 'image/jpeg', bytes: random.bytes(sized(52_000)) };
  if (choice < 0.7) return { name: `${name}.pdf`, type: 'application/pdf', bytes: pdfLike(random, sized(37_000)) };
  if (choice < 0.9) {
    const type = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
    return { name: `${name}.docx`, type, bytes: random.bytes(sized(20_000)) };
  }
  return { name: `${name}.csv`, type: 'text/csv', bytes: ascii(englishLines(random, sized(12_000))) };
}

/** Compressed streams between short readable objects. */
function pdfLike(random: Random, size: number): Buffer {
  const parts: Buffer[] = [ascii('%PDF-1.5\n')];
  for (let length = 0, object = 1; length < size; object++) {
    const stream = random.bytes(Math.min(6000, size));
    parts.push(ascii(`${object} 0 obj\n<< /Filter /FlateDecode /Length ${stream.length} >>\nstream\n`), stream);
    parts.push(ascii('\nendstream\nendobj\n'));
    length += stream.length + 90;
  }
  return Buffer.concat(parts);
}

/** Base64 in lines of 76 columns, each with its LF. */
export function base64Lines(bytes: Buffer): Buffer {
  const columns = 76;
  const flat = Buffer.from(bytes.toString('base64'), 'latin1');
  const lines = Buffer.allocUnsafe(flat.length + Math.ceil(flat.length / columns));
  let to = 0;
  for (let from = 0; from < flat.length; from += columns) {
    to += flat.copy(lines, to, from, Math.min(from + columns, flat.length));
    lines[to++] = 0x0a;
  }
  return lines;
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function token(random: Random, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) text += letters.charAt(random.below(letters.length));
  return text;
}

/** `Sat, 21 Nov 2020 06:27:52 +0900` (RFC 5322). */
function dateHeader(seconds: number): string {
  const shifted = new Date((seconds + 9 * 3600) * 1000).toUTCString();
  return shifted.replace('GMT', '+0900');
}
