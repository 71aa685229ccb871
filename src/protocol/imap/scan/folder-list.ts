import { encodeModifiedUtf7 } from '../../../mail/mailbox-name.ts';
import { type ByteString, bytesOf, compareBytes } from '../../../model/byte-string.ts';
import { limits, misbehaved } from '../wire/limits.ts';
import { list, listExtended, listSubscribed, namespace, status } from '../wire/reading-commands.ts';
import type { ListedMailbox, MailboxStatus } from '../wire/response.ts';
import type { Sink } from '../connection/connection.ts';
import type { PooledSession } from './session-pool.ts';

/** A folder that the server lists. */
export interface ListedFolder {
  /**
   * Modified UTF-7, whichever way the server told it, so that a folder keeps its name when a server learns UTF8=ACCEPT.
   * Names that are neither stay as they came.
   */
  readonly name: ByteString;
  /** As the server wants to hear it. */
  readonly wire: ByteString;
  readonly delimiter: string | undefined;
  /** `\Sent` and the like, sorted. */
  readonly specialUse: readonly string[];
  readonly subscribed: boolean;
  /** Whether it can hold messages. */
  readonly selectable: boolean;
  readonly status: MailboxStatus | undefined;
}

/** RFC 6154, and Gmail's and Apple's older words for the same. */
const specialUses: ReadonlyMap<string, string> = new Map(
  ['All', 'Archive', 'Drafts', 'Flagged', 'Junk', 'Sent', 'Trash', 'Important']
    .map((use): [string, string] => [`\\${use.toLowerCase()}`, `\\${use}`])
    .concat([
      ['\\allmail', '\\All'],
      ['\\spam', '\\Junk'],
      ['\\starred', '\\Flagged'],
    ]),
);

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/** The name that a folder has with us, from the one on the wire. */
export const folderName = (wire: ByteString, utf8: boolean): ByteString => {
  // INBOX is the same in any case, and the only such name.
  if (wire.toUpperCase() === 'INBOX') return encodeModifiedUtf7('INBOX');
  if (!utf8) return wire;
  try {
    const text = strictDecoder.decode(bytesOf(wire));
    return /[\x00-\x1f\x7f]/.test(text) ? wire : encodeModifiedUtf7(text);
  } catch {
    // A name that is no UTF-8 stays what the server calls it: that is how it is asked for, too.
    return wire;
  }
};

/** All folders of the account, in byte order of their names, with their STATUS where the server can tell it at little cost. */
export const listFolders = async (session: PooledSession): Promise<readonly ListedFolder[]> => {
  // At once: a round trip each is what a night without news is made of.
  const [patterns, own] = await Promise.all([foreignPatterns(session), listPatterns(session, ['*'])]);
  const foreign = patterns.length === 0 ? [] : await listPatterns(session, patterns);
  const names = new Set(own.map(({ name }) => name));
  const found = [...own, ...foreign.filter(({ name }) => !names.has(name))];
  const missing = found.filter(({ selectable, status }) => selectable && status === undefined);
  const told = await askStatus(session, missing);
  return found
    .map((folder) => {
      const status = folder.status ?? told.get(folder.wire);
      return status === undefined ? folder : { ...folder, status };
    })
    .toSorted((left, right) => compareBytes(left.name, right.name));
};

const listPatterns = (session: PooledSession, patterns: readonly string[]): Promise<ListedFolder[]> =>
  session.connection.offers('LIST-EXTENDED') ? listAtOnce(session, patterns) : listStepwise(session, patterns);

/** `*` lists all of the personal namespaces; others whose prefix it does not reach have to be asked for by name. */
const foreignPatterns = async ({ connection }: PooledSession): Promise<readonly string[]> => {
  if (!connection.offers('NAMESPACE')) return [];
  const prefixes: string[] = [];
  await connection.attempt(namespace(), {
    response: (response) => {
      if (response.kind === 'namespace') prefixes.push(...response.all.map(({ prefix }) => prefix));
    },
  });
  const hidden = prefixes.filter((prefix) => prefix.startsWith('#') && /^[\x20\x23-\x5b\x5d-\x7e]+$/.test(prefix));
  return hidden.map((prefix) => `${prefix}*`);
};

interface Gathered {
  readonly mailboxes: Map<ByteString, ListedMailbox>;
  readonly statuses: Map<ByteString, MailboxStatus>;
  readonly subscribed: Set<ByteString>;
}

const gathering = (): { gathered: Gathered; sink: Sink } => {
  const gathered: Gathered = { mailboxes: new Map(), statuses: new Map(), subscribed: new Set() };
  const sink: Sink = {
    response: (response) => {
      if (response.kind === 'status') gathered.statuses.set(response.status.name, response.status);
      if (response.kind !== 'list') return;
      if (gathered.mailboxes.size >= limits.folders) throw misbehaved('more folders than any account has');
      if (response.command === 'LSUB') gathered.subscribed.add(response.name);
      else gathered.mailboxes.set(response.name, response);
    },
  };
  return { gathered, sink };
};

const foldersOf = ({ mailboxes, statuses, subscribed }: Gathered, utf8: boolean): ListedFolder[] =>
  [...mailboxes.values()]
    .filter(({ name, attributes }) => name !== '' && !has(attributes, '\\nonexistent'))
    .map(({ name, attributes, delimiter }) => ({
      name: folderName(name, utf8),
      wire: name,
      delimiter,
      specialUse: [...new Set(attributes.flatMap((word) => specialUses.get(word.toLowerCase()) ?? []))].sort(),
      subscribed: subscribed.has(name) || has(attributes, '\\subscribed'),
      selectable: !has(attributes, '\\noselect'),
      status: statuses.get(name),
    }));

const has = (attributes: readonly string[], attribute: string): boolean =>
  attributes.some((word) => word.toLowerCase() === attribute);

const choiceOf = ({ connection, condstore }: PooledSession): { highestModseq: boolean; mailboxId: boolean } => ({
  highestModseq: condstore,
  mailboxId: connection.offers('OBJECTID'),
});

const listAtOnce = async (session: PooledSession, patterns: readonly string[]): Promise<ListedFolder[]> => {
  const { connection, utf8 } = session;
  const { gathered, sink } = gathering();
  const withStatus = connection.offers('LIST-STATUS');
  const choice = { ...choiceOf(session), status: withStatus, specialUse: connection.offers('SPECIAL-USE') };
  await Promise.all(patterns.map((pattern) => connection.request(listExtended(pattern, choice), sink)));
  return foldersOf(gathered, utf8);
};

const listStepwise = async (
  { connection, utf8 }: PooledSession,
  patterns: readonly string[],
): Promise<ListedFolder[]> => {
  const { gathered, sink } = gathering();
  const asked = patterns.flatMap((pattern) => [
    connection.request(list(pattern), sink),
    connection.attempt(listSubscribed(pattern), sink),
  ]);
  await Promise.all(asked);
  return foldersOf(gathered, utf8);
};

/** One question each, all on the way at once. A folder of which nothing is told is looked at when its turn comes. */
const askStatus = async (
  session: PooledSession,
  folders: readonly ListedFolder[],
): Promise<ReadonlyMap<ByteString, MailboxStatus>> => {
  const { connection, utf8 } = session;
  const { gathered, sink } = gathering();
  await Promise.all(folders.map(({ wire }) => connection.attempt(status(wire, choiceOf(session), utf8), sink)));
  return gathered.statuses;
};
