import type { CredentialSource } from '../../../contract/credential.ts';
import { createHash } from 'node:crypto';
import type {
  AccountScan,
  FolderPlace,
  MessageHeader,
  ScanBase,
  ScannedFolder,
} from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Delivery } from '../../../contract/source.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import { mailboxText } from '../../../mail/mailbox-name.ts';
import { type ByteString, compareBytes } from '../../../model/byte-string.ts';
import { directoryOfFolder } from '../../../mail/direct/folder-name.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import type { ServerSettings } from '../connection/settings.ts';
import { createDeliveryMemory } from '../read/delivery-channel.ts';
import { readHeaders } from '../read/read-headers.ts';
import { readMessages } from '../read/read-messages.ts';
import { batchesOf, type Batch } from '../read/wanted-message.ts';
import { type FolderFilter, wantedFolders } from './folder-filter.ts';
import { listFolders } from './folder-list.ts';
import { lookAtFolder, standsAsItStood } from './folder-look.ts';
import { type ChosenFolder, chosenInGmail } from './gmail.ts';
import type { FolderNames } from './open-folder.ts';
import { SessionPool } from './session-pool.ts';

export interface ImapScanOptions {
  readonly server: ServerSettings;
  /** For people: whose account it is. */
  readonly user: string;
  readonly credentials: CredentialSource;
  readonly connections: number;
  readonly filter: FolderFilter;
  /** Look at every message of every folder. */
  readonly rescan: boolean;
  /** Which seventh of the folders is looked into though nothing seems to have changed: 0 to 6, another each night. */
  readonly seventh: number;
  /** Default: the clock's. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** One message to read, wherever it lies. */
export interface MessageRequest {
  readonly place: FolderPlace;
  readonly uid: number;
  /** RFC822.SIZE, for the size of batches. */
  readonly size: number;
}

/** An IMAP account as it is scanned, with the one thing more that a snapshot needs: many folders read in one go. */
export interface ImapScan extends AccountScan {
  readMany(requests: readonly MessageRequest[], run: Run): AsyncIterable<Delivery>;
  /** Whether the account had a folder of this name when its folders were listed, wanted or not. */
  lists(name: ByteString): boolean;
}

/**
 * Folders of so many messages together are looked at before their turn, at least as many as there are connections: in a night
 * without news the few that have to be looked at lie far apart, and none should wait for the answer about another.
 */
const messagesAhead = 20_000;

const newHash: NewHash = () => createHash('sha256');

export const openImapScan = (options: ImapScanOptions): ImapScan => new Scan(options);

class Scan implements ImapScan {
  readonly description: string;
  readonly #options: ImapScanOptions;
  readonly #pool: SessionPool;
  readonly #memory = createDeliveryMemory();
  /** Names on the wire, where they are not the names with us. */
  readonly #wire = new Map<ByteString, ByteString>();
  /** Messages of each folder that is wanted, by STATUS, then by what the look into it found. */
  #counts: Map<ByteString, number> | undefined;

  constructor(options: ImapScanOptions) {
    const { server, credentials, connections, sleep: wait = sleep } = options;
    this.description = `${options.user} at ${server.host}`;
    this.#options = options;
    this.#pool = new SessionPool({ server, credentials, connections, sleep: wait });
  }

  async *folders(base: ScanBase, run: Run): AsyncGenerator<ScannedFolder, void> {
    const chosen = inOrder(await this.#chosen(run));
    this.#counts = new Map(chosen.map(({ folder }) => [folder.name, folder.status?.messages ?? 0]));
    const looks: { readonly found: Promise<ScannedFolder>; readonly messages: number }[] = [];
    let begun = 0;
    // Folders are looked at ahead, over all connections; what was found waits for its turn.
    for (let at = 0; at < chosen.length; at++) {
      let waiting = looks.reduce((sum, { messages }) => sum + messages, 0);
      while (begun < chosen.length && (looks.length < this.#pool.limit || waiting < messagesAhead)) {
        const next = chosen[begun++];
        if (next === undefined) break;
        const found = this.#look(next, base, run);
        // Awaited in its turn, unless one before it ends the scan: of what comes after that, nothing is said.
        found.catch(() => undefined);
        const messages = next.folder.status?.messages ?? messagesAhead;
        looks.push({ found, messages });
        waiting += messages;
      }
      const first = looks.shift();
      throwIfInterrupted(run);
      if (first !== undefined) yield await first.found;
    }
  }

  counts(): readonly number[] | undefined {
    return this.#counts && [...this.#counts.values()];
  }

  async *read({ name, uidValidity }: FolderPlace, uids: readonly number[], run: Run): AsyncGenerator<Delivery, void> {
    const place = { name, uidValidity };
    yield* this.readMany(
      uids.map((uid) => ({ place, uid, size: 0 })),
      run,
    );
  }

  readMany(requests: readonly MessageRequest[], run: Run): AsyncIterable<Delivery> {
    const folders = new Map<
      string,
      { place: FolderPlace; requests: { request: number; uid: number; size: number }[] }
    >();
    for (const [request, { place, uid, size }] of requests.entries()) {
      const key = `${place.uidValidity} ${place.name}`;
      const folder = folders.get(key) ?? { place, requests: [] };
      folders.set(key, folder);
      folder.requests.push({ request, uid, size });
    }
    const batches: Batch[] = [...folders.values()].flatMap(({ place, requests: wanted }) => {
      const messages = wanted.map((one) => ({ ...one, position: 0, isWhole: false, attempts: 0, wasEmpty: false }));
      return [...batchesOf(this.#names(place.name), place.uidValidity, messages)];
    });
    return readMessages({ pool: this.#pool, memory: this.#memory }, batches, run);
  }

  headers(
    { name, uidValidity }: FolderPlace,
    uids: readonly number[],
    run: Run,
  ): AsyncIterable<readonly MessageHeader[]> {
    return readHeaders(this.#pool, { folder: this.#names(name), uidValidity, uids }, run);
  }

  lists(name: ByteString): boolean {
    return this.#wire.has(name);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #names(name: ByteString): FolderNames {
    return { name, wire: this.#wire.get(name) ?? name };
  }

  /** Rejects when the account cannot be read at all, or the filter names what is not there. */
  async #chosen(run: Run): Promise<readonly ChosenFolder[]> {
    const { filter } = this.#options;
    return this.#pool.retrying(async (session) => {
      const folders = await listFolders(session);
      for (const { name, wire } of folders) this.#wire.set(name, wire);
      const tell = (message: string): void => run.emit({ kind: 'notice', message });
      const gmail = session.connection.offers('X-GM-EXT-1') ? chosenInGmail(folders, filter, tell) : undefined;
      if (gmail !== undefined) return gmail;
      const wanted = wantedFolders(folders, filter, tell);
      return wanted.filter(({ selectable }) => selectable).map((folder) => ({ folder, wanted: undefined }));
    }, run);
  }

  async #look({ folder, wanted }: ChosenFolder, scanBase: ScanBase, run: Run): Promise<ScannedFolder> {
    const known = await scanBase.folder(folder.name, run);
    const deep = known !== undefined && this.#looksInto(folder.name);
    // Under another delimiter a folder lies elsewhere, though all of its messages are the same.
    const mayStand = known?.delimiter === folder.delimiter && !deep && wanted === undefined;
    if (known !== undefined && mayStand && standsAsItStood(folder.status, known)) {
      return { kind: 'same', record: { ...known, specialUse: folder.specialUse, subscribed: folder.subscribed } };
    }
    try {
      const parts = { folder, known, scanBase, newHash, deep, wanted };
      const found = await this.#pool.retrying((session) => lookAtFolder(session, parts, run), run);
      this.#counts?.set(folder.name, found.onServer);
      return found;
    } catch (error) {
      throwIfInterrupted(run);
      const fault = asFault(error);
      // Without the account itself there is nothing to go on with; a folder alone is carried forward.
      if (isFault(fault, 'internal', 'interrupted', 'credentials-refused', 'configuration')) throw fault;
      return { kind: 'carried', name: folder.name, fault: named(fault, folder.name) };
    }
  }

  #looksInto(name: ByteString): boolean {
    const { rescan, seventh } = this.#options;
    const first = createHash('sha256').update(name, 'latin1').digest()[0] ?? 0;
    return rescan || first % 7 === seventh % 7;
  }
}

/** In the order of the directories that decision 5 gives them. */
const inOrder = (chosen: readonly ChosenFolder[]): readonly ChosenFolder[] =>
  chosen
    .map((one) => ({ one, directory: directoryOfFolder(one.folder.name, one.folder.delimiter, newHash) }))
    .sort((left, right) => compareBytes(left.directory, right.directory))
    .map(({ one }) => one);

/** A fault says which folder it is about. */
const named = (fault: Fault, name: ByteString): Fault => {
  const text = mailboxText(name);
  if (fault.message.includes(text)) return fault;
  return new Fault(fault.code, `${text}: ${fault.message}`, {
    retry: fault.retry,
    context: fault.context,
    cause: fault,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
  });
};
