import { type ByteString, byteStringOfText } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import type { MailboxMessage } from '../../mail/mailbox.ts';
import type { MessageHeader } from '../../mail/header.ts';
import type { StoredForm } from '../../mail/stored-form.ts';
import { longestName, safeText } from './safe-name.ts';

/** What of a header a name tells, ready for use. */
export interface MessageSummary {
  /** `2024-01-31`; undefined when the header has no date. */
  readonly day: string | undefined;
  readonly from: string;
  readonly subject: string;
  /** Bytes, where the file of the message has another size. */
  readonly size?: number;
}

/** Of a message that cannot be looked into. */
export const closedSummary = (form: StoredForm): MessageSummary => ({
  day: undefined,
  from: '',
  subject: form === 'encrypted' ? '(encrypted)' : `(${form})`,
});

const longestFrom = 48;

/** The day in the time zone of the moment itself; undefined outside of the years that four digits can tell. */
const dayOf = (nanoseconds: Nanoseconds, offsetMinutes: number): string | undefined => {
  const milliseconds = Number(nanoseconds / 1_000_000n) + offsetMinutes * 60_000;
  const isUsual = milliseconds >= -62_135_596_800_000 && milliseconds < 253_402_300_800_000;
  return isUsual ? new Date(milliseconds).toISOString().slice(0, 10) : undefined;
};

export const summaryOf = ({ date, from, subject }: MessageHeader): MessageSummary => {
  const [sender] = from;
  return {
    day: date === undefined ? undefined : dayOf(date.nanoseconds, date.offsetMinutes),
    from: safeText(sender === undefined ? '' : sender.name === '' ? sender.address : sender.name, longestFrom),
    subject: safeText(subject, longestName),
  };
};

/** Flags as words: as the file name has them, and `new` for what no mail client has seen yet. */
export const flagWords = ({ place, flags, otherFlags }: MailboxMessage): readonly string[] => [
  ...(place === 'new' ? ['new'] : []),
  ...flags,
  ...otherFlags,
];

/** What a person sees of the flags: that it is unread, and whatever else is out of the ordinary. */
const markOf = ({ place, flags }: MailboxMessage): string => {
  const marks = [
    ...(flags.includes('seen') && place === 'cur' ? [] : ['unread']),
    ...flags.filter((f) => f !== 'seen'),
  ];
  return marks.length === 0 ? '' : ` [${marks.join(' ')}]`;
};

export interface NamedMessage {
  /** From 1 on. */
  readonly number: number;
  /** How many digits numbers have in this folder. */
  readonly digits: number;
  readonly message: MailboxMessage;
  /** Undefined when the header could not be read. */
  readonly summary: MessageSummary | undefined;
  readonly modified: Nanoseconds;
}

/** `0042 2024-01-31 Alice Example Minutes of the meeting [unread flagged].eml`, at most 200 bytes of UTF-8. */
export const messageName = ({ number, digits, message, summary, modified }: NamedMessage): ByteString => {
  const day = summary?.day ?? dayOf(modified, 0);
  const head = [String(number).padStart(digits, '0'), day, summary?.from].filter(
    (part) => part !== undefined && part !== '',
  );
  const tail = `${markOf(message)}.eml`;
  const room = longestName - byteStringOfText(head.join(' ')).length - tail.length - 1;
  const subject = safeText(summary?.subject ?? '', room);
  return byteStringOfText(`${[...head, ...(subject === '' ? [] : [subject])].join(' ')}${tail}`);
};

/** The number that a name of `messageName` begins with; undefined for a name that cannot be one. */
export const numberOfName = (name: ByteString): number | undefined => {
  const digits = /^(\d{4,9}) .*\.eml$/s.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
};
