import { closeSync, fsyncSync, openSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Run } from '../../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, bytesOf } from '../../../model/byte-string.ts';
import type { Metadata, Path } from '../../../model/entry.ts';
import { errnoFault } from '../../../system/errno.ts';
import { attainableMetadata, setMetadata } from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import { renameOver, renameToFree } from '../../files/file-writer.ts';
import type { RestoreContext } from '../../files/restore-dispatch.ts';
import { childPath, joinedPath } from '../../files/target-name.ts';
import { lookAt } from '../../files/target-decision.ts';
import { readLivingText } from './living-text.ts';

export interface PlacedText {
  readonly directory: Path;
  readonly name: ByteString;
  readonly text: ByteString;
  readonly metadata: Metadata;
  /** Something of this name may be replaced. */
  readonly replace: boolean;
}

/** Puts a small file into place, whole and on the disk. Throws a Fault; `target-occupied` when its name is taken. */
export const placeText = ({ directory, name, text, metadata, replace }: PlacedText, context: RestoreContext): void => {
  const { tree, abilities } = context;
  const shown = childPath(joinedPath(directory), name);
  const { prefix } = tree.hold(directory);
  const [temporary, final] = [childPath(prefix, context.temporaryName()), childPath(prefix, name)];
  try {
    const file = openSync(nativePath(temporary), 'wx', 0o600);
    let isPlaced = false;
    try {
      writeFileSync(file, bytesOf(text));
      const attainable = attainableMetadata(metadata, abilities, () => {});
      const task = { descriptor: file, path: temporary, metadata: attainable, tidy: false };
      for (const loss of setMetadata(task, abilities.posix)) context.ledger.lost(loss);
      fsyncSync(file);
      if (replace) renameOver(temporary, final);
      else renameToFree(temporary, final, abilities.posix);
      isPlaced = true;
    } finally {
      closeSync(file);
      if (!isPlaced) unlinkSync(nativePath(temporary));
    }
  } catch (error) {
    throw errnoFault(error, 'write', shown, { EEXIST: 'target-occupied' });
  } finally {
    tree.release(directory);
  }
};

/** What a small file has now, through its directory held open, whatever has become of the path to it. */
export const textInPlace = (
  { directory, name }: Pick<PlacedText, 'directory' | 'name'>,
  { tree }: RestoreContext,
): ByteString => {
  const { prefix } = tree.hold(directory);
  try {
    return readLivingText(childPath(prefix, name));
  } finally {
    tree.release(directory);
  }
};

export interface ChangedText {
  readonly directory: Path;
  readonly name: ByteString;
  readonly text: ByteString;
}

/**
 * A new text for a small file of the mail server. It keeps owner and mode; one that was not there gets those of its folder,
 * to be read by its owner. Its time goes on by a second at least: Dovecot knows by that alone that it has changed.
 */
export const changeText = ({ directory, name, text }: ChangedText, context: RestoreContext, run: Run): void => {
  const place = childPath(context.root, childPath(joinedPath(directory), name));
  const there = lookAt(place);
  const folder = statSync(nativePath(byteStringOfLatin1(`${context.root}/${joinedPath(directory)}`)), { bigint: true });
  const { uid, gid } = there ?? folder;
  const second = 1_000_000_000n;
  const earliest = there === undefined ? 0n : (there.mtimeNs / second + 1n) * second;
  const now = run.now();
  const mtime = now > earliest ? now : earliest;
  const metadata: Metadata = {
    type: 'file',
    mode: there === undefined ? Number(folder.mode & 0o666n) : Number(there.mode & 0o777n),
    mtime,
    atime: mtime,
    ctime: mtime,
    uid: Number(uid),
    gid: Number(gid),
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: text.length,
    links: 1,
  };
  placeText({ directory, name, text, metadata, replace: true }, context);
};
