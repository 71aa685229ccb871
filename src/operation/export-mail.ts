import type { StoredFolder } from '../contract/browse.ts';
import type { ExportedMessage } from '../contract/exported-mail.ts';
import type { Source } from '../contract/source.ts';
import type { StoredSnapshot } from '../contract/store.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { byteStringOfLatin1, byteStringOfBytes } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import { Fault, isFault } from '../model/fault.ts';
import { keywordsName, parseKeywords } from '../mail/dovecot-files.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import { splitMaildirName } from '../mail/maildir-name.ts';
import { storedFormOf } from '../mail/stored-form.ts';
import { type Candidate, findMessages, type FindMessagesOptions, mailBatches } from './find-messages.ts';
import { folderAt } from './lens/folder-source.ts';
import { readOne } from './read-contents.ts';
import { logicalPieces } from './stored-mail/logical-message.ts';

export interface MailSelection {
  /** Names as people know them, in any case; with all folders below. None: every folder. */
  readonly folders: readonly string[];
  /** Undefined: every message. */
  readonly search: FindMessagesOptions | undefined;
}

/** Whether a folder is one of those that are named, or lies below one; none are named: every folder is. */
export const isWantedFolder = ({ name }: Pick<Mailbox, 'name'>, folders: readonly string[]): boolean => {
  const own = name.toLowerCase();
  return (
    folders.length === 0 ||
    folders.some((folder) => own === folder.toLowerCase() || own.startsWith(`${folder.toLowerCase()}/`))
  );
};

/** The messages that are asked for, folder by folder, without their bytes. */
export async function* selectMail(
  snapshot: StoredSnapshot,
  { folders, search }: MailSelection,
  run: Run,
): AsyncGenerator<Candidate, void> {
  if (search !== undefined) {
    for await (const found of findMessages([snapshot], search, run)) {
      if (isWantedFolder(found.mailbox, folders)) yield { ...found, place: found.message.place };
    }
    return;
  }
  for await (const batch of mailBatches(snapshot, run)) {
    for (const candidate of batch) if (isWantedFolder(candidate.mailbox, folders)) yield candidate;
  }
}

export interface FolderPlan {
  readonly folder: string;
  readonly messages: number;
  readonly bytes: number;
}

/** How much is asked for, by folder. */
export const planMail = async (
  snapshot: StoredSnapshot,
  selection: MailSelection,
  run: Run,
): Promise<readonly FolderPlan[]> => {
  const plans = new Map<string, FolderPlan>();
  for await (const { mailbox, entry } of selectMail(snapshot, selection, run)) {
    const { messages = 0, bytes = 0 } = plans.get(mailbox.name) ?? {};
    plans.set(mailbox.name, { folder: mailbox.name, messages: messages + 1, bytes: bytes + entry.size });
  }
  return [...plans.values()];
};

/** Smaller messages are read many at a time; of a larger one it is first seen whether it can be read at all. */
const smallMessage = 4 * 1024 * 1024;
const bytesTogether = 32 * 1024 * 1024;
const messagesTogether = 1000;

/** Messages with their bytes. One that cannot be read is told as a fault event, and the others come. */
export async function* exportMail(
  { snapshot, root }: { readonly snapshot: StoredSnapshot; readonly root: StoredFolder },
  selection: MailSelection,
  run: Run,
): AsyncGenerator<ExportedMessage, void> {
  const keywords = createKeywords(snapshot, root);
  let batch: Candidate[] = [];
  let bytes = 0;
  for await (const candidate of selectMail(snapshot, selection, run)) {
    if (batch.length >= messagesTogether || bytes + candidate.entry.size > bytesTogether) {
      yield* readBatch(snapshot, batch, keywords, run);
      batch = [];
      bytes = 0;
    }
    batch.push(candidate);
    if (candidate.entry.size <= smallMessage) bytes += candidate.entry.size;
  }
  yield* readBatch(snapshot, batch, keywords, run);
}

type KeywordsOf = (mailbox: Mailbox, run: Run) => Promise<ReadonlyMap<string, string>>;

/** Keywords by letter, of the folder that was asked for last. */
const createKeywords = (source: Source, root: StoredFolder): KeywordsOf => {
  let known: { readonly path: string; readonly letters: ReadonlyMap<string, string> } | undefined;
  return async ({ path }, run) => {
    const key = path.join('/');
    if (known?.path !== key) known = { path: key, letters: await readKeywords(source, { root, path }, run) };
    return known.letters;
  };
};

const readKeywords = async (
  source: Source,
  { root, path }: { readonly root: StoredFolder; readonly path: Path },
  run: Run,
): Promise<ReadonlyMap<string, string>> => {
  const folder = await folderAt(root, path, run);
  const child = await folder?.folder.child(keywordsName, run);
  if (child === undefined || child.entry.size > 65_536) return new Map();
  const listed = { path: keywordsName, entry: child.entry, content: child.content };
  let text = '';
  for await (const bytes of readOne(source, listed, run)) text += byteStringOfBytes(bytes);
  return parseKeywords(byteStringOfLatin1(text));
};

async function* readBatch(
  snapshot: StoredSnapshot,
  batch: readonly Candidate[],
  keywordsOf: KeywordsOf,
  run: Run,
): AsyncGenerator<ExportedMessage, void> {
  throwIfInterrupted(run);
  const small = batch.filter(({ entry }) => entry.size <= smallMessage);
  const read = await readSmall(snapshot, small, run);
  for (const candidate of batch) {
    const logical = await logicalOf(snapshot, candidate, read.get(candidate), run);
    if (logical === undefined) continue;
    const { mailbox } = candidate;
    const entry = { ...candidate.entry, size: logical.size };
    const letters = splitMaildirName(entry.name).flags ?? '';
    const known = await keywordsOf(mailbox, run);
    yield {
      mailbox,
      name: entry.name,
      entry,
      letters: letters.replace(/[^A-Z]/g, ''),
      keywords: [...letters].flatMap((letter) => known.get(letter) ?? []),
      bytes: logical.bytes,
    };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes.length > 0) yield bytes;
}

const listedOf = ({ path, entry, content }: Candidate) => ({
  path: byteStringOfLatin1(path.join('/')),
  entry,
  content,
});

const tell = (candidate: Candidate, fault: Fault, run: Run): void =>
  run.emit({ kind: 'fault', fault, path: byteStringOfLatin1(`/${candidate.path.join('/')}`) });

const readSmall = async (
  source: Source,
  batch: readonly Candidate[],
  run: Run,
): Promise<ReadonlyMap<Candidate, Uint8Array>> => {
  const buffers = batch.map(({ entry }) => new Uint8Array(entry.size));
  const whole = new Map<Candidate, Uint8Array>();
  for await (const { bytes, pieces, verdicts } of source.read(batch, 'any-order', run)) {
    throwIfInterrupted(run);
    for (const { request, position, start, length } of pieces) {
      const buffer = buffers[request];
      if (buffer !== undefined && position + length <= buffer.length)
        buffer.set(bytes.subarray(start, start + length), position);
    }
    for (const { request, verdict } of verdicts) {
      const [candidate, buffer] = [batch[request], buffers[request]];
      if (candidate === undefined || buffer === undefined) continue;
      const isRight = verdict.kind === 'complete' && verdict.bytes === buffer.length;
      if (isRight) whole.set(candidate, buffer);
      else if (verdict.kind !== 'failed')
        tell(candidate, new Fault('tree-damaged', 'it has not the size that its entry says'), run);
      else tell(candidate, verdict.fault, run);
    }
  }
  return whole;
};

interface LogicalMessage {
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The message as a mail client sees it; undefined when it cannot be read, which is told. `whole`: its file, in memory. */
const logicalOf = async (
  source: Source,
  candidate: Candidate,
  whole: Uint8Array | undefined,
  run: Run,
): Promise<LogicalMessage | undefined> => {
  if (whole !== undefined && storedFormOf(whole) === 'plain') return { size: whole.length, bytes: once(whole) };
  if (whole === undefined && candidate.entry.size <= smallMessage) return undefined;
  const pieces = (): AsyncIterable<Uint8Array> =>
    logicalPieces(whole === undefined ? readOne(source, listedOf(candidate), run) : once(whole));
  try {
    // It is read twice: half of one, written and then found broken, could not be taken back.
    let size = 0;
    for await (const bytes of pieces()) size += bytes.length;
    return { size, bytes: pieces() };
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted')) throw error;
    tell(candidate, error, run);
    return undefined;
  }
};
