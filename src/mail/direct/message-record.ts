import { isNumber32 } from './block-name.ts';
import { type Fields, isFields, numberField, textField, textsField } from './json-fields.ts';

/** What is known of a message beside its file: a line of `messages.jsonl`. */
export interface MessageRecord {
  readonly uid: number;
  /** Of the CRLF form; 64 hexadecimal digits. */
  readonly sha256: string;
  /** RFC822.SIZE where it differs from the bytes that came. */
  readonly size?: number;
  /** Minutes east of UTC of INTERNALDATE's zone, where that is not 0. */
  readonly date?: number;
  /** All keywords as the server spells them, `$Forwarded` too, and flags that Maildir has no letter for; sorted. */
  readonly keywords?: readonly string[];
  /** EMAILID and THREADID of RFC 8474, or X-GM-MSGID and X-GM-THRID. */
  readonly emailId?: string;
  readonly threadId?: string;
  /** X-GM-LABELS, sorted. */
  readonly labels?: readonly string[];
  /** In a mirror: which body under this UID the digest is of, where that is not the first. */
  readonly body?: number;
}

const encoder = new TextEncoder();

const sorted = (texts: readonly string[] | undefined): readonly string[] | undefined =>
  texts === undefined || texts.length === 0 ? undefined : [...texts].sort();

const lineOf = ({ uid, sha256, size, date, keywords, emailId, threadId, labels, body }: MessageRecord): string =>
  `${JSON.stringify({
    uid,
    sha256,
    size,
    date: date === 0 ? undefined : date,
    keywords: sorted(keywords),
    emailId,
    threadId,
    labels: sorted(labels),
    body,
  })}\n`;

/** A line a message, in the order in which they come, which is that of their UIDs. The same bytes for the same records. */
export const encodeMessageRecords = (records: Iterable<MessageRecord>): Uint8Array => {
  let text = '';
  for (const record of records) text += lineOf(record);
  return encoder.encode(text);
};

/** Takes the bytes of `messages.jsonl` in pieces. A line that cannot be read is counted and passed over. */
export interface MessageRecordReader {
  push(bytes: Uint8Array): readonly MessageRecord[];
  /** What an unfinished last line holds. */
  end(): readonly MessageRecord[];
  readonly unreadable: number;
}

export const createMessageRecordReader = (): MessageRecordReader => {
  const decoder = new TextDecoder();
  let rest = '';
  let unreadable = 0;
  const read = (lines: readonly string[]): readonly MessageRecord[] =>
    lines.flatMap((line) => {
      if (line === '') return [];
      const record = parseLine(line);
      if (record === undefined) unreadable++;
      return record ?? [];
    });
  return {
    push(bytes) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      return read(lines);
    },
    end() {
      const last = rest + decoder.decode();
      rest = '';
      return read([last]);
    },
    get unreadable() {
      return unreadable;
    },
  };
};

/** All records of one block, and how many lines could not be read. */
export const parseMessageRecords = (
  bytes: Uint8Array,
): { readonly records: readonly MessageRecord[]; readonly unreadable: number } => {
  const reader = createMessageRecordReader();
  const records = [...reader.push(bytes), ...reader.end()];
  return { records, unreadable: reader.unreadable };
};

const parseLine = (line: string): MessageRecord | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isFields(value) ? parseRecord(value) : undefined;
};

const parseRecord = (fields: Fields): MessageRecord | undefined => {
  const [uid, sha256] = [numberField(fields, 'uid'), textField(fields, 'sha256')];
  if (uid === undefined || !isNumber32(uid) || sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  const size = numberField(fields, 'size');
  const date = fields['date'];
  const [keywords, labels] = [textsField(fields, 'keywords'), textsField(fields, 'labels')];
  const [emailId, threadId] = [textField(fields, 'emailId'), textField(fields, 'threadId')];
  const body = numberField(fields, 'body');
  return {
    uid,
    sha256,
    ...(size === undefined ? {} : { size }),
    ...(typeof date === 'number' && Number.isInteger(date) && Math.abs(date) < 1440 ? { date } : {}),
    ...(keywords.length === 0 ? {} : { keywords }),
    ...(emailId === undefined ? {} : { emailId }),
    ...(threadId === undefined ? {} : { threadId }),
    ...(labels.length === 0 ? {} : { labels }),
    ...(body === undefined ? {} : { body }),
  };
};
