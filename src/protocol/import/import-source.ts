import { createHash } from 'node:crypto';
import type { CapturedDirectory, Child, Delivery, FreshChild, ReadRequest, Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Entry, Metadata, Nanoseconds, Path } from '../../model/entry.ts';
import { asFault, Fault, isFault } from '../../model/fault.ts';
import { type BlockDigests, digestBlock } from '../../mail/direct/block-digest.ts';
import {
  blockName,
  foldersName,
  formatFileName,
  mailboxFileName,
  messagesFileName,
  ownName,
  scriptFileName,
  uidsOfBlock,
} from '../../mail/direct/block-name.ts';
import { splitFlags } from '../../mail/direct/flags.ts';
import { directoryOfFolder } from '../../mail/direct/folder-name.ts';
import { encodeFormatRecord } from '../../mail/direct/format-record.ts';
import { encodeMailboxRecord } from '../../mail/direct/mailbox-record.ts';
import { messageFileName } from '../../mail/direct/message-name.ts';
import { encodeMessageRecords } from '../../mail/direct/message-record.ts';
import { toMaildirScript } from '../../mail/direct/to-maildir-script.ts';
import {
  bytesOfPart,
  type FoundPart,
  type ImportedMessage,
  type ImportFolder,
  inspectPart,
} from './imported-message.ts';

export interface ImportSourceOptions {
  readonly description: string;
  readonly account: string;
  /** In any order; those of one name become one folder. */
  readonly folders: readonly ImportFolder[];
  readonly owner: Pick<Metadata, 'uid' | 'gid' | 'user' | 'group'>;
  readonly time: Nanoseconds;
}

/** What was imported, once all was captured. */
export interface ImportSource extends Source {
  counts(): { readonly messages: number; readonly folders: number; readonly damaged: number };
}

const newHash = () => createHash('sha256');
/** A folder that was never on a server has one generation. */
const uidValidity = 1;

interface Importing {
  readonly options: ImportSourceOptions;
  readonly counts: { messages: number; folders: number; damaged: number };
  readonly run: Run;
}

/**
 * Files of mail as a source in the layout of accounts (decision 5), so that everything that shows and restores those shows
 * and restores these. A message is read twice, once for its digest; kept in memory is one block of 1,024 at a time.
 */
export const createImportSource = (options: ImportSourceOptions): ImportSource => {
  const counts = { messages: 0, folders: 0, damaged: 0 };
  return {
    description: options.description,
    counts: () => counts,
    capture: (_base, run) => captureAll({ options, counts, run }),
    read: (requests, _pieces, run) => readParts(requests, run),
    relocate: async () => undefined,
    close: async () => {
      for (const { close } of options.folders) await close?.();
    },
  };
};

const common = ({ options }: Importing, mtime: Nanoseconds): Omit<Metadata, 'type' | 'mode' | 'size' | 'links'> => ({
  ...options.owner,
  mtime,
  atime: mtime,
  ctime: mtime,
  inode: 0n,
  deviceId: 0n,
});

const directoryMetadata = (importing: Importing): Metadata => ({
  ...common(importing, importing.options.time),
  type: 'directory',
  mode: 0o700,
  size: 0,
  links: 0,
});

const fileChild = (
  importing: Importing,
  { name, mtime, size, key }: { name: ByteString; mtime: Nanoseconds; size: number; key: unknown },
): FreshChild => {
  const entry: Entry = { ...common(importing, mtime), name, type: 'file', mode: 0o600, size, links: 1 };
  return { kind: 'fresh', entry, content: { kind: 'delivered', key }, action: 'new' };
};

const ownFile = (importing: Importing, name: ByteString, bytes: Uint8Array): FreshChild =>
  fileChild(importing, { name, mtime: importing.options.time, size: bytes.length, key: bytes });

async function* onePage(children: readonly Child[]): AsyncGenerator<readonly Child[], void> {
  yield children;
}

const directory = (importing: Importing, path: Path, children: readonly Child[]): CapturedDirectory => ({
  path,
  metadata: path.length === 0 ? undefined : directoryMetadata(importing),
  listing: { kind: 'listed', pages: onePage(children) },
});

async function* captureAll(importing: Importing): AsyncGenerator<CapturedDirectory, void> {
  const { options } = importing;
  const format = encodeFormatRecord({ version: 1, kind: 'import', account: options.account });
  yield directory(
    importing,
    [ownName],
    [ownFile(importing, formatFileName, format), ownFile(importing, scriptFileName, Buffer.from(toMaildirScript))],
  );
  const groups = new Map<ByteString, ImportFolder[]>();
  for (const folder of options.folders) {
    const name = directoryOfFolder(folder.name, '/', newHash);
    groups.set(name, [...(groups.get(name) ?? []), folder]);
  }
  const names = [...groups.keys()].sort();
  for (const name of names) yield* captureFolder(importing, name, groups.get(name) ?? []);
  yield directory(
    importing,
    [foldersName],
    names.map((name) => ({ kind: 'directory', name })),
  );
  yield directory(
    importing,
    [],
    [ownName, foldersName].map((name) => ({ kind: 'directory', name })),
  );
}

async function* captureFolder(
  importing: Importing,
  name: ByteString,
  folders: readonly ImportFolder[],
): AsyncGenerator<CapturedDirectory, void> {
  const path = [foldersName, name];
  const blocks: (BlockDigests & { readonly block: number })[] = [];
  const children: Child[] = [];
  let waiting: ImportedMessage[] = [];
  let uid = 1;
  const close = (): CapturedDirectory => {
    const block = Math.floor((uid - waiting.length) / uidsOfBlock);
    const own = blockName({ uidValidity, block });
    const messages = waiting.map((message, at) => ({ uid: uid - waiting.length + at, ...message }));
    waiting = [];
    blocks.push({ block, ...digestBlock(messages, newHash) });
    children.push({ kind: 'directory', name: own });
    return directory(importing, [...path, own], blockChildren(importing, messages));
  };
  for (const folder of folders) {
    for await (const found of messagesOf(importing, folder)) {
      throwIfInterrupted(importing.run);
      const message = await inspect(importing, found);
      if (message === undefined) continue;
      waiting.push(message);
      uid++;
      if (uid % uidsOfBlock === 0) yield close();
    }
  }
  if (waiting.length > 0) yield close();
  importing.counts.folders++;
  const record = encodeMailboxRecord(
    {
      name: folders[0]?.name ?? name,
      delimiter: '/',
      specialUse: [],
      subscribed: true,
      uidValidity,
      uidNext: uid,
      highestModSeq: undefined,
      mailboxId: undefined,
      messages: uid - 1,
      blocks,
    },
    newHash,
  );
  yield directory(importing, path, [...children, ownFile(importing, mailboxFileName, record)]);
}

/** A folder that cannot be read to its end is told and counted; the others go on. */
async function* messagesOf({ counts, run }: Importing, folder: ImportFolder): AsyncGenerator<FoundPart, void> {
  try {
    yield* folder.messages();
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted', 'disk-full')) throw error;
    run.emit({ kind: 'fault', fault: error, path: folder.name });
    counts.damaged++;
  }
}

/** One that cannot be read, or holds nothing, is told and counted. */
const inspect = async ({ counts, run }: Importing, found: FoundPart): Promise<ImportedMessage | undefined> => {
  const path = byteStringOfLatin1(Buffer.from(found.part.file).toString('latin1'));
  try {
    const message = await inspectPart(found);
    if (message.size > 0) {
      counts.messages++;
      run.emit({ kind: 'progress', files: counts.messages, bytes: 0, current: path });
      return message;
    }
    const fault = new Fault('entry-unreadable', `a message at byte ${found.part.start} is empty, and is left out`);
    run.emit({ kind: 'fault', fault, path });
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted')) throw error;
    run.emit({ kind: 'fault', fault: error, path });
  }
  counts.damaged++;
  found.part.done?.();
  return undefined;
};

const blockChildren = (
  importing: Importing,
  messages: readonly (ImportedMessage & { readonly uid: number })[],
): readonly Child[] => {
  const files = messages.map(({ uid, flags, date, size, part }) => {
    const name = messageFileName({ uid, letters: splitFlags(flags).letters });
    return fileChild(importing, { name, mtime: date, size, key: part });
  });
  const records = messages.map(({ uid, sha256, flags, labels, threadId }) => ({
    uid,
    sha256,
    keywords: splitFlags(flags).keywords,
    ...(threadId === undefined ? {} : { threadId }),
    ...(labels === undefined ? {} : { labels }),
  }));
  return [...files, ownFile(importing, messagesFileName, encodeMessageRecords(records))];
};

const isPart = (key: unknown): key is FoundPart['part'] => typeof key === 'object' && key !== null && 'unquote' in key;

async function* readParts(requests: readonly ReadRequest[], run: Run): AsyncGenerator<Delivery, void> {
  for (const [request, { content, entry }] of requests.entries()) {
    const key: unknown = content.kind === 'delivered' ? content.key : undefined;
    let position = 0;
    try {
      for await (const piece of key instanceof Uint8Array ? [key] : isPart(key) ? bytesOfPart(key) : []) {
        throwIfInterrupted(run);
        // A copy of its own: a view of memory that others use, too, could not be handed to a thread.
        const bytes = new Uint8Array(piece);
        const { length } = bytes;
        if (length === 0) continue;
        yield { bytes, pieces: [{ request, position, start: 0, length }], verdicts: [] };
        position += length;
      }
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      yield {
        bytes: new Uint8Array(0),
        pieces: [],
        verdicts: [{ request, verdict: { kind: 'failed', fault: asFault(error) } }],
      };
      continue;
    } finally {
      if (isPart(key)) key.done?.();
    }
    const isWhole = position === entry.size;
    const fault = new Fault('entry-changed', `${displayText(entry.name)}: its file changed while it was imported`);
    const verdict = isWhole ? ({ kind: 'complete', bytes: position } as const) : ({ kind: 'failed', fault } as const);
    yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict }] };
  }
}
