import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { displayText } from '../../../model/byte-string.ts';
import type { BrakeReason, FolderChange } from '../../../model/damage-brake.ts';
import type {
  AccountScan,
  FolderState,
  ScanBase,
  ScannedBlock,
  ScannedFolder,
} from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { formatFileName, ledgerFileName } from '../../../mail/direct/block-name.ts';
import { encodeLedger, type Ledger } from '../../../mail/direct/ledger.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { encodeSubscriptions, subscriptionsName } from '../../../mail/dovecot-files.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { errnoFault } from '../../../system/errno.ts';
import { applyFolder, type ListedFolder } from './apply-folder.ts';
import { withHeldBack } from './held-back.ts';
import { newsOf } from './listed-news.ts';
import { createMirrorBase, type KnownFolder, type MirrorBase, type MirrorPlace, stampOf } from './mirror-base.ts';
import { makeMaildir } from './mirror-folder.ts';
import { lockMirror } from './mirror-lock.ts';
import { MirrorProgress } from './mirror-progress.ts';
import { openMirrorState, replaceFile, syncDirectory } from './mirror-state.ts';
import { directoryOf, formerRecord, moveFolder } from './move-folder.ts';
import { doomFolder, removeDoomed } from './removal.ts';
import { Tally } from './tally.ts';

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
  return {
    base,
    apply: async (scan, run) => {
      const progress = new MirrorProgress(() => scan.counts(), run);
      return applyScan({ place, base, options, scan, progress, before: await state.all() }, run);
    },
    close: () => lock.release(),
  };
};

interface Mirroring {
  readonly progress: MirrorProgress;
  readonly place: MirrorPlace;
  readonly base: MirrorBase;
  readonly options: MirrorOptions;
  readonly scan: AccountScan;
  /** What was known of all folders when the run began. */
  readonly before: readonly MailboxRecord[];
}

const applyScan = async (mirroring: Mirroring, run: Run): Promise<MirrorReport> => {
  const { place, base, options, before } = mirroring;
  const tally = new Tally();
  for await (const scanned of mirroring.scan.folders(base, run)) {
    throwIfInterrupted(run);
    tally.folders++;
    if (scanned.kind === 'carried') await carryFolder(mirroring, scanned, tally, run);
    else await applyOne(mirroring, scanned, tally, run);
  }
  await replaceFile(join(place.root, subscriptionsName), encodeSubscriptions([...tally.subscribed].sort()));
  for (const record of before) if (!tally.seen.has(record.name)) await doomFolder(place, record, tally);
  const brake = options.judge(tally.changes);
  const removes = brake.length === 0 && options.removes !== false;
  const { toRemove } = tally;
  if (removes) await removeDoomed({ place, account: options.account }, tally, run);
  for (const { name, directory } of tally.stamped) await place.state.saveStamp(name, await stampOf(directory));
  const heldBack = removes ? [] : tally.heldBack(brake.length > 0);
  const ledger = { folders: withHeldBack(tally.ledger, [...tally.awaited, ...heldBack]), brake };
  await replaceFile(join(place.state.directory, ledgerFileName), encodeLedger(ledger));
  await syncDirectory(place.state.directory);
  await syncDirectory(place.root);
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
  mirroring: Mirroring,
  scanned: ListedFolder | SameFolder,
  tally: Tally,
  run: Run,
): Promise<void> => {
  const { place, base, options, scan, progress } = mirroring;
  const state = scanned.kind === 'same' ? scanned.record : scanned.state;
  tally.seen.add(state.name);
  tally.directories.add(directoryOf(place, state));
  if (state.subscribed) tally.subscribed.push(maildirFolder(state.name, state.delimiter, place.newHash));
  const known = await knownInPlace(mirroring, state, tally, run);
  const news = await newsIn(scanned, known, place);
  if (news.kind === 'none') {
    const { name, uidValidity, messages } = news.record;
    tally.ledger.push({ name, uidValidity, onServer: messages, inSnapshot: messages, differences: [] });
    const counts = { before: messages, gone: 0, now: messages };
    tally.changes.push({ folder: displayText(name), ...counts, changedBodies: 0, uidValidityChanged: false });
    progress.add(name, messages);
  } else {
    tally.add(await applyFolder(news.folder, known, { place, account: options.account, scan, progress }, run));
  }
  base.release(state.name);
};

/** What the mirror has of a folder, once that lies where the server's delimiter puts it. */
const knownInPlace = async (
  { place, base, options, before }: Mirroring,
  state: FolderState,
  { seen, directories: inUse }: Tally,
  run: Run,
): Promise<KnownFolder | undefined> => {
  const known = await base.known(state.name, run);
  if (known !== undefined && known.files.directory === directoryOf(place, state)) return known;
  const record = known === undefined ? formerRecord(before, seen, state) : undefined;
  const former = known ?? (record === undefined ? undefined : await base.known(record.name, run));
  if (former === undefined) return undefined;
  await moveFolder({ place, account: options.account, inUse }, former, state, run);
  base.release(former.record.name);
  base.release(state.name);
  return base.known(state.name, run);
};

type News =
  /** The folder lies here as the server has it. */
  | { readonly kind: 'none'; readonly record: MailboxRecord }
  /** It is to be brought in order. */
  | { readonly kind: 'some'; readonly folder: ListedFolder };

const newsIn = async (
  scanned: ListedFolder | SameFolder,
  known: KnownFolder | undefined,
  { newHash }: MirrorPlace,
): Promise<News> => {
  if (known?.trusted !== true) return { kind: 'some', folder: listedOf(scanned) };
  if (scanned.kind === 'same') return { kind: 'none', record: scanned.record };
  const folder = await newsOf(scanned, known, newHash);
  return folder === undefined ? { kind: 'none', record: known.record } : { kind: 'some', folder };
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

/** What is known of it stays as it is. */
const carryFolder = async (
  { place, base }: Mirroring,
  { name, fault }: Extract<ScannedFolder, { readonly kind: 'carried' }>,
  tally: Tally,
  run: Run,
): Promise<void> => {
  tally.seen.add(name);
  run.emit({ kind: 'fault', fault, path: name });
  const record = await base.folder(name, run);
  tally.ledger.push({
    name,
    uidValidity: record?.uidValidity ?? 0,
    onServer: undefined,
    inSnapshot: record?.messages ?? 0,
    differences: [{ kind: 'carried', reason: fault.message }],
  });
  if (record !== undefined) tally.directories.add(directoryOf(place, record));
  const stored = await place.state.record(name);
  if (stored?.subscribed === true) tally.subscribed.push(maildirFolder(name, stored.delimiter, place.newHash));
};
