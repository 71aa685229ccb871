import type { Content } from '../contract/source.ts';
import type { StoredSnapshot } from '../contract/store.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';
import type { Entry, Path } from '../model/entry.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { MessageHeader } from '../mail/header.ts';
import { type Mailbox, type MailboxMessage, messagesIn } from '../mail/mailbox.ts';
import { compileSearch, type SearchQuery } from '../mail/search.ts';
import { createMailboxNames, type MailboxNames } from './mailbox-names.ts';
import { readAttachments, readHeaders } from './read-messages.ts';

export interface FindMessagesOptions {
  readonly query: SearchQuery;
  /** Among the Cc alone. */
  readonly cc?: string;
  /** Whether one of the names of a message's attachments is wanted. Then whole messages are read. */
  readonly attachment?: (name: string) => boolean;
  /** The same for equal contents, of whatever snapshot; undefined when that cannot be told. */
  readonly identityOf: (content: Content) => string | undefined;
  /** A content that yields no less than the header of a message. */
  readonly beginningOf: (content: Content) => Content;
}

export interface FoundMessage {
  readonly snapshot: Snapshot;
  readonly mailbox: Mailbox;
  readonly path: Path;
  readonly entry: Entry;
  readonly content: Content;
  /** What its file name says: flags, whether it is new. */
  readonly message: MailboxMessage;
  readonly header: MessageHeader;
  /** Names of attachments, where they were asked for. */
  readonly attachments: readonly string[];
}

export interface Candidate {
  readonly path: Path;
  readonly entry: Entry;
  readonly content: Content;
  readonly place: 'cur' | 'new';
  readonly mailbox: Mailbox;
}

/** So many messages are read together, in the order in which they are stored. */
const batchSize = 4096;

/**
 * Finds messages in the Maildirs of snapshots, in the order in which these are given, which is from the newest on. What
 * an earlier one of them holds is not told again. Within a batch, messages come in the order of their paths. What cannot
 * be read is told as fault events; how many were looked at as progress.
 */
export async function* findMessages(
  snapshots: Iterable<StoredSnapshot> | AsyncIterable<StoredSnapshot>,
  options: FindMessagesOptions,
  run: Run,
): AsyncGenerator<FoundMessage, void> {
  const matches = compileQuery(options);
  const known = new Set<string>();
  let files = 0;
  let bytes = 0;
  for await (const snapshot of snapshots) {
    const met = new Set<string>();
    for await (const batch of mailBatches(snapshot, run)) {
      const fresh = batch.filter(({ content }) => {
        const identity = options.identityOf(content);
        if (identity === undefined) return true;
        met.add(identity);
        return !known.has(identity);
      });
      yield* searchBatch(snapshot, fresh, { options, matches, run });
      files += batch.length;
      for (const { entry } of batch) bytes += entry.size;
      run.emit({ kind: 'progress', files, bytes });
    }
    for (const identity of met) known.add(identity);
  }
}

const compileQuery = ({ query, cc }: FindMessagesOptions): ((header: MessageHeader) => boolean) => {
  const matches = compileSearch(query);
  if (cc === undefined) return matches;
  const inCc = compileSearch({ to: cc });
  return (header) => matches(header) && inCc({ ...header, to: [], bcc: [] });
};

const places: Readonly<Record<string, 'cur' | 'new'>> = { cur: 'cur', new: 'new' };

/** The messages of all Maildirs of a snapshot, folder by folder; what cannot be looked at is told. */
export async function* mailBatches(
  snapshot: Pick<StoredSnapshot, 'capture' | 'directory' | 'levelText'>,
  run: Run,
): AsyncGenerator<readonly Candidate[], void> {
  const mailboxes = createMailboxNames(snapshot);
  let batch: Candidate[] = [];
  for await (const { path, listing } of snapshot.capture(undefined, run)) {
    throwIfInterrupted(run);
    if (listing.kind === 'carried') run.emit({ kind: 'fault', fault: listing.fault, path: shown(path) });
    if (listing.kind !== 'listed') continue;
    const folder = await mailFolderAt(path, mailboxes, run);
    for await (const page of listing.pages) {
      if (folder === undefined) continue;
      for (const child of page) {
        if (child.kind === 'carried')
          run.emit({ kind: 'fault', fault: child.fault, path: shown([...path, child.name]) });
        if (child.kind !== 'fresh' || child.entry.type !== 'file' || child.entry.name.startsWith('.')) continue;
        const { entry, content } = child;
        batch.push({ path: [...path, entry.name], entry, content, ...folder });
        if (batch.length < batchSize) continue;
        yield batch;
        batch = [];
      }
    }
  }
  if (batch.length > 0) yield batch;
}

const shown = (path: Path): ByteString => byteStringOfLatin1(`/${path.join('/')}`);

/** Whether a directory is the `cur` or `new` of a Maildir, and of which mailbox. */
const mailFolderAt = async (
  path: Path,
  mailboxes: MailboxNames,
  run: Run,
): Promise<{ readonly place: 'cur' | 'new'; readonly mailbox: Mailbox } | undefined> => {
  const place = places[path.at(-1) ?? ''];
  const mailbox = place === undefined ? undefined : await mailboxes.mailboxAt(path.slice(0, -1), run);
  return place === undefined || mailbox === undefined ? undefined : { place, mailbox };
};

interface Searching {
  readonly options: FindMessagesOptions;
  readonly matches: (header: MessageHeader) => boolean;
  readonly run: Run;
}

async function* searchBatch(
  snapshot: StoredSnapshot,
  candidates: readonly Candidate[],
  { options, matches, run }: Searching,
): AsyncGenerator<FoundMessage, void> {
  const headers = await readHeaders(snapshot, candidates, options.beginningOf, run);
  const found = candidates.flatMap((candidate, at) => {
    const header = headers[at];
    return header !== undefined && matches(header) ? [{ candidate, header }] : [];
  });
  const { attachment } = options;
  if (attachment === undefined) {
    for (const { candidate, header } of found) yield foundMessage(snapshot, candidate, header, []);
    return;
  }
  const wanted = found.map(({ candidate }) => candidate);
  for await (const { at, names } of readAttachments(snapshot, wanted, run)) {
    const match = found[at];
    if (match === undefined || !names.some(attachment)) continue;
    yield foundMessage(snapshot, match.candidate, match.header, names);
  }
}

const noFlags = (candidate: Candidate, fileName: ByteString): MailboxMessage => ({
  place: candidate.place,
  fileName,
  identity: fileName,
  flags: [],
  otherFlags: '',
  size: undefined,
});

const foundMessage = (
  { snapshot }: StoredSnapshot,
  candidate: Candidate,
  header: MessageHeader,
  attachments: readonly string[],
): FoundMessage => {
  const { path, entry, content, mailbox, place } = candidate;
  const name = byteStringOfLatin1(entry.name);
  const message = messagesIn(place, [name])[0] ?? noFlags(candidate, name);
  return { snapshot, mailbox, path, entry, content, message, header, attachments };
};
