import { hash } from 'node:crypto';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { isFault } from '../../../model/fault.ts';
import { decodeIndex } from '../format/index-format.ts';
import { readPackHeader, type PackedBlob } from '../format/pack-format.ts';
import { IndexWriter } from '../index/index-writer.ts';
import { hexOf } from '../read/blob-reader.ts';
import type { Session } from '../session.ts';

/** Index files of fewer packs than this are merged when others are rewritten anyway. */
const fewPacks = 50;

/** Which index files have to be written anew so that `packs` are listed nowhere; empty when none has to. */
export const affectedFiles = (
  files: ReadonlyMap<string, ReadonlySet<number>>,
  packs: ReadonlySet<number>,
): readonly string[] => {
  const affected = (listed: ReadonlySet<number>): boolean => [...listed].some((pack) => packs.has(pack));
  if (![...files.values()].some(affected)) return [];
  return [...files].filter(([, listed]) => affected(listed) || listed.size < fewPacks).map(([name]) => name);
};

/** Writes what these index files list, without some packs, into new ones; these are durable when it resolves. */
export const writeReplacement = async (
  session: Session,
  names: readonly string[],
  isDropped: (pack: string) => boolean,
  run: Run,
): Promise<readonly string[]> => {
  const writer = new IndexWriter(session.io, run);
  const done = new Set<string>();
  for (const name of names) {
    throwIfInterrupted(run);
    const packs: { readonly id: string; readonly blobs: PackedBlob[] }[] = [];
    decodeIndex(
      await session.io.load('index', name, run),
      (id) => packs.push({ id: hexOf(id), blobs: [] }),
      ({ type, id, offset, length, uncompressedLength }) => {
        const uncompressed = uncompressedLength === 0 ? undefined : uncompressedLength;
        packs.at(-1)?.blobs.push({ type, id: id.slice(), offset, length, uncompressedLength: uncompressed });
      },
    );
    for (const { id, blobs } of packs) {
      // A pack may be listed twice, alike (an interrupted replacement) or with its blobs divided: only the like is left out.
      const key = id + hash('sha256', blobs.map(({ offset }) => offset).join());
      if (isDropped(id) || done.has(key)) continue;
      done.add(key);
      await writer.add(id, blobs);
    }
  }
  await writer.flush();
  return writer.written;
};

/** Lists packs again that were dropped from the index and are needed after all. */
export const listAgain = async (
  session: Session,
  packs: ReadonlyMap<string, number>,
  run: Run,
): Promise<readonly string[]> => {
  const writer = new IndexWriter(session.io, run);
  for (const [id, size] of packs) {
    const load = (range: { start: number; length: number }): Promise<Uint8Array> =>
      session.backend.load({ kind: 'pack', name: id }, range, run);
    try {
      await writer.add(id, await readPackHeader(load, size, session.envelope));
    } catch (error) {
      // What cannot be read cannot be needed by what was just written either; it stays where it is.
      if (!isFault(error, 'pack-damaged', 'object-missing')) throw error;
    }
  }
  await writer.flush();
  return writer.written;
};
