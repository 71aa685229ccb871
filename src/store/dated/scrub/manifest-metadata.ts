import type { BadName } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import { datedPlace } from '../../../model/dated-name.ts';
import { isFault } from '../../../model/fault.ts';
import type { AttainableMetadata } from '../../../system/file-metadata.ts';
import type { Posix } from '../../../system/posix.ts';
import type { KnownBackup } from '../disk/list-backups.ts';
import { isDirectoryLine, nameOfLine, parseEntryLine } from '../manifest/entry-line.ts';
import { openManifest } from '../manifest/manifest-reader.ts';
import { diskAbilities, onDisk } from '../threads/disk-metadata.ts';

/** What a file of a tree has on the disk by its manifest; undefined where that does not say. */
export const metadataOfManifest = async (
  known: readonly KnownBackup[],
  { backup, path }: BadName,
  posix: Posix | undefined,
  run: Run,
): Promise<AttainableMetadata | undefined> => {
  const place = datedPlace(backup);
  const found = known.find((one) => datedPlace(one.backup.name) === place);
  const [component = '', ...below] = path.split('/').map((name) => byteStringOfLatin1(name));
  const name = below.at(-1);
  const described = found?.description.components.find((one) => one.name === component);
  if (found === undefined || described?.form !== 'tree' || name === undefined) return undefined;
  try {
    const manifest = openManifest(byteStringOfText(found.backup.folder), component);
    try {
      const folder = manifest.folder(below.slice(0, -1));
      if (folder === undefined) return undefined;
      for await (const lines of manifest.lines(folder, run)) {
        const line = lines.find((one) => !isDirectoryLine(one) && nameOfLine(one) === name);
        if (line !== undefined) return onDisk(parseEntryLine(line).entry, diskAbilities(posix)).metadata;
      }
      return undefined;
    } finally {
      manifest.close();
    }
  } catch (error) {
    // A manifest that is damaged says nothing.
    if (isFault(error, 'verification-failed')) return undefined;
    throw error;
  }
};
