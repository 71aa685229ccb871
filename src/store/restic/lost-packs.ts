import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { dropPacks, lostPacks } from './index/index-loader.ts';
import type { RepositoryIndex } from './index/repository-index.ts';
import type { TreeCache } from './read/tree-cache.ts';
import type { ObjectIo } from './object-io.ts';
import { listSizes } from './save-checked.ts';
import type { Session } from './session.ts';

/** An index, and the packs that it lists and that hold nothing for us any more. */
export interface Losable {
  readonly index: RepositoryIndex;
  /** Ids. */
  readonly lost: Set<string>;
}

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
  await drop({ index, lost }, missing, io, run);
};

const drop = async ({ index, lost }: Losable, ids: readonly string[], io: ObjectIo, run: Run): Promise<void> => {
  for (const id of ids) lost.add(id);
  await dropPacks(index, new Set(ids.map((id) => index.packs.numberOf(id))), io, run);
};

/** Before something is written: what lies in a pack that a check found damaged is not taken for stored, so that it is stored again. */
export const dropDamagedPacks = async (
  { index, lost }: Losable,
  damaged: ReadonlySet<string>,
  { io }: Session,
  run: Run,
): Promise<void> => {
  const listed = new Set(index.packs.ids());
  const found = [...damaged].filter((id) => listed.has(id) && !lost.has(id));
  const [first] = found;
  if (first === undefined) return;
  run.emit({ kind: 'fault', fault: damagedPacks(first, found.length) });
  await drop({ index, lost }, found, io, run);
};

const damagedPacks = (first: string, count: number): Fault => {
  const what =
    count === 1
      ? 'the last check found a pack damaged,'
      : `the last check found ${String(count)} packs damaged, the first is`;
  return new Fault('pack-damaged', `${what} ${first.slice(0, 8)}: what was in it is stored again`, {
    hint: `Afterwards \`mailkeep repair packs ${first.slice(0, 8)}\` takes it out of the repository.`,
    context: { packs: count },
  });
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
  { index, lost, trees }: Losable & { readonly trees: TreeCache },
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
      const name = pack === undefined ? undefined : index.packs.idOf(pack);
      if (name !== undefined) await drop({ index, lost }, [name], io, run);
      throw error;
    }
  };
  return {
    load: (id, run) => noticed(id, run, trees.load(id, run)),
    folders: (id, run) => noticed(id, run, trees.folders(id, run)),
  };
};
