import { createHash } from 'node:crypto';
import type { ComponentForm, DatedDamage } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfLatin1, type ByteString, displayText } from '../../../model/byte-string.ts';
import { dumpEndingBytes, dumpEndingOf } from '../../../model/dump-ending.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { isDirectoryLine, type ManifestEntry, parseEntryLine } from '../manifest/entry-line.ts';
import { within } from '../manifest/manifest-files.ts';
import { openManifest } from '../manifest/manifest-reader.ts';
import { type StoredContent, storedContent } from '../read/stored-content.ts';
import { unpackFile } from '../read/unpacked-file.ts';
import { createTarScan } from './tar-scan.ts';

export interface PackedComponent {
  /** The backup, absolute. */
  readonly folder: ByteString;
  readonly name: string;
  readonly form: ComponentForm;
}

/** A content, and what people call it. */
interface Stored extends StoredContent {
  readonly path: ByteString;
}

/**
 * Unpacks the archives or dumps of a component and compares them with its manifest: each file of an archive by its digest, each
 * dump by its digest and its ending.
 */
export const checkPacked = async (component: PackedComponent, run: Run): Promise<readonly DatedDamage[]> => {
  const contents = await contentsOf(component, run);
  const damages: DatedDamage[] = [];
  const archives = Map.groupBy(
    contents.filter(({ how }) => how === 'archive'),
    ({ file }) => file,
  );
  for (const [file, members] of archives) damages.push(...(await checked(file, checkArchive(file, members, run))));
  for (const content of contents) {
    if (content.how === 'gzip') damages.push(...(await checked(content.file, checkDump(content, run))));
  }
  return damages;
};

/** Of the entries of such components there are few: about 500 bytes each. */
const contentsOf = async ({ folder, name, form }: PackedComponent, run: Run): Promise<readonly Stored[]> => {
  const manifest = openManifest(folder, name);
  const root = within(folder, name);
  const contents: Stored[] = [];
  try {
    for (const directory of manifest.subtree([])) {
      for await (const lines of manifest.lines(directory, run)) {
        for (const line of lines) {
          if (!line.startsWith('f') || isDirectoryLine(line)) continue;
          const entry: ManifestEntry = parseEntryLine(line);
          const path = byteStringOfLatin1([name, ...directory.path, entry.entry.name].join('/'));
          contents.push({ ...storedContent({ form, root }, directory.path, entry), path });
        }
      }
    }
  } finally {
    manifest.close();
  }
  return contents;
};

/** What cannot be unpacked is a damage like any other. */
const checked = async (file: string, work: Promise<readonly DatedDamage[]>): Promise<readonly DatedDamage[]> => {
  try {
    return await work;
  } catch (error) {
    if (isFault(error, 'verification-failed')) return [{ path: byteStringOfLatin1(file), fault: error }];
    throw error;
  }
};

const damage = (path: ByteString, what: string): DatedDamage => ({
  path,
  fault: new Fault('verification-failed', `${displayText(path)} ${what}`, {
    hint: 'Take another backup, and look at the health of the disk.',
    context: { path: displayText(path) },
  }),
});

const checkArchive = async (file: string, members: readonly Stored[], run: Run): Promise<readonly DatedDamage[]> => {
  const scan = createTarScan();
  // Several names of one file have its bytes once.
  const expected = new Map(members.map((member) => [member.position, member]));
  const damages: DatedDamage[] = [];
  try {
    for await (const bytes of unpackFile(file, run)) {
      for (const { position, size, sha256 } of scan.add(bytes)) {
        const member = expected.get(position);
        expected.delete(position);
        if (member === undefined) damages.push(damage(byteStringOfLatin1(file), 'holds a file that nobody put there'));
        else if (member.size !== size || member.sha256 !== sha256) {
          damages.push(damage(member.path, 'is not in the archive as it was captured'));
        }
      }
    }
  } catch (error) {
    if (error instanceof RangeError) return [damage(byteStringOfLatin1(file), 'is no whole archive')];
    throw error;
  }
  if (!scan.ended) damages.push(damage(byteStringOfLatin1(file), 'has no end'));
  for (const { path } of expected.values()) damages.push(damage(path, 'is missing in the archive'));
  return damages;
};

const checkDump = async (content: Stored, run: Run): Promise<readonly DatedDamage[]> => {
  const digest = createHash('sha256');
  let bytes = 0;
  let ending = '';
  for await (const chunk of unpackFile(content.file, run)) {
    digest.update(chunk);
    bytes += chunk.length;
    const text = Buffer.from(chunk.subarray(-dumpEndingBytes)).toString('latin1');
    ending = `${ending}${text}`.slice(-dumpEndingBytes);
  }
  if (bytes !== content.size || digest.digest('hex') !== content.sha256) {
    return [damage(content.path, 'does not hold what was dumped')];
  }
  const isCut = dumpEndingOf(content.path, ending) === 'cut';
  return isCut ? [damage(content.path, 'has no end: the program that dumped it did not finish')] : [];
};
