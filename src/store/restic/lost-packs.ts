import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { dropPacks, lostPacks } from './index/index-loader.ts';
import type { TreeCache } from './read/tree-cache.ts';
import type { RepositoryKnowledge } from './repository-knowledge.ts';
import { listSizes } from './save-checked.ts';
import type { Session } from './session.ts';

type Losable = Pick<RepositoryKnowledge, 'index' | 'lost'>;

/**
 * A pack that an index lists and that is gone holds nothing any more: what was in it is elsewhere, or lost. `ahead`: sizes of
 * the packs as they were asked for a while ago.
 */
export const dropMissingPacks = async (
  { index, lost }: Losable,
  { backend, io }: Session,
  ahead: Promise<ReadonlyMap<string, number>> | undefined,
  run: Run,
): Promise<void> => {
  let gone = lostPacks(index, await (ahead ?? listSizes(backend, 'pack', run)));
  // A pack that was stored by another run between the two listings is not missing.
  if (gone.length > 0 && ahead !== undefined) gone = lostPacks(index, await listSizes(backend, 'pack', run));
  const missing = gone.filter((id) => !lost.has(id));
  const [first] = missing;
  if (first === undefined) return;
  run.emit({ kind: 'fault', fault: missingPacks(first, missing.length) });
  for (const id of missing) lost.add(id);
  await dropPacks(index, new Set(missing.map((id) => index.packs.numberOf(id))), io, run);
};

const missingPacks = (first: string, count: number): Fault => {
  const what =
    count === 1 ? 'a pack is missing or too short,' : `${String(count)} packs are missing or too short, the first is`;
  return new Fault('pack-damaged', `${what} ${first.slice(0, 8)}`, {
    hint: '`mailkeep check` shows what is lost; a backup stores again what is still at its source.',
    context: { packs: count },
  });
};

/**
 * Trees as they are loaded. While a snapshot is written, a damaged one is no longer taken for stored, nor is anything
 * else in its pack; who only reads is still given what is whole in it.
 */
export const treesNoticingLoss = (
  { index, lost, trees }: Losable & Pick<RepositoryKnowledge, 'trees'>,
  { io }: Session,
  isWriting: () => boolean,
): TreeCache => {
  const noticed = async <Tree>(id: Uint8Array, run: Run, loaded: Promise<Tree>): Promise<Tree> => {
    try {
      return await loaded;
    } catch (error) {
      const isDamage = isWriting() && isFault(error, 'blob-damaged', 'pack-damaged');
      const slot = isDamage ? index.table.find('tree', id) : undefined;
      const pack = slot === undefined ? undefined : index.table.location(slot)?.pack;
      if (pack !== undefined) {
        lost.add(index.packs.idOf(pack) ?? '');
        await dropPacks(index, new Set([pack]), io, run);
      }
      throw error;
    }
  };
  return {
    load: (id, run) => noticed(id, run, trees.load(id, run)),
    folders: (id, run) => noticed(id, run, trees.folders(id, run)),
  };
};
