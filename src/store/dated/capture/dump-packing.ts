import { mkdirSync, unlinkSync } from 'node:fs';
import type { ByteString } from '../../../model/byte-string.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { createGzipFile } from '../disk/gzip-file.ts';
import type { Written } from '../disk/append-file.ts';
import { type Fill, type Filled, lineOf, type Packing, placeIn } from './packed-capture.ts';

export interface PackingPlace {
  /** The component's folder in the backup under work. */
  readonly target: ByteString;
  readonly component: string;
  /** Told of each file that lies on the disk, by its path below the backup. */
  readonly onFile: (path: string, written: Written) => void;
}

/** The name under which a dump lies on the disk. */
export const dumpName = (name: string): string => `${name}.gz`;

/** Each file as `NAME.gz`. What has no bytes stands in the manifest alone. */
export const createDumpPacking = ({ target, component, onFile }: PackingPlace): Packing => ({
  enter: async (path) => {
    const folder = placeIn(target, path.slice(0, -1), path.at(-1) ?? '.');
    try {
      mkdirSync(nativePath(folder), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw errnoFault(error, 'make the folder', folder);
    }
  },
  add: async (path, entry, fill) => {
    if (entry.type !== 'file') return lineOf({ entry, sha256: '' });
    const name = dumpName(entry.name);
    const packed = await writeDump(placeIn(target, path, name), fill);
    if (packed === undefined) return undefined;
    onFile(placeIn(component, path, name), packed.written);
    return lineOf(packed.filled);
  },
  leave: async () => {},
  abandon: () => {},
});

const writeDump = async (
  to: ByteString,
  fill: Fill,
): Promise<{ readonly filled: Filled; readonly written: Written } | undefined> => {
  let gzip: ReturnType<typeof createGzipFile> | undefined;
  const remove = (): void => {
    gzip?.abandon();
    if (gzip !== undefined) unlinkSync(nativePath(to));
    gzip = undefined;
  };
  const begin = (): void => {
    // It moved while it was read, and is read from its beginning.
    remove();
    gzip = createGzipFile(to);
  };
  let whole = false;
  try {
    const filled = await fill({ begin, take: (bytes) => gzip?.write(bytes) });
    if (filled === undefined || gzip === undefined) return undefined;
    const written = await gzip.finish();
    whole = true;
    return { filled, written };
  } finally {
    if (!whole) remove();
  }
};
