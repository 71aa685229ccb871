import type { Nanoseconds } from '../model/entry.ts';
import { formatAddress } from './address.ts';
import { messageIdOf } from './header.ts';
import type { MessageHeader } from './header.ts';
import { foldForSearch } from './search-text.ts';

/** What a message must be like; everything that is given must hold. Texts are found anywhere, in either case and width. */
export interface SearchQuery {
  readonly from?: string;
  /** Among To, Cc and Bcc. */
  readonly to?: string;
  readonly subject?: string;
  /** Anywhere in the sender, the recipients, the subject or the Message-ID; every word of it. */
  readonly text?: string;
  /** Exactly this one, with or without angle brackets. */
  readonly messageId?: string;
  /** Not before this moment. */
  readonly since?: Nanoseconds;
  /** Before this moment. */
  readonly before?: Nanoseconds;
}

/** A test for headers. A message without a usable date is in no period of time. */
export const compileSearch = (query: SearchQuery): ((header: MessageHeader) => boolean) => {
  const tests: ((header: MessageHeader) => boolean)[] = [];
  const { from, to, subject, text, messageId, since, before } = query;
  if (from !== undefined) tests.push(contains(from, senders));
  if (to !== undefined) tests.push(contains(to, recipients));
  if (subject !== undefined) tests.push(contains(subject, (header) => header.subject));
  for (const word of text === undefined ? [] : foldForSearch(text).split(' ')) tests.push(contains(word, everything));
  if (messageId !== undefined) {
    const wanted = messageIdOf(messageId);
    tests.push((header) => header.messageId === wanted);
  }
  if (since !== undefined) tests.push(({ date }) => date !== undefined && date.nanoseconds >= since);
  if (before !== undefined) tests.push(({ date }) => date !== undefined && date.nanoseconds < before);
  return (header) => tests.every((holds) => holds(header));
};

const contains = (sought: string, textOf: (header: MessageHeader) => string): ((header: MessageHeader) => boolean) => {
  const wanted = foldForSearch(sought);
  return (header) => foldForSearch(textOf(header)).includes(wanted);
};

const senders = (header: MessageHeader): string => header.from.map(formatAddress).join('\n');

const recipients = (header: MessageHeader): string =>
  [header.to, header.cc, header.bcc].flat().map(formatAddress).join('\n');

const everything = (header: MessageHeader): string =>
  [senders(header), recipients(header), header.subject, header.messageId].join('\n');
