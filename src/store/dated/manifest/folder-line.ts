import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import type { Counts, Metadata, Path } from '../../../model/entry.ts';
import { escapeField, formatEntryLine, parseEntryLine, unescapeField } from './entry-line.ts';

/** Where in the file of entries a compressed page lies. */
export interface Frame {
  readonly offset: number;
  readonly length: number;
}

/** What a manifest says of one directory. */
export interface ManifestFolder {
  readonly path: Path;
  readonly metadata: Metadata | undefined;
  /** All levels below included, itself not. */
  readonly counts: Counts;
  /** All of its files were at rest when they were captured. */
  readonly settled: boolean;
  /** The source's own, of this very listing. */
  readonly look: string | undefined;
  /** A message moved while it was captured, so that its pages are not in the order of names. */
  readonly unsorted: boolean;
  readonly frames: readonly Frame[];
}

/** The key of a directory: its path, names joined by `/`; '' for the root. */
export const keyOf = (path: Path): ByteString => byteStringOfLatin1(path.join('/'));

/*
 * One line of the list of folders: that of an entry, with the path for a name, then
 * `c=FILES,DIRECTORIES,BYTES`, `s` when settled, `u` when unsorted, `k=LOOK`, and `f=OFFSET+LENGTH,…`. A root without metadata has the
 * type `-`.
 */
export const formatFolderLine = ({
  path,
  metadata,
  counts,
  settled,
  look,
  unsorted,
  frames,
}: ManifestFolder): string => {
  const own = metadata === undefined ? '-' : formatEntryLine({ entry: { ...metadata, name: keyOf(path) }, sha256: '' });
  const marks = `${settled ? '\ts' : ''}${unsorted ? '\tu' : ''}${look === undefined ? '' : `\tk=${escapeField(look)}`}`;
  const places = frames.map(({ offset, length }) => `${offset}+${length}`).join(',');
  const prefix = metadata === undefined ? `-\t${escapeField(keyOf(path))}` : own;
  return `${prefix}\tc=${counts.files},${counts.directories},${counts.bytes}${marks}\tf=${places}`;
};

const framesOf = (text: string): Frame[] =>
  text === ''
    ? []
    : text.split(',').map((place) => {
        const [offset, length] = place.split('+');
        return { offset: Number(offset), length: Number(length) };
      });

export const parseFolderLine = (line: string): ManifestFolder => {
  const fields = line.split('\t');
  const [letter, name = ''] = fields;
  const own = fields.slice(letter === '-' ? 2 : 15);
  const value = (key: string): string => own.find((field) => field.startsWith(key))?.slice(key.length) ?? '';
  const [files, directories, bytes] = value('c=').split(',');
  const key = unescapeField(name);
  const look = unescapeField(value('k='));
  return {
    path: key === '' ? [] : key.split('/').map((part) => byteStringOfLatin1(part)),
    metadata: letter === '-' ? undefined : parseEntryLine(line).entry,
    counts: { files: Number(files), directories: Number(directories), bytes: Number(bytes) },
    settled: own.includes('s'),
    look: look === '' ? undefined : look,
    unsorted: own.includes('u'),
    frames: framesOf(value('f=')),
  };
};
