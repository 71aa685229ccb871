import { byteStringOfLatin1, byteStringOfText, displayText } from '../model/byte-string.ts';
import type { Nanoseconds } from '../model/entry.ts';
import { compileGlob, matchGlob } from '../model/glob.ts';
import { findSnapshot, selectSnapshots, type SnapshotFilter } from '../model/snapshot-selection.ts';
import type { Run } from '../contract/run.ts';
import type { StoredSnapshot } from '../contract/store.ts';
import { formatAddress } from '../mail/address.ts';
import { foldForSearch } from '../mail/search-text.ts';
import { terminalLine } from '../mail/terminal-text.ts';
import { findMessages, type FindMessagesOptions, type FoundMessage } from '../operation/find-messages.ts';
import { formatTime } from '../store/restic/format/time-format.ts';
import { beginningOfContent, identityOfContent } from '../store/restic/read/stored-content.ts';
import type { Repository } from '../store/restic/repository.ts';
import type { SnapshotFile } from '../store/restic/format/snapshot-format.ts';
import type { CommandContext } from './context.ts';
import type { LineWriter } from './line-writer.ts';
import { openPresented, type Present } from './present-mail.ts';
import { localTime } from './render/local-time.ts';

export interface MailSearchOptions {
  readonly snapshot: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly cc?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly messageId?: string;
  readonly since?: Nanoseconds;
  readonly before?: Nanoseconds;
  /** true: any attachment. */
  readonly attachment?: string | true;
  readonly allSnapshots: boolean;
}

const queryFields = ['from', 'to', 'subject', 'text', 'messageId', 'since', 'before'] as const;

/** Whether something is asked that only messages have. */
export const isMailSearch = (options: MailSearchOptions): boolean =>
  [...queryFields, 'cc' as const, 'attachment' as const].some((field) => options[field] !== undefined);

/** What a person asks for, for the operation. */
export const searchOf = (options: Omit<MailSearchOptions, 'snapshot' | 'allSnapshots'>): FindMessagesOptions => {
  const { cc, attachment } = options;
  const given = queryFields.filter((field) => options[field] !== undefined);
  return {
    query: Object.fromEntries(given.map((field) => [field, options[field]])),
    identityOf: identityOfContent,
    beginningOf: beginningOfContent,
    ...(cc === undefined ? {} : { cc }),
    ...(attachment === undefined ? {} : { attachment: attachmentTest(attachment) }),
  };
};

/** With wildcards the whole name must match, without them it must have the text. */
const attachmentTest = (pattern: string | true): ((name: string) => boolean) => {
  if (pattern === true) return () => true;
  const folded = foldForSearch(pattern);
  const glob = /[*?[]/.test(folded) ? compileGlob(byteStringOfText(folded)) : undefined;
  if (glob === undefined) return (name) => foldForSearch(name).includes(folded);
  return (name) => matchGlob(glob, byteStringOfText(foldForSearch(name).replaceAll('/', ' ')));
};

/** The newest that matches, those that are named, or all that match; the newest first. */
const snapshotsFor = (
  snapshots: readonly SnapshotFile[],
  { snapshot, allSnapshots }: MailSearchOptions,
  filter: SnapshotFilter,
): readonly SnapshotFile[] =>
  snapshot.length === 0 && !allSnapshots
    ? [findSnapshot(snapshots, 'latest', filter)]
    : [...selectSnapshots(snapshots, snapshot, filter)].reverse();

async function* opened(
  { repository, present }: Pick<MailSearch, 'repository' | 'present'>,
  snapshots: readonly SnapshotFile[],
  run: Run,
): AsyncGenerator<StoredSnapshot, void> {
  for (const { id } of snapshots) yield await openPresented(repository, { id, folder: [], present }, run);
}

export interface MailSearch {
  readonly repository: Repository;
  readonly options: MailSearchOptions;
  readonly filter: SnapshotFilter;
  readonly context: CommandContext;
  readonly writer: LineWriter;
  readonly present: Present;
}

/** Prints the messages that are asked for, as they are found. */
export const findMail = async (search: MailSearch, run: Run): Promise<void> => {
  const { repository, options, filter, context, writer } = search;
  const { json, quiet } = context.options;
  const snapshots = snapshotsFor(await repository.snapshots(run), options, filter);
  let hits = 0;
  for await (const found of findMessages(opened(search, snapshots, run), searchOf(options), run)) {
    hits++;
    if (json) writer.line(messageJson(found));
    else for (const line of messageLines(found)) writer.line(line);
    // On a terminal a person wants to see what there is already.
    if (context.output.resultTerminal) await writer.end();
    else await writer.drain();
  }
  await writer.end();
  context.output.update(undefined);
  if (!json && !quiet) context.output.say(context.messages.messagesFound(hits));
};

const pathText = ({ path }: FoundMessage): string => `/${path.map((name) => displayText(name)).join('/')}`;

const flagsOf = ({ message }: FoundMessage): readonly string[] => [
  ...(message.place === 'new' ? ['new'] : []),
  ...message.flags,
];

/** Two lines: what the message is, and where it lies, in the form that `dump` takes. */
const messageLines = (found: FoundMessage): readonly string[] => {
  const { header, mailbox, snapshot, attachments } = found;
  const date = header.date === undefined ? '—'.padEnd(19) : localTime(header.date.nanoseconds);
  const from = header.from.map(formatAddress).join(', ');
  const marks = [...flagsOf(found), ...attachments.filter((name) => name !== '')];
  const behind = marks.length === 0 ? '' : `  [${marks.map(terminalLine).join(', ')}]`;
  return [
    `${date}  ${terminalLine(mailbox.name)}  ${terminalLine(from)}  ${terminalLine(header.subject)}`,
    `    ${snapshot.id.slice(0, 8)} ${pathText(found)}${behind}`,
  ];
};

const messageJson = (found: FoundMessage): string => {
  const { snapshot, mailbox, header, entry, attachments } = found;
  const { date } = header;
  return JSON.stringify({
    message_type: 'message',
    snapshot: snapshot.id,
    folder: mailbox.name,
    path: pathText(found),
    path_raw: rawPath(found),
    date: date === undefined ? undefined : formatTime(date.nanoseconds, date.offsetMinutes),
    from: header.from,
    to: header.to,
    cc: header.cc,
    subject: header.subject,
    message_id: header.messageId,
    flags: flagsOf(found),
    size: entry.size,
    attachments: attachments.length === 0 ? undefined : attachments,
  });
};

/** Only where the path is no UTF-8, in base64. */
const rawPath = ({ path }: FoundMessage): string | undefined => {
  const bytes = Buffer.from(`/${path.join('/')}`, 'latin1');
  return Buffer.from(bytes.toString()).equals(bytes) ? undefined : byteStringOfLatin1(bytes.toString('base64'));
};
