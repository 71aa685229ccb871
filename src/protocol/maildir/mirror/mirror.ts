import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteString, displayText } from '../../../model/byte-string.ts';
import type { BrakeReason, FolderChange } from '../../../model/damage-brake.ts';
import type { AccountScan, ScanBase, ScannedBlock, ScannedFolder } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { formatFileName, ledgerFileName } from '../../../mail/direct/block-name.ts';
import { encodeLedger, type FolderLedger, type Ledger } from '../../../mail/direct/ledger.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { folderMark } from '../../../mail/direct/presented-name.ts';
import { encodeSubscriptions, keywordsName, subscriptionsName, uidListName } from '../../../mail/dovecot-files.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { applyFolder, type AppliedFolder, type ListedFolder, removeMessages, renewUidList } from './apply-folder.ts';
import { createMirrorBase, type MirrorBase, type MirrorPlace, stampOf } from './mirror-base.ts';
import { type HeldBack, withHeldBack } from './held-back.ts';
import { makeMaildir, readMirrorFolder } from './mirror-folder.ts';
import { lockMirror } from './mirror-lock.ts';
import { openMirrorState, replaceFile, syncDirectory } from './mirror-state.ts';

export interface MirrorOptions {
  /** The Maildir++; made when it is not there. */
  readonly directory: string;
  readonly account: string;
  /**
   * Asked once, when all else is done: why a person should look before anything is removed. With a reason, all that is gone
   * from the server stays here, for a later run.
   */
  readonly judge: (changes: readonly FolderChange[]) => readonly BrakeReason[];
  /** Default true. Without it what is gone from the server stays for a later run. */
  readonly removes?: boolean;
}

export interface MirrorReport {
  readonly folders: number;
  readonly changes: readonly FolderChange[];
  readonly fetched: { readonly messages: number; readonly bytes: number };
  readonly flagsChanged: number;
  readonly removed: number;
  /** To be removed, and left as nobody agreed. */
  readonly heldBack: number;
  /** Files in the mirror that did not come from the server: left alone. */
  readonly foreign: number;
  readonly ledger: Ledger;
}

/** A mirror that is open, and locked against other runs. */
export interface Mirror {
  /** What a scan is to be made against. */
  readonly base: ScanBase;
  /** Applies what the scan finds. Faults of a folder are told and cost that folder; a full disk ends the run. */
  apply(scan: AccountScan, run: Run): Promise<MirrorReport>;
  close(): Promise<void>;
}

/** Opens a mirror, or makes one. Faults: `repository-locked`, and those of the file system. */
export const openMirror = async (options: MirrorOptions, { signal }: Run): Promise<Mirror> => {
  const newHash = () => createHash('sha256');
  const state = openMirrorState(options.directory, newHash);
  try {
    await mkdir(state.directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw errnoFault(error, 'make', state.directory);
  }
  const lock = await lockMirror(state.directory, signal);
  try {
    const format = { version: 1, kind: 'mirror', account: options.account };
    await replaceFile(join(state.directory, formatFileName), `${JSON.stringify(format)}\n`);
    await makeMaildir(options.directory);
  } catch (error) {
    await lock.release();
    throw error;
  }
  const place: MirrorPlace = { root: options.directory, newHash, state };
  const base = createMirrorBase(place);
  return { base, apply: (scan, run) => applyScan({ place, base, options, scan }, run), close: () => lock.release() };
};

interface Mirroring {
  readonly place: MirrorPlace;
  readonly base: MirrorBase;
  readonly options: MirrorOptions;
  readonly scan: AccountScan;
}

interface Doomed extends HeldBack {
  readonly directory: string;
  /** The whole folder is gone from the server. */
  readonly whole: boolean;
}

class Tally {
  folders = 0;
  messages = 0;
  bytes = 0;
  flags = 0;
  foreign = 0;
  readonly ledger: FolderLedger[] = [];
  readonly doomed: Doomed[] = [];
  readonly stamped: { readonly name: ByteString; readonly directory: string }[] = [];
  readonly subscribed: ByteString[] = [];
  readonly changes: FolderChange[] = [];
  readonly seen = new Set<ByteString>();

  add(applied: AppliedFolder): void {
    const { record, directory, doomed, onServer, fetched, differences } = applied;
    const { name, uidValidity, messages } = record;
    this.messages += fetched.messages;
    this.bytes += fetched.bytes;
    this.flags += applied.flagsChanged;
    this.foreign += applied.foreign;
    this.changes.push(applied.change);
    this.ledger.push({ name, uidValidity, onServer, inSnapshot: messages, differences });
    if (doomed.length > 0) this.doomed.push({ name, directory, messages: doomed, whole: false });
    else this.stamped.push({ name, directory });
  }
}

const unchanged = (name: ByteString): FolderChange => ({
  folder: displayText(name),
  before: 0,
  gone: 0,
  now: 0,
  changedBodies: 0,
  uidValidityChanged: false,
});

const applyScan = async (mirroring: Mirroring, run: Run): Promise<MirrorReport> => {
  const tally = new Tally();
  const before = await mirroring.place.state.all();
  for await (const scanned of mirroring.scan.folders(mirroring.base, run)) {
    throwIfInterrupted(run);
    tally.folders++;
    if (scanned.kind === 'carried') {
      tally.seen.add(scanned.name);
      run.emit({ kind: 'fault', fault: scanned.fault, path: scanned.name });
      tally.ledger.push(await carriedLedger(mirroring, scanned, run));
      await keepSubscription(mirroring, tally, scanned.name);
      continue;
    }
    const state = scanned.kind === 'same' ? scanned.record : scanned.state;
    tally.seen.add(state.name);
    if (state.subscribed) tally.subscribed.push(maildirFolder(state.name, state.delimiter, mirroring.place.newHash));
    await applyOne(mirroring, scanned, tally, run);
    mirroring.base.release(state.name);
  }
  await writeSubscriptions(mirroring, tally.subscribed);
  for (const record of before) if (!tally.seen.has(record.name)) await doomFolder(mirroring, record, tally);
  const brake = mirroring.options.judge(tally.changes);
  const removes = brake.length === 0 && mirroring.options.removes !== false;
  const toRemove = tally.doomed.reduce((sum, { messages }) => sum + messages.length, 0);
  if (removes) await removeDoomed(mirroring, tally, run);
  for (const { name, directory } of tally.stamped)
    await mirroring.place.state.saveStamp(name, await stampOf(directory));
  const why = brake.length > 0 ? 'gone from the server, and kept as the damage brake holds' : 'gone from the server';
  const folders = removes ? tally.ledger : withHeldBack(tally.ledger, tally.doomed, why);
  const ledger = { folders, brake };
  await replaceFile(join(mirroring.place.state.directory, ledgerFileName), encodeLedger(ledger));
  await syncDirectory(mirroring.place.state.directory);
  await syncDirectory(mirroring.place.root);
  return {
    folders: tally.folders,
    changes: tally.changes,
    fetched: { messages: tally.messages, bytes: tally.bytes },
    flagsChanged: tally.flags,
    removed: removes ? toRemove : 0,
    heldBack: removes ? 0 : toRemove,
    foreign: tally.foreign,
    ledger,
  };
};

type SameFolder = Extract<ScannedFolder, { readonly kind: 'same' }>;

const applyOne = async (
  { place, base, options, scan }: Mirroring,
  scanned: ListedFolder | SameFolder,
  tally: Tally,
  run: Run,
): Promise<void> => {
  if (scanned.kind === 'same') {
    const known = await base.known(scanned.record.name, run);
    if (known?.trusted === true) {
      const { name, uidValidity, messages } = scanned.record;
      tally.ledger.push({ name, uidValidity, onServer: messages, inSnapshot: messages, differences: [] });
      tally.changes.push({ ...unchanged(name), before: messages, now: messages });
      return;
    }
  }
  const listed = listedOf(scanned);
  const known = await base.known(listed.state.name, run);
  tally.add(await applyFolder(listed, known, { place, account: options.account, scan }, run));
};

/** A folder that is as the mirror has it, but touched by others or by a run that was killed, is brought in order all the same. */
const listedOf = (scanned: ListedFolder | SameFolder): ListedFolder => {
  if (scanned.kind === 'listed') return scanned;
  const { blocks, ...state } = scanned.record;
  const onServer = scanned.record.messages;
  return { kind: 'listed', state, base: scanned.record, onServer, differences: [], blocks: sameBlocks(blocks) };
};

async function* sameBlocks(blocks: MailboxRecord['blocks']): AsyncGenerator<ScannedBlock, void> {
  for (const record of blocks) yield { kind: 'same', record };
}

const carriedLedger = async (
  { base }: Mirroring,
  { name, fault }: { readonly name: ByteString; readonly fault: { readonly message: string } },
  run: Run,
): Promise<FolderLedger> => {
  const record = await base.folder(name, run);
  return {
    name,
    uidValidity: record?.uidValidity ?? 0,
    onServer: undefined,
    inSnapshot: record?.messages ?? 0,
    differences: [{ kind: 'carried', reason: fault.message }],
  };
};

const keepSubscription = async ({ place }: Mirroring, tally: Tally, name: ByteString): Promise<void> => {
  const record = await place.state.record(name);
  if (record?.subscribed === true) tally.subscribed.push(maildirFolder(name, record.delimiter, place.newHash));
};

const writeSubscriptions = async ({ place }: Mirroring, subscribed: readonly ByteString[]): Promise<void> => {
  await replaceFile(join(place.root, subscriptionsName), encodeSubscriptions([...subscribed].sort()));
};

/** A folder that is gone from the server. */
const doomFolder = async ({ place }: Mirroring, record: MailboxRecord, tally: Tally): Promise<void> => {
  const { name, delimiter, uidValidity } = record;
  const directory = join(place.root, maildirFolder(name, delimiter, place.newHash));
  const files = await readMirrorFolder(directory, { mark: folderMark(name, place.newHash), uidValidity });
  if (files === undefined) {
    await place.state.forget(name);
    return;
  }
  const messages = [...files.messages.values(), ...files.stale];
  tally.changes.push({ ...unchanged(name), before: messages.length, gone: messages.length });
  tally.doomed.push({ name, directory, messages, whole: true });
};

const removeDoomed = async ({ place, options }: Mirroring, { doomed, stamped }: Tally, run: Run): Promise<void> => {
  for (const { name, directory, messages: own, whole } of doomed) {
    await removeMessages(directory, own);
    if (whole) await removeFolder(place, name, directory);
    else {
      const record = await place.state.record(name);
      if (record !== undefined) {
        await renewUidList({ place, account: options.account, directory }, record, run);
        await place.state.keepBlocks(record);
      }
      stamped.push({ name, directory });
    }
  }
};

/** Only what is empty goes: what a mail program has put there stays, folder and all. */
const removeFolder = async (place: MirrorPlace, name: ByteString, directory: string): Promise<void> => {
  if (directory !== place.root && (await isEmptyMaildir(directory))) {
    const controls = (await readdir(directory)).filter((file) => /^(?:dovecot|maildirfolder$)/.test(file));
    for (const file of controls) await rm(join(directory, file), { force: true });
    for (const own of ['cur', 'new', 'tmp', '.']) await rmdir(join(directory, own)).catch(ignoreOccupied);
  } else {
    for (const own of [uidListName, keywordsName]) await rm(join(directory, own), { force: true });
  }
  await place.state.forget(name);
};

const isEmptyMaildir = async (directory: string): Promise<boolean> => {
  for (const own of ['cur', 'new', 'tmp']) {
    if ((await readdir(join(directory, own)).catch(() => [])).length > 0) return false;
  }
  return true;
};

const ignoreOccupied = (error: unknown): void => {
  const code = errnoCode(error);
  if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT' && code !== 'EINVAL')
    throw errnoFault(error, 'remove', 'a folder of the mirror');
};
