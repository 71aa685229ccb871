import type { Entry, Path } from '../../../model/entry.ts';
import { archiveName } from '../capture/archive-packing.ts';
import { dumpName } from '../capture/dump-packing.ts';
import type { StoredPlace } from '../manifest/stored-place.ts';

/** Where the logical bytes of an entry lie on the disk. */
export interface StoredContent {
  readonly kind: 'dated content';
  /** `plain`: the file as it is; `gzip`: its unpacked bytes; `archive`: a stretch of its unpacked bytes. */
  readonly how: 'plain' | 'gzip' | 'archive';
  /** Absolute. */
  readonly file: string;
  readonly position: number;
  readonly size: number;
  readonly sha256: string;
}

export const isStoredContent = (key: unknown): key is StoredContent =>
  typeof key === 'object' && key !== null && 'kind' in key && key.kind === 'dated content';

/** `path`: of the directory, inside the component. */
export const storedContent = (
  { form, root }: StoredPlace,
  path: Path,
  {
    entry,
    sha256,
    position,
  }: { readonly entry: Entry; readonly sha256: string; readonly position?: number | undefined },
): StoredContent => {
  const common = { kind: 'dated content', size: entry.size, sha256 } as const;
  const [top] = path;
  if (form === 'archive' && top !== undefined) {
    return { ...common, how: 'archive', file: `${root}/${archiveName(top)}`, position: position ?? 0 };
  }
  if (form === 'dump') {
    return { ...common, how: 'gzip', file: [root, ...path, dumpName(entry.name)].join('/'), position: 0 };
  }
  return { ...common, how: 'plain', file: [root, ...path, entry.name].join('/'), position: 0 };
};
