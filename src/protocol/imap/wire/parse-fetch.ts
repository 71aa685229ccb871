import type { ByteString } from '../../../model/byte-string.ts';
import { type Cursor, contentMark, isList, isText } from './cursor.ts';
import { createFlagReader } from './flag-set.ts';
import { createDateReader } from './internal-date.ts';
import { misbehaved } from './limits.ts';
import type { FetchedMessage } from './response.ts';

const open = 0x28;
const close = 0x29;
const quote = 0x22;

const emptyMessage = (sequence: number): FetchedMessage => ({
  sequence,
  uid: undefined,
  flags: undefined,
  size: undefined,
  date: undefined,
  modseq: undefined,
  emailId: undefined,
  threadId: undefined,
  gmailMessageId: undefined,
  gmailThreadId: undefined,
  labels: undefined,
  contentBytes: undefined,
  contentOrigin: undefined,
  header: undefined,
});

export interface ParsedFetch {
  readonly message: FetchedMessage;
  /** A whole content that came as a quoted string instead of a literal. */
  readonly inline: ByteString | undefined;
}

/** Reads the list of a FETCH response, `(UID 5 FLAGS (\Seen))`. This is the hot path: a mailbox has 500,000 of them. */
export class FetchParser {
  readonly #flags = createFlagReader();
  readonly #date = createDateReader();
  #inline: ByteString | undefined;

  /** `partial`: it ends where a content begins, and so does the reading. */
  parse(cursor: Cursor, sequence: number, partial: boolean): ParsedFetch {
    const message = emptyMessage(sequence);
    this.#inline = undefined;
    cursor.skipSpaces();
    cursor.expect(open);
    for (cursor.skipSpaces(); !cursor.takes(close); cursor.skipSpaces()) {
      if (cursor.ended && partial) break;
      if (cursor.ended) throw misbehaved(`a FETCH response does not end: ${cursor.around()}`);
      this.#item(cursor, message, partial);
    }
    return { message, inline: this.#inline };
  }

  #item(cursor: Cursor, message: FetchedMessage, partial: boolean): void {
    const start = cursor.at;
    const { bytes } = cursor;
    let end = start;
    // Names hold letters, digits, `.`, `-`; a bracket opens the section of BODY.
    while (end < cursor.end) {
      const byte = bytes[end] ?? 0;
      if (byte === 0x20 || byte === open || byte === close || byte === 0x5b) break;
      end++;
    }
    if (end === start) throw misbehaved(`a FETCH response has no name in ${cursor.around()}`);
    cursor.at = end;
    if (cursor.peek() === 0x5b) {
      this.#section(cursor, message, partial);
      return;
    }
    cursor.skipSpaces();
    if (cursor.is(start, end, 'UID')) message.uid = cursor.number();
    else if (cursor.is(start, end, 'FLAGS')) this.#flagList(cursor, message);
    else if (cursor.is(start, end, 'MODSEQ')) this.#modseq(cursor, message);
    else if (cursor.is(start, end, 'RFC822.SIZE')) message.size = cursor.number();
    else if (cursor.is(start, end, 'INTERNALDATE')) this.#internalDate(cursor, message);
    else if (cursor.is(start, end, 'RFC822')) this.#content(cursor, message);
    else rareItem(cursor, message, bytes.toString('latin1', start, end).toUpperCase());
  }

  #flagList(cursor: Cursor, message: FetchedMessage): void {
    if (cursor.peek() !== open) {
      cursor.string();
      message.flags = this.#flags('');
      return;
    }
    const start = cursor.at + 1;
    const end = cursor.bytes.indexOf(close, start);
    if (end < 0 || end >= cursor.end) throw misbehaved(`FLAGS do not end in ${cursor.around()}`);
    cursor.at = end + 1;
    message.flags = this.#flags(cursor.bytes.toString('latin1', start, end));
  }

  #modseq(cursor: Cursor, message: FetchedMessage): void {
    const inList = cursor.takes(open);
    message.modseq = cursor.bigNumber();
    if (inList) cursor.expect(close);
  }

  #internalDate(cursor: Cursor, message: FetchedMessage): void {
    if (cursor.peek() !== quote) {
      message.date = this.#date(cursor.string() ?? '');
      return;
    }
    const start = cursor.at + 1;
    const end = cursor.bytes.indexOf(quote, start);
    if (end < 0 || end >= cursor.end) throw misbehaved(`a date does not end in ${cursor.around()}`);
    cursor.at = end + 1;
    message.date = this.#date(cursor.bytes.toString('latin1', start, end));
  }

  /** `[]`, `[]<0>` or `[HEADER.FIELDS (DATE)]` and what follows it. */
  #section(cursor: Cursor, message: FetchedMessage, partial: boolean): void {
    const section = cursor.word();
    const content = /^\[\](?:<(\d{1,15})>)?$/.exec(section);
    if (content?.[1] !== undefined) message.contentOrigin = Number(content[1]);
    cursor.skipSpaces();
    if (cursor.ended && partial) return;
    if (content !== null) this.#content(cursor, message);
    else message.header = cursor.string();
  }

  #content(cursor: Cursor, message: FetchedMessage): void {
    if (cursor.ended) return;
    if (cursor.takes(contentMark)) {
      message.contentBytes = cursor.number();
      return;
    }
    const text = cursor.string();
    if (text === undefined) return;
    message.contentBytes = text.length;
    this.#inline = text;
  }
}

const rareItem = (cursor: Cursor, message: FetchedMessage, name: string): void => {
  const value = cursor.value();
  switch (name) {
    case 'EMAILID':
      message.emailId = textOf(value);
      break;
    case 'THREADID':
      message.threadId = textOf(value);
      break;
    case 'X-GM-MSGID':
      message.gmailMessageId = textOf(value);
      break;
    case 'X-GM-THRID':
      message.gmailThreadId = textOf(value);
      break;
    case 'X-GM-LABELS':
      message.labels = isList(value) ? value.filter(isText) : [];
      break;
    default:
  }
};

/** `(M123)` and `M123` alike. */
const textOf = (value: ReturnType<Cursor['value']>): ByteString | undefined => {
  const [first] = isList(value) ? value : [value];
  return isText(first) ? first : undefined;
};
