import type { FreshChild } from '../../contract/source.ts';
import { type ByteString } from '../../model/byte-string.ts';
import type { Entry, Path } from '../../model/entry.ts';
import { childFile } from './capture-context.ts';
import type { MetadataReader } from './local-metadata.ts';
import type { PathNode } from './path-tree.ts';

export interface Relocation {
  readonly root: PathNode;
  /** Of the directory that lists the entry. */
  readonly path: Path;
  readonly entry: Entry;
  readonly reader: MetadataReader;
}

/** Where an entry of the tree lies on disk; undefined for what leads only to targets elsewhere. */
export const fileOfPath = (root: PathNode, path: Path): ByteString | undefined => {
  let node: PathNode | undefined = root;
  let file = root.path;
  for (const name of path) {
    node = node?.children.get(name);
    file = node?.path ?? node?.way ?? (file === undefined ? undefined : childFile(file, name));
  }
  return file;
};

/** A file that was replaced by another under its name (written aside and renamed) is there again. */
export const relocateFile = async ({ root, path, entry, reader }: Relocation): Promise<FreshChild | undefined> => {
  const file = fileOfPath(root, [...path, entry.name]);
  if (file === undefined) return undefined;
  const stats = reader.stats(file);
  if (stats === undefined || !stats.isFile()) return undefined;
  return {
    kind: 'fresh',
    entry: { name: entry.name, ...reader.describe(file, stats) },
    content: { kind: 'local-file', file },
    action: 'changed',
  };
};
