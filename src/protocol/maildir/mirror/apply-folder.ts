import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { displayText } from '../../../model/byte-string.ts';
import type { ScannedBlock, ScannedFolder } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { uidsOfBlock } from '../../../mail/direct/block-name.ts';
import type { LedgerDifference } from '../../../mail/direct/ledger.ts';
import type { BlockRecord, MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import type { FolderChange } from '../../../model/damage-brake.ts';
import { folderMark } from '../../../mail/direct/presented-name.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { applyBlock } from './apply-block.ts';
import type { Applying, ApplyingOptions } from './applying.ts';
import { clearTemporary } from './deliver.ts';
import { type LeftOver, leftOver } from './left-over.ts';
import type { KnownFolder } from './mirror-base.ts';
import { changeOfMirror } from './mirror-change.ts';
import { emptyFolder, makeMaildir, type MirrorMessage, readMirrorFolder } from './mirror-folder.ts';
import { readMirrorKeywords } from './mirror-keywords.ts';
import { syncDirectory } from './mirror-state.ts';
import { writeUidList } from './whole-uid-list.ts';

export type ListedFolder = Extract<ScannedFolder, { readonly kind: 'listed' }>;

/** What a folder came to; what is gone from the server still lies there. */
export interface AppliedFolder {
  readonly record: MailboxRecord;
  readonly directory: string;
  /** Gone from the server: to be removed once everything else is done. */
  readonly gone: readonly MirrorMessage[];
  readonly leftOver: LeftOver;
  readonly onServer: number;
  readonly fetched: { readonly messages: number; readonly bytes: number };
  readonly flagsChanged: number;
  /** For the damage brake. */
  readonly change: FolderChange;
  readonly differences: readonly LedgerDifference[];
  readonly foreign: number;
}

/**
 * Brings one folder to what the scan says, removals excepted: new messages through `tmp`, synced, then named in `cur`;
 * flags by renaming; Dovecot's files; last what we know of it. Killed at any point, the next run goes on from what the names
 * of the files tell.
 */
export const applyFolder = async (
  scanned: ListedFolder,
  known: KnownFolder | undefined,
  options: ApplyingOptions,
  run: Run,
): Promise<AppliedFolder> => {
  const { place } = options;
  const { state } = scanned;
  const applying = await openApplying(scanned, known, options, run);
  const { directory, files, counts, differences } = applying;
  const { blocks, kept } = await applyBlocks(applying, scanned.blocks);
  const uidNext = Math.max(state.uidNext, ...[...kept].slice(-1).map((uid) => uid + 1));
  const record: MailboxRecord = { ...state, uidNext, messages: kept.size, blocks };
  await writeUidList(applying, state, run);
  await syncDirectory(directory);
  await place.state.saveStamp(state.name, undefined);
  await place.state.saveRecord(record);
  const isWhole = kept.size >= scanned.onServer && !differences.some(({ kind }) => kind === 'missing');
  const left = await leftOver(place, files, { record, isWhole });
  const gone = [...files.messages].flatMap(([uid, message]) => (kept.has(uid) ? [] : [message]));
  return {
    record,
    directory,
    gone,
    leftOver: left,
    change: changeOfMirror(files, left, {
      folder: displayText(state.name),
      before: known?.record.messages ?? 0,
      gone: gone.length,
      now: Math.max(kept.size, scanned.onServer),
      uidValidityChanged: known !== undefined && known.record.uidValidity !== state.uidValidity,
    }),
    onServer: scanned.onServer,
    fetched: { messages: counts.messages, bytes: counts.bytes },
    flagsChanged: counts.flags,
    differences,
    foreign: files.foreign,
  };
};

const openApplying = async (
  { state, differences }: ListedFolder,
  known: KnownFolder | undefined,
  options: ApplyingOptions,
  run: Run,
): Promise<Applying> => {
  const { root, newHash } = options.place;
  const directory = join(root, maildirFolder(state.name, state.delimiter, newHash));
  await makeMaildir(directory);
  if (directory !== root) await writeFile(join(directory, 'maildirfolder'), '', { mode: 0o600 });
  await clearTemporary(directory);
  const mark = folderMark(state.name, newHash);
  const isKnown = known?.files.directory === directory && known.files.uidValidity === state.uidValidity;
  const files = isKnown ? known.files : await readMirrorFolder(directory, { mark, uidValidity: state.uidValidity });
  return {
    ...options,
    state,
    directory,
    mark,
    files: files ?? emptyFolder(directory, state.uidValidity),
    keywords: await readMirrorKeywords(directory),
    known: isKnown ? known : undefined,
    counts: { messages: 0, bytes: 0, flags: 0 },
    differences: [...differences],
    run,
  };
};

const applyBlocks = async (
  applying: Applying,
  scanned: AsyncIterable<ScannedBlock>,
): Promise<{ readonly blocks: readonly BlockRecord[]; readonly kept: ReadonlySet<number> }> => {
  const blocks: BlockRecord[] = [];
  const kept = new Set<number>();
  for await (const block of scanned) {
    throwIfInterrupted(applying.run);
    const number = block.record.block;
    if (block.kind === 'same') {
      blocks.push(block.record);
      applying.progress.add(applying.state.name, block.record.count);
      const first = number * uidsOfBlock;
      for (let uid = first; uid < first + uidsOfBlock; uid++) if (applying.files.messages.has(uid)) kept.add(uid);
      continue;
    }
    const { digests, uids } = await applyBlock(applying, number, block.messages);
    if (uids.length > 0) blocks.push({ block: number, ...digests });
    for (const uid of uids) kept.add(uid);
  }
  return { blocks, kept };
};
