import { mkdirSync } from 'node:fs';
import type { ByteString } from '../../../model/byte-string.ts';
import { formatChecksumLine } from '../../../model/checksum-line.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { createAppendFile, type Written } from '../disk/append-file.ts';
import { formatFolderLine, type Frame, type ManifestFolder } from './folder-line.ts';
import { packLines } from './frame.ts';
import { checksumsName, entriesName, foldersName, manifestFolder, within, writtenName } from './manifest-files.ts';

/** Takes down what a component holds while it is captured. */
export interface ManifestWriter {
  addFrame(frame: Uint8Array): Frame;
  addFolder(folder: ManifestFolder): void;
  /** Lines of `checksums.sha256` as they are there, and those among them of files that were written anew. */
  addChecksums(all: Uint8Array, written: Uint8Array): void;
  /** Closes all. The manifest's own files stand in the checksums then. */
  finish(): void;
  close(): void;
}

/** Makes the folder `.mailkeep/COMPONENT` of a backup under work, which must not be there. */
export const createManifestWriter = (backup: ByteString, component: string): ManifestWriter => {
  const place = manifestFolder(component);
  const folder = within(backup, place);
  try {
    mkdirSync(nativePath(folder), { mode: 0o700 });
  } catch (error) {
    throw errnoFault(error, 'make the folder', folder);
  }
  const open = (name: string) => createAppendFile(within(folder, name));
  const [entries, folders, checksums, written] = [
    open(entriesName),
    open(foldersName),
    open(checksumsName),
    open(writtenName),
  ];
  // One frame, since Node reads no more than one: about 250 bytes a folder until then.
  const lines: string[] = [];
  const addOwn = (name: string, { sha256 }: Written): void => {
    const line = Buffer.from(formatChecksumLine(sha256, `${place}/${name}`), 'latin1');
    checksums.append(line);
    written.append(line);
  };
  return {
    addFrame: (frame) => ({ offset: entries.append(frame), length: frame.length }),
    addFolder: (entry) => {
      lines.push(formatFolderLine(entry));
    },
    addChecksums: (all, anew) => {
      if (all.length > 0) checksums.append(all);
      if (anew.length > 0) written.append(anew);
    },
    finish: () => {
      folders.append(packLines(lines));
      addOwn(entriesName, entries.finish());
      addOwn(foldersName, folders.finish());
      checksums.finish();
      written.finish();
    },
    close: () => {
      for (const file of [entries, folders, checksums, written]) file.finish();
    },
  };
};
