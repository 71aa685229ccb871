import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../contract/run.ts';
import type { Counts } from '../../../model/entry.ts';
import type { Envelope } from '../sealing/envelope.ts';

/** A directory whose files were at rest when it was captured. */
export interface KnownSubtree {
  readonly counts: Counts;
  /** What the source said of its last look at the directory. */
  readonly look?: string;
}

/**
 * What was found out about trees and need not be found out again: about subtrees, by id, and that everything below
 * certain root trees was there as long as certain index files are. A hint only: lost, it is found out again.
 */
export interface SubtreeKnowledge {
  /** Hexadecimal ids of root trees that were seen complete. */
  readonly completeRoots: readonly string[];
  /** The index files at that time. While all of them are still there, so is what they list. */
  readonly indexIds: readonly string[];
  readonly subtrees: ReadonlyMap<string, KnownSubtree>;
  /** What lies in trees of which no more is known than that. */
  readonly counted: ReadonlyMap<string, Counts>;
}

export const noKnowledge: SubtreeKnowledge = {
  completeRoots: [],
  indexIds: [],
  subtrees: new Map(),
  counted: new Map(),
};

const fileName = 'subtrees';

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const subtreeOf = (value: unknown): [string, KnownSubtree] | undefined => {
  if (!isList(value)) return undefined;
  const [id, files, directories, bytes, look] = value;
  if (typeof id !== 'string' || typeof files !== 'number') return undefined;
  if (typeof directories !== 'number' || typeof bytes !== 'number') return undefined;
  const counts = { files, directories, bytes };
  return [id, typeof look === 'string' ? { counts, look } : { counts }];
};

const parse = (plain: Uint8Array): SubtreeKnowledge => {
  const value: unknown = JSON.parse(Buffer.from(plain).toString());
  if (typeof value !== 'object' || value === null) return noKnowledge;
  if (!('completeRoots' in value && 'indexIds' in value && 'counts' in value)) return noKnowledge;
  const { completeRoots, indexIds, counts } = value;
  if (!isStrings(completeRoots) || !isStrings(indexIds) || !isList(counts)) return noKnowledge;
  // Caches of before have none.
  const counted = 'counted' in value && isList(value.counted) ? subtreesOf(value.counted) : [];
  return {
    completeRoots,
    indexIds,
    subtrees: new Map(subtreesOf(counts)),
    counted: new Map(counted.map(([id, subtree]) => [id, subtree.counts])),
  };
};

const subtreesOf = (values: readonly unknown[]): readonly [string, KnownSubtree][] =>
  values.map(subtreeOf).filter((item) => item !== undefined);

export const loadSubtreeKnowledge = async (directory: string, envelope: Envelope): Promise<SubtreeKnowledge> => {
  try {
    const plain = envelope.open(await readFile(join(directory, fileName)));
    return plain === undefined ? noKnowledge : parse(plain);
  } catch {
    // Whatever is wrong with a cache, the answer is the same: nothing is known.
    return noKnowledge;
  }
};

const listOf = (id: string, { files, directories, bytes }: Counts): readonly (string | number)[] => [
  id,
  files,
  directories,
  bytes,
];

export const saveSubtreeKnowledge = async (
  directory: string,
  envelope: Envelope,
  knowledge: SubtreeKnowledge,
  run: Run,
): Promise<void> => {
  const { completeRoots, indexIds } = knowledge;
  const counts = [...knowledge.subtrees].map(([id, subtree]) =>
    subtree.look === undefined ? listOf(id, subtree.counts) : [...listOf(id, subtree.counts), subtree.look],
  );
  const counted = [...knowledge.counted].map(([id, own]) => listOf(id, own));
  const temporary = join(directory, `${fileName}-tmp-${process.pid}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const sealed = envelope.seal(Buffer.from(JSON.stringify({ completeRoots, indexIds, counts, counted })));
    await writeFile(temporary, sealed, { mode: 0o600 });
    await rename(temporary, join(directory, fileName));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    run.emit({ kind: 'notice', message: `what is known of subtrees could not be cached in ${directory}: ${reason}` });
  }
};
