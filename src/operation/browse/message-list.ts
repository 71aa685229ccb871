import type { BrowsableSnapshot, BrowsedFile, StoredFolder } from '../../contract/browse.ts';
import type { Content } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, compareBytes } from '../../model/byte-string.ts';
import type { Nanoseconds, Path } from '../../model/entry.ts';
import { type MailboxMessage, messagesIn } from '../../mail/mailbox.ts';
import { headerBytes, readHeader } from '../../mail/header.ts';
import { isCompressed } from '../../mail/stored-form.ts';
import { isFault } from '../../model/fault.ts';
import { type MessageBeginning, type MessageFile, readMessageBeginnings } from '../read-messages.ts';
import { logicalContent, logicalSize } from '../stored-mail/logical-content.ts';
import { closedSummary, flagWords, messageName, type MessageSummary, numberOfName, summaryOf } from './message-name.ts';

/** One mailbox of a snapshot: where it lies, and its two folders of messages. */
export interface MailboxFolders {
  readonly path: Path;
  readonly cur: StoredFolder;
  readonly new: StoredFolder;
}

/** What headers told, by the version of the message: the same message in many snapshots is read once. */
export type SummaryCache = Map<string, MessageSummary>;

const cachedSummaries = 50_000;
/** So many headers are read together, in the order in which they are stored. */
const pageSize = 1000;

interface ListedMessage {
  readonly file: MessageFile;
  readonly message: MailboxMessage;
  /** Seconds since 1970 at which it was delivered, by its name. */
  readonly delivered: number;
}

const second = 1_000_000_000n;

/** Names of Maildir begin with the time of delivery. */
const deliveryOf = (name: ByteString, modified: Nanoseconds): number => {
  const digits = /^\d{6,12}(?=\D|$)/.exec(name)?.[0];
  return digits === undefined ? Number(modified / second) : Number(digits);
};

const byDelivery = (left: ListedMessage, right: ListedMessage): number =>
  left.delivered - right.delivered || compareBytes(left.message.fileName, right.message.fileName);

/** The messages of a mailbox in the order of their delivery, named for people. */
export interface MessageList {
  readonly count: number;
  pages(run: Run): AsyncIterable<readonly BrowsedFile[]>;
  /** By its name in this list; only its own header is read. */
  find(name: ByteString, run: Run): Promise<BrowsedFile | undefined>;
}

const listMessages = async ({ path, cur, new: fresh }: MailboxFolders, run: Run): Promise<readonly ListedMessage[]> => {
  const listed: ListedMessage[] = [];
  for (const [place, folder] of [
    ['cur', cur],
    ['new', fresh],
  ] as const) {
    for await (const page of folder.children(run)) {
      throwIfInterrupted(run);
      for (const { entry, content } of page) {
        const [message] = entry.type === 'file' ? messagesIn(place, [entry.name]) : [];
        if (message === undefined) continue;
        const file = { path: [...path, places[place], entry.name], entry, content };
        listed.push({ file, message, delivered: deliveryOf(entry.name, entry.mtime) });
      }
    }
  }
  return listed.sort(byDelivery);
};

const places = { cur: byteStringOfLatin1('cur'), new: byteStringOfLatin1('new') } as const;

const summaryOfMessage = async (
  snapshot: BrowsableSnapshot,
  { content, entry }: MessageFile,
  { form, bytes }: MessageBeginning,
  run: Run,
): Promise<MessageSummary> => {
  if (bytes === undefined) return closedSummary(form);
  const summary = summaryOf(readHeader(bytes));
  if (!isCompressed(form)) return summary;
  try {
    return { ...summary, size: await logicalSize(await snapshot.open(content, run), run) };
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted')) throw error;
    // That it is damaged is told when it is opened.
    return { ...summary, size: entry.size };
  }
};

/** What the messages of one page are called; headers that are not known yet are read together. */
const summariesOf = async (
  page: readonly ListedMessage[],
  { snapshot, summaries }: { readonly snapshot: BrowsableSnapshot; readonly summaries: SummaryCache },
  run: Run,
): Promise<readonly (MessageSummary | undefined)[]> => {
  const versions = page.map(({ file }) => snapshot.versionOf(file.content));
  const unknown = [...page.keys()].filter((at) => !summaries.has(versions[at] ?? ''));
  const files = unknown.flatMap((at) => page[at]?.file ?? []);
  const beginningOf = (content: Content): Content => snapshot.beginningOf(content);
  const options = { bytes: headerBytes, beginningOf };
  const beginnings = files.length === 0 ? [] : await readMessageBeginnings(snapshot.source, files, options, run);
  const found = versions.map((version) => summaries.get(version));
  for (const [number, at] of unknown.entries()) {
    const beginning = beginnings[number];
    const file = files[number];
    if (beginning === undefined || file === undefined) continue;
    const summary = await summaryOfMessage(snapshot, file, beginning, run);
    found[at] = summary;
    summaries.set(versions[at] ?? '', summary);
  }
  for (const oldest of summaries.keys()) {
    if (summaries.size <= cachedSummaries) break;
    summaries.delete(oldest);
  }
  return found;
};

/** Lists a mailbox; what its messages are called is found out when it is asked for. */
export const createMessageList = async (
  snapshot: BrowsableSnapshot,
  folders: MailboxFolders,
  summaries: SummaryCache,
  run: Run,
): Promise<MessageList> => {
  const messages = await listMessages(folders, run);
  const digits = Math.max(4, String(messages.length).length);

  const fileOf = (at: number, listed: ListedMessage, summary: MessageSummary | undefined): BrowsedFile => {
    const { file, message } = listed;
    const { mtime: modified } = file.entry;
    return {
      kind: 'file',
      name: messageName({ number: at + 1, digits, message, summary, modified }),
      modified,
      size: summary?.size ?? file.entry.size,
      mediaType: 'message/rfc822',
      flags: flagWords(message),
      version: () => snapshot.versionOf(file.content),
      open: async (openRun) => logicalContent(await snapshot.open(file.content, openRun), openRun),
    };
  };

  const filesOf = async (start: number, end: number, pageRun: Run): Promise<readonly BrowsedFile[]> => {
    const page = messages.slice(start, end);
    const found = await summariesOf(page, { snapshot, summaries }, pageRun);
    return page.map((listed, number) => fileOf(start + number, listed, found[number]));
  };

  return {
    count: messages.length,
    async *pages(pageRun) {
      for (let at = 0; at < messages.length; at += pageSize) yield await filesOf(at, at + pageSize, pageRun);
    },
    async find(name, findRun) {
      const number = numberOfName(name);
      if (number === undefined || number < 1) return undefined;
      const [file] = await filesOf(number - 1, number, findRun);
      return file?.name === name ? file : undefined;
    },
  };
};
