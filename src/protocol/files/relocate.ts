import type { Run } from '../../contract/run.ts';
import type { FreshChild } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Entry, Metadata, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { createMessageFinder, type MessageFinder } from '../maildir/message-finder.ts';
import { childFile } from './capture-context.ts';
import { type MetadataReader, unreadable } from './local-metadata.ts';
import type { PathNode } from './path-tree.ts';
import type { ScannedPlaces } from './scanned-places.ts';

/** Where an entry of the tree lies on disk; undefined for what leads only to given paths elsewhere. */
export const fileOfPath = (root: PathNode, path: Path): ByteString | undefined => {
  let node: PathNode | undefined = root;
  let file = root.path;
  for (const name of path) {
    node = node?.children.get(name);
    file = node?.path ?? node?.way ?? (file === undefined ? undefined : childFile(file, name));
  }
  return file;
};

export interface Relocation {
  /** Of the directory that lists the entry. */
  readonly path: Path;
  readonly entry: Entry;
  readonly reader: MetadataReader;
}

/**
 * Finds entries again whose file was gone when it was opened. A file that was replaced by another under its name (written
 * aside and renamed) is there again; a message whose flags changed is found by its identity, and keeps in the listing the
 * name by which it was listed. What cannot be told is a Fault: `source-missing` when a folder above is gone or another.
 */
export const createRelocator = (
  root: PathNode,
  { maildir, places }: { readonly maildir: boolean; readonly places: ScannedPlaces },
) => {
  /** Of the folder asked for last: many questions come for one folder. */
  let last: { readonly folder: ByteString; readonly finder: MessageFinder } | undefined;
  const finderFor = (folder: ByteString, reader: MetadataReader): MessageFinder => {
    if (last?.folder !== folder) last = { folder, finder: createMessageFinder(folder, reader) };
    return last.finder;
  };
  const relocate = async ({ path, entry, reader }: Relocation, run: Run): Promise<FreshChild | undefined> => {
    const file = fileOfPath(root, [...path, entry.name]);
    if (file === undefined) return undefined;
    const stats = reader.stats(file);
    if (stats !== undefined) {
      const now = asItIs(entry.name, file, reader.describe(file, stats));
      const replaced = places.lostAbove(file, reader);
      if (replaced !== undefined) throw replaced;
      return now;
    }
    const folder = fileOfPath(root, path.slice(0, -1));
    if (!maildir || folder === undefined || !isMessages(folder, path, reader)) return undefined;
    const identity = identityOf(entry.name);
    const { found, certain } = await finderFor(folder, reader).find([identity], run);
    const message = found.get(identity);
    if (message !== undefined) return freshChild(entry.name, message.file, message.metadata);
    if (!certain && places.lostAbove(file, reader) === undefined) throw unsureOf(file);
    return undefined;
  };
  return async (relocation: Relocation, run: Run): Promise<FreshChild | undefined> => {
    const { path, entry, reader } = relocation;
    const file = fileOfPath(root, [...path, entry.name]);
    let found: FreshChild | undefined;
    try {
      found = await relocate(relocation, run);
    } catch (error) {
      if (error instanceof Fault || file === undefined) throw error;
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoCode(error) ?? '')) throw unreadable(error, file);
    }
    const lost = found === undefined && file !== undefined ? places.lostAbove(file, reader) : undefined;
    if (lost !== undefined) throw lost;
    return found;
  };
};

/** What has the name now, whatever its type. Undefined for a socket, which no snapshot keeps. */
const asItIs = (name: ByteString, file: ByteString, metadata: Metadata): FreshChild | undefined => {
  switch (metadata.type) {
    case 'file':
      return freshChild(name, file, metadata);
    case 'socket':
      return undefined;
    case 'directory':
    case 'irregular':
      throw new Fault('scan-unsettled', `${displayText(file)} became something else while it was read`, {
        retry: true,
        context: { path: displayText(file) },
      });
    case 'symlink':
    case 'fifo':
    case 'block-device':
    case 'character-device':
      return { kind: 'fresh', entry: { name, ...metadata }, content: { kind: 'none' }, action: 'changed' };
  }
};

const unsureOf = (file: ByteString): Fault =>
  new Fault('scan-unsettled', `${displayText(file)} was renamed while it was to be read, and not found again`, {
    retry: true,
    context: { path: displayText(file) },
  });

const isMessages = (folder: ByteString, path: Path, reader: MetadataReader): boolean =>
  ['cur', 'new'].includes(path.at(-1) ?? '') &&
  ['cur', 'new', 'tmp'].every(
    (name) => reader.stats(childFile(folder, byteStringOfLatin1(name)))?.isDirectory() === true,
  );

const freshChild = (name: ByteString, file: ByteString, metadata: Metadata): FreshChild => ({
  kind: 'fresh',
  entry: { name, ...metadata },
  content: { kind: 'local-file', file },
  action: 'changed',
});
