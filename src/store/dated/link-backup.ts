import { closeSync, constants, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync, rmSync } from 'node:fs';
import type { DatedBackup } from '../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { byteStringOfLatin1, type ByteString } from '../../model/byte-string.ts';
import type { DatedName } from '../../model/dated-name.ts';
import { errnoFault } from '../../system/errno.ts';
import { attempt } from '../../system/file-metadata.ts';
import { nativePath } from '../../system/native-path.ts';
import type { Posix } from '../../system/posix.ts';
import { syncFileSystem } from '../../system/sync-file-system.ts';
import { backupOf } from './disk/backup-file.ts';
import { writeEvidence } from './disk/evidence-file.ts';
import { type DiskPlaces, hiddenPlace, ownFolder, processName } from './disk/layout.ts';
import { evidencePlace, type KnownBackup, writeMetadata } from './disk/list-backups.ts';
import { moveIntoPlace } from './disk/move-into-place.ts';
import { type IsHeld, stampProcess } from './disk/prepare-disk.ts';
import { removeTree } from './disk/remove-tree.ts';
import type { DiskPool } from './threads/disk-pool.ts';

export interface Linking {
  readonly places: DiskPlaces;
  readonly pool: DiskPool;
  readonly from: KnownBackup;
  readonly name: DatedName;
  readonly posix: Posix | undefined;
  readonly isHeld: IsHeld;
}

/** Makes a backup of another by giving all of its files a second name. What is known of the one is known of the other. */
export const linkBackup = async (linking: Linking, run: Run): Promise<DatedBackup> => {
  const { places, from, name, isHeld } = linking;
  const hidden = hiddenPlace('partial', name);
  const target = places.bytes(hidden);
  try {
    makeFolder(places.bytes(`${hidden}/${ownFolder}`));
    const stamp = places.path(`${hidden}/${processName}`);
    await stampProcess(stamp);
    await mirrorTree(linking, { from: places.bytes(placeOf(places, from)), to: target }, run);
    rmSync(stamp);
    await syncFileSystem(places.path(hidden));
    throwIfInterrupted(run);
  } catch (error) {
    await removeTree(target);
    throw errnoFault(error, 'write to', places.path(hidden));
  }
  await moveIntoPlace(places, hidden, name, isHeld);
  const { description, evidence } = from;
  if (evidence !== undefined) await writeEvidence(evidencePlace(places, name), evidence);
  await writeMetadata(places, run);
  const backup = backupOf(name, places.backup(name), description);
  const { verified } = from.backup;
  return verified === undefined ? backup : { ...backup, verified };
};

const placeOf = ({ root }: DiskPlaces, { backup }: KnownBackup): string => backup.folder.slice(root.length + 1);

interface Pair {
  readonly from: ByteString;
  readonly to: ByteString;
}

/** Folder by folder, those below first. */
const mirrorTree = async (linking: Linking, { from, to }: Pair, run: Run): Promise<void> => {
  throwIfInterrupted(run);
  makeFolder(to);
  await linking.pool.room();
  const { folders } = await linking.pool.mirror({ from, to });
  // Side by side, as long as the pool has room.
  await Promise.all(
    folders.map((name) =>
      mirrorTree(
        linking,
        { from: byteStringOfLatin1(`${from}/${name}`), to: byteStringOfLatin1(`${to}/${name}`) },
        run,
      ),
    ),
  );
  copyMetadata({ from, to }, linking.posix);
};

const makeFolder = (path: ByteString): void => {
  mkdirSync(nativePath(path), { recursive: true, mode: 0o700 });
};

const openFolder = (path: ByteString): number =>
  openSync(nativePath(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);

/** Owner, mode and times of a folder, as far as the user can give them. */
const copyMetadata = ({ from, to }: Pair, posix: Posix | undefined): void => {
  const [source, target] = [openFolder(from), openFolder(to)];
  try {
    const { uid, gid, mode, atimeNs, mtimeNs } = fstatSync(source, { bigint: true });
    attempt(() => fchownSync(target, Number(uid), Number(gid)));
    attempt(() => fchmodSync(target, Number(mode & 0o7777n)));
    attempt(() => posix?.setTimesOfOpenFile(target, { atime: atimeNs, mtime: mtimeNs }));
  } finally {
    closeSync(source);
    closeSync(target);
  }
};
