import { fsyncSync, rmSync, unlinkSync } from 'node:fs';
import type { Run } from '../../../contract/run.ts';
import { keywordsName, parseKeywords } from '../../../mail/dovecot-files.ts';
import { identityOf } from '../../../mail/maildir-name.ts';
import { keywordsText, mergeKeywords, withLetters } from '../../../mail/merge/keyword-letters.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { syncFileSystem } from '../../../system/sync-file-system.ts';
import { readDirectoryNames } from '../../files/directory-names.ts';
import { renameToFree } from '../../files/file-writer.ts';
import type { HeldDirectory } from '../../files/held-directory.ts';
import { itself } from '../../files/held-directory.ts';
import type { RestoreContext } from '../../files/restore-dispatch.ts';
import { lookAt } from '../../files/target-decision.ts';
import { childPath, joinedPath, occupied } from '../../files/target-name.ts';
import { withLivingLock } from './living-lock.ts';
import type { MergeRecord } from './merge-record.ts';
import { changeText, textInPlace } from './place-text.ts';
import type { Stage, StagedFolder, StagedMessage } from './stage.ts';

export interface Publishing {
  readonly context: RestoreContext;
  readonly record: MergeRecord;
  readonly stage: Stage;
  readonly run: Run;
}

export interface Batch {
  readonly messages: readonly StagedMessage[];
  readonly folders: readonly StagedFolder[];
}

const [cur, fresh, temporary] = ['cur', 'new', 'tmp'].map(byteStringOfLatin1) as [ByteString, ByteString, ByteString];

/**
 * Gives what was written its names, in which mail servers and people find it, when all of it is on the disk: what can be seen
 * is whole, also after a power failure.
 */
export const publish = async ({ messages, folders }: Batch, publishing: Publishing): Promise<void> => {
  const { context, stage } = publishing;
  const written = messages.filter(({ isWritten }) => isWritten);
  for (const message of messages) if (!message.isWritten) stage.forgetMessage(message);
  await syncAll([...written.map(({ folder }) => folder), ...folders.map(({ final }) => final.slice(0, -1))], context);
  for (const [, group] of Map.groupBy(written, ({ folder }) => joinedPath(folder))) {
    await publishMessages(group, publishing);
  }
  for (const folder of folders) publishFolder(folder, publishing);
};

/** Each file system once: a domain may lie on a disk of its own. */
const syncAll = async (paths: readonly Path[], { root }: RestoreContext): Promise<void> => {
  const places = new Map<bigint, string>();
  for (const key of new Set(paths.map((path) => joinedPath(path)))) {
    const place = byteStringOfLatin1(`${root}/${key}`);
    const stats = lookAt(place);
    if (stats !== undefined) places.set(stats.dev, displayText(place));
  }
  for (const place of places.values()) await syncFileSystem(place);
};

const publishMessages = async (messages: readonly StagedMessage[], publishing: Publishing): Promise<void> => {
  const { context, run } = publishing;
  const folder = messages[0]?.folder ?? [];
  try {
    const held = context.tree.hold(folder);
    try {
      const place = { directory: held.prefix, shown: joinedPath(folder) };
      await withLivingLock(place, () => publishLocked(folder, messages, publishing), run);
    } finally {
      context.tree.release(folder);
    }
  } catch (error) {
    if (isFault(error, 'interrupted', 'disk-full', 'quota-exceeded', 'read-only')) throw error;
    for (const message of messages) {
      if (message.isWritten) giveUp(message, error, publishing);
    }
  }
};

const pathOf = ({ folder, part, name }: StagedMessage): ByteString => joinedPath([...folder, part, name]);

const giveUp = (message: StagedMessage, error: unknown, { context, stage }: Publishing): void => {
  context.ledger.failed(pathOf(message), errnoFault(asFault(error), 'name', pathOf(message)));
  try {
    unlinkSync(
      nativePath(
        byteStringOfLatin1(`${context.root}/${joinedPath([...message.folder, temporary, message.temporary])}`),
      ),
    );
  } catch (failure) {
    // What it was written for has failed, which is told; the next restore removes it.
    if (errnoCode(failure) === undefined) throw failure;
  }
  stage.forgetMessage(message);
};

interface OpenMaildir {
  readonly cur: HeldDirectory;
  readonly new: HeldDirectory;
  readonly tmp: HeldDirectory;
}

const publishLocked = (folder: Path, messages: readonly StagedMessage[], publishing: Publishing): void => {
  const { tree } = publishing.context;
  const letters = publishKeywords(folder, publishing);
  const paths = [cur, fresh, temporary].map((part) => [...folder, part]);
  const [inCur, inNew, inTmp] = paths.map((path) => tree.hold(path));
  try {
    if (inCur === undefined || inNew === undefined || inTmp === undefined) return;
    const open: OpenMaildir = { cur: inCur, new: inNew, tmp: inTmp };
    const there = new Set<ByteString>();
    for (const { prefix } of [inNew, inCur]) {
      for (const name of readDirectoryNames(itself(prefix)).names) there.add(identityOf(name));
    }
    for (const message of messages) nameMessage(message, { open, there, letters }, publishing);
    for (const { descriptor } of [inCur, inNew]) fsyncSync(descriptor);
  } finally {
    for (const path of paths) tree.release(path);
  }
  forgetQuota(folder, publishing);
};

interface Naming {
  readonly open: OpenMaildir;
  /** Base names that the folder has by now. */
  readonly there: Set<ByteString>;
  /** Undefined: letters stay as they are. */
  readonly letters: ReadonlyMap<string, string> | undefined;
}

const nameMessage = (message: StagedMessage, { open, there, letters }: Naming, publishing: Publishing): void => {
  const { context, stage } = publishing;
  const { name, lost } = letters === undefined ? { name: message.name, lost: 0 } : withLetters(message.name, letters);
  const identity = identityOf(name);
  const from = childPath(open.tmp.prefix, message.temporary);
  try {
    if (there.has(identity)) {
      unlinkSync(nativePath(from));
      context.ledger.left(pathOf(message), message.size);
    } else {
      const { prefix } = message.part === cur ? open.cur : open.new;
      renameToFree(from, childPath(prefix, name), context.abilities.posix);
      there.add(identity);
      for (let count = 0; count < lost; count++) context.ledger.lost('keyword');
      context.ledger.written(pathOf(message), message.size, false);
    }
    stage.forgetMessage(message);
  } catch (error) {
    giveUp(message, errnoFault(error, 'name', pathOf(message)), publishing);
  }
  message.isWritten = false;
};

/** The living folder's letters for those of the backup; new keywords are there before a name uses them. */
const publishKeywords = (
  folder: Path,
  { context, record, run }: Publishing,
): ReadonlyMap<string, string> | undefined => {
  const { keywords: backup, used } = record.change(folder);
  if (used.size === 0) return undefined;
  const path = [...folder, keywordsName];
  const text = textInPlace({ directory: folder, name: keywordsName }, context);
  // Both have them elsewhere, where the server keeps its control files.
  if (backup.size === 0 && text === '') return undefined;
  const merged = mergeKeywords(parseKeywords(text), backup, used);
  if (merged.added > 0) {
    changeText(
      { directory: folder, name: keywordsName, text: byteStringOfLatin1(keywordsText(merged.keywords)) },
      context,
      run,
    );
    context.ledger.written(joinedPath(path), text.length, text !== '');
  }
  return merged.letters;
};

const quotaName = byteStringOfLatin1('maildirsize');

/** What a Maildir++ has used up of its quota is counted again when its sum is not there. */
const forgetQuota = (folder: Path, { context: { root } }: Publishing): void => {
  for (const path of [folder, folder.slice(0, -1)]) {
    rmSync(nativePath(byteStringOfLatin1(`${root}/${joinedPath([...path, quotaName])}`)), { force: true });
  }
};

const publishFolder = (folder: StagedFolder, { context, stage }: Publishing): void => {
  const { tree, ledger, abilities } = context;
  const [above, stagedIn] = [folder.final.slice(0, -1), folder.staged.slice(0, -1)];
  const [name, stagedName] = [folder.final.at(-1), folder.staged.at(-1)];
  if (name === undefined || stagedName === undefined) return;
  try {
    const [to, from] = [tree.hold(above), tree.hold(stagedIn)];
    try {
      renameToFree(childPath(from.prefix, stagedName), childPath(to.prefix, name), abilities.posix);
      fsyncSync(to.descriptor);
    } finally {
      tree.release(above);
      tree.release(stagedIn);
    }
    stage.forgetFolder(folder);
  } catch (error) {
    // It stays staged, and is cleared with all else at the end.
    const taken = errnoCode(error) === 'EEXIST' || errnoCode(error) === 'ENOTEMPTY';
    const fault = taken
      ? occupied('something that appeared after the plan was made')
      : errnoFault(error, 'name', joinedPath(folder.final));
    ledger.failed(joinedPath(folder.final), fault);
  }
};
