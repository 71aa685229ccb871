import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { byteStringOfLatin1, byteStringOfText, displayText } from '../../model/byte-string.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { joinFlags } from '../../mail/direct/flags.ts';
import { escapedLevelText } from '../../mail/mailbox-name.ts';
import { findMailboxes } from '../../mail/mailbox.ts';
import { splitMaildirName } from '../../mail/maildir-name.ts';
import { errnoFault } from '../../system/errno.ts';
import type { FoundPart, ImportFolder } from './imported-message.ts';
import { mboxMessages } from './mbox-messages.ts';
import { folderName, withoutSuffix } from './folder-name.ts';
import { isZip } from './zip-archive.ts';
import { zipFolders } from './zip-folders.ts';

export type ImportFormat = 'mbox' | 'takeout' | 'eml' | 'maildir' | 'zip';

const list = async (directory: string): Promise<readonly Dirent[]> => {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((left, right) => (left.name < right.name ? -1 : 1));
  } catch (error) {
    throw errnoFault(error, 'list', directory, { ENOENT: 'source-missing' });
  }
};

const fileFound = async (path: string, flags: readonly string[] | undefined): Promise<FoundPart> => {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true });
    const part = { file: path, start: 0, length: Number(size), unquote: false };
    return { part, date: flags === undefined ? undefined : mtimeNs, fileDate: mtimeNs, flags };
  } catch (error) {
    throw errnoFault(error, 'read', path, { ENOENT: 'entry-vanished' });
  }
};

/** mbox files below a folder, each a mail folder; or one file. */
async function* mboxFolders(path: string, levels: readonly string[], run: Run): AsyncGenerator<ImportFolder, void> {
  throwIfInterrupted(run);
  const stats = await stat(path).catch((error: unknown) => {
    throw errnoFault(error, 'read', path, { ENOENT: 'source-missing' });
  });
  if (!stats.isDirectory()) {
    const name = folderName([...levels, withoutSuffix(basename(path))]);
    yield { name, messages: () => mboxMessages({ path }, run) };
    return;
  }
  for (const entry of await list(path)) {
    if (entry.name.startsWith('.') || /\.(?:msf|json|html|dat|js)$/i.test(entry.name)) continue;
    // Thunderbird keeps the folders below `Work` in `Work.sbd`, Apple Mail an mbox in `Work.mbox`.
    const below = entry.name.replace(/\.(?:sbd|mbox)$/i, '');
    const isApple = entry.isDirectory() && /\.mbox$/i.test(entry.name);
    if (isApple)
      yield {
        name: folderName([...levels, below]),
        messages: () => mboxMessages({ path: join(path, entry.name, 'mbox') }, run),
      };
    else if (entry.isDirectory()) yield* mboxFolders(join(path, entry.name), [...levels, below], run);
    else if (entry.isFile()) yield* mboxFolders(join(path, entry.name), levels, run);
  }
}

/** Folders that hold `.eml` files. What else lies there is told: it may be mail all the same, such as an mbox. */
async function* emlFolders(path: string, run: Run): AsyncGenerator<ImportFolder, void> {
  const left: LeftOut = { count: 0, first: '' };
  yield* emlFoldersBelow(path, { levels: [], left }, run);
  if (left.count === 0) return;
  const many = left.count === 1 ? '1 file is' : `${left.count} files are`;
  const which = `${displayText(byteStringOfText(left.first))}${left.count === 1 ? '' : ' is the first'}`;
  run.emit({
    kind: 'notice',
    message: `${many} no .eml, and left out: ${which}; mboxes are imported by a run of their own`,
  });
}

/** Files that are no `.eml`, counted on the way. */
interface LeftOut {
  count: number;
  first: string;
}

interface EmlPlace {
  readonly levels: readonly string[];
  readonly left: LeftOut;
}

// macOS keeps attributes of `a.eml` in `._a.eml` where the file system has none.
const isEml = (entry: Dirent): boolean => entry.isFile() && /^(?!\.).*\.eml$/i.test(entry.name);

/** Of one file, or of the folder that was given, `INBOX`. */
async function* emlFoldersBelow(
  path: string,
  { levels, left }: EmlPlace,
  run: Run,
): AsyncGenerator<ImportFolder, void> {
  throwIfInterrupted(run);
  const name = levels.length === 0 ? byteStringOfLatin1('INBOX') : folderName(levels);
  const stats = await stat(path).catch((error: unknown) => {
    throw errnoFault(error, 'read', path, { ENOENT: 'source-missing' });
  });
  if (!stats.isDirectory()) {
    yield { name, messages: () => found([path]) };
    return;
  }
  const entries = await list(path);
  const files = entries.filter((entry) => isEml(entry));
  if (files.length > 0) yield { name, messages: () => found(files.map((file) => join(path, file.name))) };
  for (const entry of entries) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) yield* emlFoldersBelow(below, { levels: [...levels, entry.name], left }, run);
    else if (!entry.name.startsWith('.') && !isEml(entry) && left.count++ === 0) left.first = below;
  }
}

async function* found(paths: readonly string[]): AsyncGenerator<FoundPart, void> {
  for (const path of paths) yield { ...(await fileFound(path, [])), date: undefined };
}

/** Maildirs below a folder, as OfflineIMAP and others leave them: flags from the names, dates from the files. */
async function* maildirFolders(root: string, run: Run): AsyncGenerator<ImportFolder, void> {
  const directories: { path: string[]; names: string[] }[] = [];
  const walk = async (path: string[]): Promise<void> => {
    throwIfInterrupted(run);
    const entries = await list(join(root, ...path));
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    directories.push({ path, names: folders });
    for (const name of folders) if (!['cur', 'new', 'tmp'].includes(name)) await walk([...path, name]);
  };
  await walk([]);
  const asBytes = (name: string) => byteStringOfLatin1(Buffer.from(name).toString('latin1'));
  const asNames = directories.map(({ path, names }) => ({ path: path.map(asBytes), names: names.map(asBytes) }));
  for (const mailbox of findMailboxes(asNames)) {
    const directory = join(root, ...mailbox.path.map((level) => Buffer.from(level, 'latin1').toString()));
    const levels = mailbox.levels.map(escapedLevelText);
    yield {
      name: levels.length === 0 ? byteStringOfLatin1('INBOX') : folderName(levels),
      messages: () => maildirMessages(directory, run),
    };
  }
}

async function* maildirMessages(directory: string, run: Run): AsyncGenerator<FoundPart, void> {
  for (const place of ['cur', 'new']) {
    for (const { name } of await list(join(directory, place))) {
      throwIfInterrupted(run);
      if (name.startsWith('.')) continue;
      const { flags = '' } = splitMaildirName(byteStringOfLatin1(Buffer.from(name).toString('latin1')));
      yield await fileFound(join(directory, place, name), joinFlags(flags, []));
    }
  }
}

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** What a path seems to hold. */
export const detectFormat = async (path: string): Promise<ImportFormat> => {
  const stats = await stat(path).catch((error: unknown) => {
    throw errnoFault(error, 'read', path, { ENOENT: 'source-missing' });
  });
  if (!stats.isDirectory()) return (await isZip(path)) ? 'zip' : /\.eml$/i.test(path) ? 'eml' : 'mbox';
  const waiting = [path];
  for (let next = waiting.shift(), looks = 0; next !== undefined && looks < 200; next = waiting.shift(), looks++) {
    if ((await isThere(join(next, 'cur'))) && (await isThere(join(next, 'new')))) return 'maildir';
    for (const entry of await list(next)) {
      if (entry.isDirectory()) waiting.push(join(next, entry.name));
      else if (/\.eml$/i.test(entry.name)) return 'eml';
    }
  }
  return 'mbox';
};

export interface ImportedPath {
  readonly path: string;
  readonly format: ImportFormat;
  /** Where an mbox that lies in a zip is unpacked to. */
  readonly temporaryDirectory: string;
}

/** The folders of mail in a path. Each is to be closed at the end. */
export const importFolders = (
  { path, format, temporaryDirectory }: ImportedPath,
  run: Run,
): AsyncIterable<ImportFolder> => {
  switch (format) {
    case 'zip':
      return zipFolders(path, temporaryDirectory, run);
    case 'mbox':
    case 'takeout':
      return mboxFolders(path, [], run);
    case 'eml':
      return emlFolders(path, run);
    case 'maildir':
      return maildirFolders(path, run);
  }
};
