import type { FolderPlace, KnownMessage, ScanBase } from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import type { Base, BaseEntry } from '../../../contract/source.ts';
import { blockName, foldersName, mailboxFileName, messagesFileName } from '../../../mail/direct/block-name.ts';
import { joinFlags } from '../../../mail/direct/flags.ts';
import { type MailboxRecord, parseMailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { parseMessageFileName } from '../../../mail/direct/message-name.ts';
import { type MessageRecord, parseMessageRecords } from '../../../mail/direct/message-record.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { Fault, isFault } from '../../../model/fault.ts';

/** A message that the base has, with everything that is known of it. */
export interface BaseMessage {
  readonly base: BaseEntry;
  readonly letters: string;
  readonly record: MessageRecord;
}

interface BaseFolder {
  readonly path: Path;
  readonly record: MailboxRecord;
}

/** Blocks that are kept at hand: the scan looks at one, and a little later the source does. */
const keptBlocks = 72;

/** The last snapshot of an account, as decision 5 lays it out, as what a scan compares with. */
export class DirectBase implements ScanBase {
  readonly #base: Base | undefined;
  readonly #folders: ReadonlyMap<ByteString, BaseFolder>;
  readonly #blocks = new Map<string, Promise<ReadonlyMap<number, BaseMessage>>>();

  private constructor(base: Base | undefined, folders: ReadonlyMap<ByteString, BaseFolder>) {
    this.#base = base;
    this.#folders = folders;
  }

  /** Reads the record of every folder. One that cannot be read is told, and its folder counts as unknown. */
  static async open(base: Base | undefined, run: Run): Promise<DirectBase> {
    if (base === undefined) return new DirectBase(undefined, new Map());
    const records: { readonly path: Path; readonly entry: BaseEntry }[] = [];
    for await (const page of base.children([foldersName], run)) {
      for (const { entry } of page) {
        const path = [foldersName, entry.name];
        const record = entry.type === 'directory' ? await childOf(base, path, mailboxFileName, run) : undefined;
        if (record !== undefined) records.push({ path, entry: record });
      }
    }
    const folders = new Map<ByteString, BaseFolder>();
    const texts = await textsOf(
      base,
      records.map(({ entry }) => entry),
      run,
    );
    for (const [at, { path }] of records.entries()) {
      const record = readRecord(texts[at], run);
      if (record !== undefined) folders.set(record.name, { path, record: await heldOf(base, path, record, run) });
    }
    return new DirectBase(base, folders);
  }

  /** Names of all folders of the base. */
  get names(): readonly ByteString[] {
    return [...this.#folders.keys()];
  }

  record(name: ByteString): MailboxRecord | undefined {
    return this.#folders.get(name)?.record;
  }

  async folder(name: ByteString): Promise<MailboxRecord | undefined> {
    return this.record(name);
  }

  async block(place: FolderPlace, block: number, run: Run): Promise<readonly KnownMessage[]> {
    const messages = await this.messages(place, block, run);
    return [...messages.values()].map(({ base, letters, record }): KnownMessage => {
      const { uid, keywords = [], labels, size } = record;
      const flags = joinFlags(letters, keywords);
      return { uid, flags, labels, size: size ?? base.entry.size, date: base.entry.mtime };
    });
  }

  /** By UID, ascending. Those that the store has lost, or whose record is lost, are not among them: they are read again. */
  messages(place: FolderPlace, block: number, run: Run): Promise<ReadonlyMap<number, BaseMessage>> {
    const key = `${place.uidValidity}.${block} ${place.name}`;
    const found = this.#blocks.get(key) ?? this.#load(place, block, run);
    this.#blocks.delete(key);
    this.#blocks.set(key, found);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > keptBlocks && oldest !== undefined) this.#blocks.delete(oldest);
    return found;
  }

  directory(name: ByteString): Path | undefined {
    return this.#folders.get(name)?.path;
  }

  blockPath({ name, uidValidity }: FolderPlace, block: number): Path | undefined {
    const folder = this.#folders.get(name);
    return folder === undefined ? undefined : [...folder.path, blockName({ uidValidity, block })];
  }

  /** Every message of a folder that a provider's own id tells, whatever its generation. */
  async byEmailId(name: ByteString, run: Run): Promise<ReadonlyMap<string, BaseMessage>> {
    const found = new Map<string, BaseMessage>();
    const record = this.record(name);
    for (const { block } of record?.blocks ?? []) {
      if (record === undefined) break;
      for (const message of (await this.messages(record, block, run)).values()) {
        if (message.record.emailId !== undefined) found.set(message.record.emailId, message);
      }
    }
    return found;
  }

  async #load(place: FolderPlace, block: number, run: Run): Promise<ReadonlyMap<number, BaseMessage>> {
    const base = this.#base;
    const path = this.blockPath(place, block);
    const messages = new Map<number, BaseMessage>();
    if (base === undefined || path === undefined) return messages;
    const entries: BaseEntry[] = [];
    for await (const page of base.children(path, run)) entries.push(...page);
    const own = entries.find(({ entry }) => entry.name === messagesFileName);
    const [text] = own?.held === true ? await textsOf(base, [own], run) : [];
    const records = new Map(
      parseMessageRecords(text ?? new Uint8Array(0)).records.map((record) => [record.uid, record]),
    );
    for (const entry of entries) {
      const named = parseMessageFileName(entry.entry.name);
      const record = records.get(named?.uid ?? 0);
      if (named === undefined || record === undefined || !entry.held) continue;
      messages.set(named.uid, { base: entry, letters: named.letters, record });
    }
    return messages;
  }
}

const childOf = async (base: Base, path: Path, name: ByteString, run: Run): Promise<BaseEntry | undefined> => {
  let found: BaseEntry | undefined;
  for await (const page of base.children(path, run)) {
    found = page.find(({ entry, held }) => entry.name === name && held) ?? found;
  }
  return found;
};

/** The bytes of each entry; undefined for what cannot be read. */
const textsOf = async (base: Base, entries: readonly BaseEntry[], run: Run): Promise<(Uint8Array | undefined)[]> => {
  const parts: Uint8Array[][] = entries.map(() => []);
  const whole = entries.map(() => false);
  if (entries.length === 0) return [];
  for await (const { bytes, pieces, verdicts } of base.contents(entries, run)) {
    for (const { request, start, length } of pieces)
      parts[request]?.push(new Uint8Array(bytes.subarray(start, start + length)));
    for (const { request, verdict } of verdicts) {
      whole[request] = verdict.kind === 'complete';
      if (verdict.kind === 'failed') run.emit({ kind: 'fault', fault: verdict.fault });
    }
  }
  return parts.map((own, at) => (whole[at] === true ? Buffer.concat(own) : undefined));
};

const readRecord = (text: Uint8Array | undefined, run: Run): MailboxRecord | undefined => {
  if (text === undefined) return undefined;
  try {
    return parseMailboxRecord(text);
  } catch (error) {
    if (!isFault(error, 'tree-damaged')) throw error;
    run.emit({ kind: 'fault', fault: error });
    return undefined;
  }
};

/** What the store has lost of a folder counts as unknown, so that the folder is looked into and it is fetched again. */
const heldOf = async (base: Base, path: Path, record: MailboxRecord, run: Run): Promise<MailboxRecord> => {
  const directory = await base.directory(path, run);
  if (directory !== undefined && (await directory.held(run))) return record;
  const blocks = [];
  for (const block of record.blocks) {
    const name = blockName({ uidValidity: record.uidValidity, block: block.block });
    const own = await base.directory([...path, name], run);
    if (own !== undefined && (await own.held(run))) blocks.push(block);
  }
  const messages = blocks.reduce((sum, { count }) => sum + count, 0);
  return { ...record, highestModSeq: undefined, blocks, messages };
};

/** The base's directory at a path that it is known to have. */
export const directoryAt = async (base: Base | undefined, path: Path | undefined, run: Run) => {
  const directory = base === undefined || path === undefined ? undefined : await base.directory(path, run);
  if (directory === undefined) throw new Fault('internal', 'the base has lost a folder that it had a moment ago');
  return directory;
};
