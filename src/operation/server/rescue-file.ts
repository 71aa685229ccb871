import type { Run } from '../../contract/run.ts';
import type { Base } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';

/** What a file is looked for in. */
export interface RescueSnapshot {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface RescuePlace {
  readonly snapshots: readonly RescueSnapshot[];
  readonly open: (id: string, run: Run) => Promise<Pick<Base, 'children' | 'contents'>>;
}

/** A file is looked for in this many snapshots, and no more of it is held in memory. */
const triedAtMost = 5;
const heldAtMost = 256 << 20;

/** The snapshots that were made nearest to a time: files there have the names that they had. */
export const nearestTo = (time: number, snapshots: readonly RescueSnapshot[]): readonly RescueSnapshot[] =>
  snapshots.toSorted((left, right) => Math.abs(left.time - time) - Math.abs(right.time - time)).slice(0, triedAtMost);

/** Reads a file out of the nearest snapshot that has it; undefined: none has, or it is too large. Faults of the store. */
export const rescueFile = async (
  { snapshots, open }: RescuePlace,
  { path, time }: { readonly path: readonly ByteString[]; readonly time: number },
  run: Run,
): Promise<{ readonly snapshot: string; readonly chunks: readonly Uint8Array[] } | undefined> => {
  for (const { id } of nearestTo(time, snapshots)) {
    const chunks = await readFrom(await open(id, run), path, run);
    if (chunks !== undefined) return { snapshot: id, chunks };
  }
  return undefined;
};

const readFrom = async (
  base: Pick<Base, 'children' | 'contents'>,
  path: readonly ByteString[],
  run: Run,
): Promise<readonly Uint8Array[] | undefined> => {
  const name = path.at(-1);
  for await (const page of base.children(path.slice(0, -1), run)) {
    const found = page.find(({ entry }) => entry.name === name);
    if (found === undefined) continue;
    if (found.entry.type !== 'file' || found.entry.size > heldAtMost) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const { bytes, pieces, verdicts } of base.contents([found], run)) {
      for (const { start, length } of pieces) chunks.push(new Uint8Array(bytes.subarray(start, start + length)));
      if (verdicts.some(({ verdict }) => verdict.kind !== 'complete')) return undefined;
    }
    return chunks;
  }
  return undefined;
};
