import type { Run } from '../../contract/run.ts';
import type { FreshChild } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Entry, Metadata, Path } from '../../model/entry.ts';
import { createMessageFinder, type MessageFinder } from '../maildir/message-finder.ts';
import { childFile } from './capture-context.ts';
import type { MetadataReader } from './local-metadata.ts';
import type { PathNode } from './path-tree.ts';

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
 * name by which it was listed.
 */
export const createRelocator = (root: PathNode, maildir: boolean) => {
  /** Of the folder asked for last: many questions come for one folder. */
  let last: { readonly folder: ByteString; readonly finder: MessageFinder } | undefined;
  const finderFor = (folder: ByteString, reader: MetadataReader): MessageFinder => {
    if (last?.folder !== folder) last = { folder, finder: createMessageFinder(folder, reader) };
    return last.finder;
  };
  return async ({ path, entry, reader }: Relocation, run: Run): Promise<FreshChild | undefined> => {
    const file = fileOfPath(root, [...path, entry.name]);
    if (file === undefined) return undefined;
    const stats = reader.stats(file);
    if (stats?.isFile() === true) return freshChild(entry.name, file, reader.describe(file, stats));
    const folder = fileOfPath(root, path.slice(0, -1));
    if (!maildir || stats !== undefined || folder === undefined || !isMessages(folder, path, reader)) return undefined;
    const identity = identityOf(entry.name);
    const { found } = await finderFor(folder, reader).find([identity], run);
    const message = found.get(identity);
    return message === undefined ? undefined : freshChild(entry.name, message.file, message.metadata);
  };
};

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
