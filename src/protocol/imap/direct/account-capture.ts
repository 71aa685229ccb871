import type { AccountReport, AccountSourceOptions } from '../../../contract/account-source.ts';
import type { FreshMessage, ScannedBlock, ScannedFolder } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Base, CapturedDirectory, Child } from '../../../contract/source.ts';
import {
  blockName,
  foldersName,
  formatFileName,
  ledgerFileName,
  mailboxFileName,
  messagesFileName,
  ownName,
  scriptFileName,
} from '../../../mail/direct/block-name.ts';
import { splitFlags } from '../../../mail/direct/flags.ts';
import { directoryOfFolder } from '../../../mail/direct/folder-name.ts';
import { encodeFormatRecord, type FormatRecord } from '../../../mail/direct/format-record.ts';
import { encodeLedger, type FolderLedger, type Ledger } from '../../../mail/direct/ledger.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { messageFileName } from '../../../mail/direct/message-name.ts';
import { toMaildirScript } from '../../../mail/direct/to-maildir-script.ts';
import { type ByteString, compareBytes } from '../../../model/byte-string.ts';
import type { BrakeReason, FolderChange } from '../../../model/damage-brake.ts';
import type { Metadata, Nanoseconds, Path } from '../../../model/entry.ts';
import type { ImapScan } from '../scan/account-scan.ts';
import { CapturedBlock, type CapturedMessage } from './captured-block.ts';
import { CapturedFolder } from './captured-folder.ts';
import { capturedOf, changeOf, isSameRecord, nameOf, newHash, pagesOf } from './account-parts.ts';
import { type BaseMessage, type DirectBase, directoryAt } from './direct-base.ts';
import type { ExpectedAccount } from './expected-account.ts';
import type { ContentKey, Fetched } from './read-account.ts';

const encoder = new TextEncoder();

export interface AccountCaptureParts {
  readonly scan: ImapScan;
  readonly format: FormatRecord;
  readonly owner: Pick<Metadata, 'uid' | 'gid' | 'user' | 'group'>;
  readonly options: AccountSourceOptions;
  readonly fetched: Fetched;
  readonly expected: ExpectedAccount;
}

/** One capture of an account into the tree of decision 5. */
export class AccountCapture {
  readonly #parts: AccountCaptureParts;
  readonly #base: Base | undefined;
  readonly #known: DirectBase;
  readonly #run: Run;
  readonly #startedAt: Nanoseconds;
  readonly #folders: CapturedFolder[] = [];
  readonly #others: FolderLedger[] = [];
  readonly #changes: FolderChange[] = [];
  #planned = 0;
  #isPartial = false;
  #brake: readonly BrakeReason[] | undefined;

  constructor(parts: AccountCaptureParts, { base, known }: { base: Base | undefined; known: DirectBase }, run: Run) {
    this.#parts = parts;
    this.#base = base;
    this.#known = known;
    this.#run = run;
    this.#startedAt = run.now();
  }

  async *capture(): AsyncGenerator<CapturedDirectory, void> {
    yield this.#directory([ownName], this.#ownFiles());
    const directories: ByteString[] = [];
    const seen = new Set<ByteString>();
    for await (const folder of this.#parts.scan.folders(this.#known, this.#run)) {
      throwIfInterrupted(this.#run);
      this.#parts.expected.counted(this.#parts.scan.counts() ?? []);
      const { name, delimiter } = nameOf(folder, this.#known);
      seen.add(name);
      const directory = directoryOfFolder(name, delimiter, newHash);
      yield* this.#folder(folder, directory);
      directories.push(directory);
    }
    this.#noteGone(seen);
    const children = directories.sort(compareBytes).map((name): Child => ({ kind: 'directory', name }));
    yield this.#directory([foldersName], children);
    const root = [ownName, foldersName].map((name): Child => ({ kind: 'directory', name }));
    yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: pagesOf(root) } };
  }

  report(): AccountReport {
    return {
      changes: this.#allChanges(),
      ledger: this.#ledger(),
      isPartial: this.#isPartial,
      fetched: { ...this.#parts.fetched },
    };
  }

  async *#folder(folder: ScannedFolder, directory: ByteString): AsyncGenerator<CapturedDirectory, void> {
    const path = [foldersName, directory];
    switch (folder.kind) {
      case 'same': {
        const base = await directoryAt(this.#base, this.#known.directory(folder.record.name), this.#run);
        this.#unchanged(folder.record);
        yield { path, metadata: base.metadata ?? this.#directoryMetadata(), listing: { kind: 'same', base } };
        return;
      }
      case 'carried':
        yield await this.#carried(folder, path);
        return;
      case 'listed':
        yield* this.#listed(folder, path);
    }
  }

  async #carried({ name, fault }: ScannedFolder & { kind: 'carried' }, path: Path): Promise<CapturedDirectory> {
    const known = this.#known.directory(name);
    const record = this.#known.record(name);
    const base = known === undefined ? undefined : await this.#base?.directory(known, this.#run);
    this.#others.push({
      name,
      uidValidity: record?.uidValidity ?? 0,
      onServer: undefined,
      inSnapshot: record?.messages ?? 0,
      differences: [{ kind: 'carried', reason: fault.message }],
    });
    return { path, metadata: base?.metadata ?? this.#directoryMetadata(), listing: { kind: 'carried', base, fault } };
  }

  #unchanged(record: MailboxRecord): void {
    const { name, uidValidity, messages } = record;
    this.#others.push({ name, uidValidity, onServer: messages, inSnapshot: messages, differences: [] });
    this.#changes.push(changeOf(name, { before: messages, gone: 0, now: messages }));
  }

  async *#listed(scanned: ScannedFolder & { kind: 'listed' }, path: Path): AsyncGenerator<CapturedDirectory, void> {
    const { state } = scanned;
    const before = this.#known.record(state.name);
    const folder = new CapturedFolder(state, { before, onServer: scanned.onServer, differences: scanned.differences });
    const byId = await this.#byProviderId(scanned, before);
    const { expected } = this.#parts;
    if (scanned.bytes !== undefined) expected.listed(scanned.onServer, scanned.bytes);
    const children: Child[] = [];
    // A folder in which nothing turns out to have changed is taken over whole, so its blocks wait for the first that has.
    const waiting: CapturedDirectory[] = [];
    let isChanged = false;
    for await (const block of scanned.blocks) {
      throwIfInterrupted(this.#run);
      const name = blockName({ uidValidity: state.uidValidity, block: block.record.block });
      if (scanned.bytes === undefined) for (const { size } of newOf(block)) expected.added(size);
      waiting.push(await this.#block({ folder, block, byId, path: [...path, name] }));
      children.push({ kind: 'directory', name });
      isChanged ||= block.kind !== 'same';
      if (isChanged) yield* waiting.splice(0);
    }
    this.#folders.push(folder);
    if (!isChanged && before !== undefined && isSameRecord(folder.record(newHash), before)) {
      const base = await directoryAt(this.#base, this.#known.directory(state.name), this.#run);
      yield { path, metadata: base.metadata ?? this.#directoryMetadata(), listing: { kind: 'same', base } };
      return;
    }
    yield* waiting;
    const record = { make: () => folder.record(newHash).encoded };
    children.push(this.#made(mailboxFileName, record, 'changed'));
    yield this.#directory(path, children);
  }

  /** In a new generation of a folder, only what the provider itself vouches for is the same message. */
  async #byProviderId(
    { base, state }: ScannedFolder & { kind: 'listed' },
    before: MailboxRecord | undefined,
  ): Promise<ReadonlyMap<string, BaseMessage>> {
    if (base !== undefined || before === undefined) return new Map();
    return this.#known.byEmailId(state.name, this.#run);
  }

  async #block(parts: BlockParts): Promise<CapturedDirectory> {
    const { folder, block, path } = parts;
    const place = folder.state;
    if (block.kind === 'same') {
      const base = await directoryAt(this.#base, this.#known.blockPath(place, block.record.block), this.#run);
      folder.same(block.record);
      return { path, metadata: base.metadata ?? this.#directoryMetadata(), listing: { kind: 'same', base } };
    }
    const known = await this.#known.messages(place, block.record.block, this.#run);
    const all = block.messages.map((message) => capturedOf(message, { known, byId: parts.byId }));
    const messages = all.filter((message) => this.#isWithinBudget(message));
    const captured = new CapturedBlock(place, block.record.block, { messages, left: all.length - messages.length });
    folder.listed(captured, block.messages.filter(({ uid }) => known.has(uid)).length);
    const children = messages.map((message) => this.#messageChild(captured, message, known));
    children.push(this.#made(messagesFileName, { make: () => captured.finish(newHash) }, 'changed'));
    return this.#directory(path, children);
  }

  /** What the budget has no room for is left for the next capture, as if it had not been seen. */
  #isWithinBudget({ content, before, size }: CapturedMessage): boolean {
    if (content !== undefined || before !== undefined) return true;
    const { bytes, time } = this.#parts.options.budget;
    if (this.#planned >= bytes || this.#run.now() - this.#startedAt >= time) {
      this.#isPartial = true;
      return false;
    }
    this.#planned += size;
    return true;
  }

  #messageChild(block: CapturedBlock, message: CapturedMessage, known: ReadonlyMap<number, BaseMessage>): Child {
    const { uid, flags, date, size, content, before } = message;
    const name = messageFileName({ uid, letters: splitFlags(flags).letters });
    if (content !== undefined && before !== undefined) {
      const { entry } = before.base;
      const action = entry.name === name ? 'unchanged' : 'renamed';
      return { kind: 'same', entry: { ...entry, name, mtime: date }, base: before.base, action };
    }
    const key: ContentKey = { kind: 'message', block, message };
    const entry = { name, ...this.#fileMetadata(date), size };
    const action = known.get(uid)?.base.entry.name === name ? 'changed' : 'new';
    return { kind: 'fresh', entry, content: { kind: 'delivered', key }, action };
  }

  #ownFiles(): readonly Child[] {
    const format = encodeFormatRecord(this.#parts.format);
    const script = encoder.encode(toMaildirScript);
    return [
      this.#made(formatFileName, { make: () => format }, 'new'),
      this.#made(ledgerFileName, { make: () => encodeLedger(this.#ledger()), last: true }, 'new'),
      this.#made(scriptFileName, { make: () => script }, 'new'),
    ];
  }

  #made(
    name: ByteString,
    { make, last }: { readonly make: () => Uint8Array; readonly last?: true },
    action: 'new' | 'changed',
  ): Child {
    const key: ContentKey = { kind: 'made', make };
    const entry = { name, ...this.#fileMetadata(this.#startedAt), size: 0 };
    return {
      kind: 'fresh',
      entry,
      action,
      content: { kind: 'delivered', key, ...(last === undefined ? {} : { last }) },
    };
  }

  #ledger(): Ledger {
    // What the brake says is asked for once: by now everything has been read.
    this.#brake ??= this.#parts.options.judge(this.#allChanges());
    const folders = [...this.#others, ...this.#folders.map((folder) => folder.ledger(newHash))];
    return { folders: folders.sort((left, right) => compareBytes(left.name, right.name)), brake: this.#brake };
  }

  #allChanges(): readonly FolderChange[] {
    return [...this.#changes, ...this.#folders.map((folder) => folder.change())];
  }

  /** Folders of the base that the server has no more. One that the filter leaves out now is not gone. */
  #noteGone(seen: ReadonlySet<ByteString>): void {
    for (const name of this.#known.names) {
      if (seen.has(name) || this.#parts.scan.lists(name)) continue;
      const before = this.#known.record(name)?.messages ?? 0;
      this.#changes.push(changeOf(name, { before, gone: before, now: 0 }));
    }
  }

  #directory(path: Path, children: readonly Child[]): CapturedDirectory {
    return { path, metadata: this.#directoryMetadata(), listing: { kind: 'listed', pages: pagesOf(children) } };
  }

  #directoryMetadata(): Metadata {
    return { ...this.#fileMetadata(this.#startedAt), type: 'directory', mode: 0o700, size: 0, links: 0 };
  }

  #fileMetadata(time: Nanoseconds): Omit<Metadata, 'size'> {
    const { owner } = this.#parts;
    const common = { mtime: time, atime: time, ctime: time, ...owner, inode: 0n, deviceId: 0n };
    return { ...common, type: 'file', mode: 0o600, links: 1 };
  }
}

const newOf = (block: ScannedBlock): readonly FreshMessage[] =>
  block.kind === 'same'
    ? []
    : block.messages.filter((message) => message.kind === 'fresh').filter(({ isKnown }) => !isKnown);

interface BlockParts {
  readonly folder: CapturedFolder;
  readonly block: ScannedBlock;
  readonly byId: ReadonlyMap<string, BaseMessage>;
  readonly path: Path;
}
