import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { openPackBlobs } from '../copy/pack-blobs.ts';
import { type PackedBlob, readPackHeader } from '../format/pack-format.ts';
import { createBlobSet, type BlobSet } from '../index/blob-set.ts';
import { damagedBlob } from '../read/blob-reader.ts';
import type { Repository } from '../repository.ts';
import type { PrunePlan } from './prune-plan.ts';

type KeptCopiesPlan = Pick<PrunePlan, 'survey' | 'present' | 'toRead'>;

/** The packs that hold what is to be read, those that stay only. */
const packsToRead = ({ survey, toRead }: KeptCopiesPlan, kept: ReadonlySet<string>): readonly string[] => {
  const found = new Set<string>();
  survey.occurrences.each((pack, slot) => {
    const { id = '' } = survey.packs[pack] ?? {};
    if (toRead.has(slot) && kept.has(id)) found.add(id);
  });
  return [...found];
};

/** Adds to `proven` what can be read of a pack; returns what is wrong with the rest. */
const readPack = async (
  repository: Repository,
  pack: string,
  { plan, proven }: { readonly plan: KeptCopiesPlan; readonly proven: BlobSet },
  run: Run,
): Promise<Fault | undefined> => {
  const { survey, present, toRead } = plan;
  const source = { session: repository.session, readers: repository.readers };
  const { backend, envelope } = repository.session;
  const load = (range: { start: number; length: number }): Promise<Uint8Array> =>
    backend.load({ kind: 'pack', name: pack }, range, run);
  const slotOf = ({ type, id }: PackedBlob): number => survey.table.find(type, id) ?? -1;
  const isWanted = (slot: number): boolean => slot >= 0 && toRead.has(slot) && !proven.has(slot);
  let damage: Fault | undefined;
  const header = await readPackHeader(load, present.get(pack) ?? 0, envelope);
  const wanted = header.filter((blob) => isWanted(slotOf(blob)));
  for await (const { blob, plain } of openPackBlobs(source, pack, wanted, run)) {
    if (typeof plain === 'string') damage ??= damagedBlob(blob.type, blob.id, pack, plain);
    else proven.add(slotOf(blob));
  }
  return damage;
};

const refusal = (damage: Fault | undefined, blobs: number): Fault => {
  const told = damage === undefined ? '' : `: ${damage.message}`;
  const pack = damage?.context['pack'];
  const name = typeof pack === 'string' ? pack : 'PACK';
  return new Fault(
    'pack-damaged',
    `${blobs} blobs are there twice, and the copies that would stay cannot be read, so no pack was removed${told}`,
    {
      hint: `Their other copies are whole as far as is known. \`mailkeep repair packs ${name}\` takes the damaged pack away; then prune again.`,
      ...(damage === undefined ? {} : { cause: damage, context: damage.context }),
    },
  );
};

/**
 * Reads back what of needed blobs stays while another copy goes: each is decrypted, decompressed and hashed. A copy that
 * nobody has read for long may be damaged, and the one that goes the only good one. Faults: `pack-damaged` when a blob
 * cannot be read in any pack that stays, and what reading says.
 */
export const readKeptCopies = async (
  repository: Repository,
  plan: Pick<PrunePlan, 'packs'> & KeptCopiesPlan,
  run: Run,
): Promise<void> => {
  if (plan.toRead.size === 0) return;
  run.emit({ kind: 'phase', phase: 'reading back what is there twice' });
  const kept = new Set(plan.packs.flatMap(({ id, fate }) => (fate.kind === 'keep' ? [id] : [])));
  const packs = packsToRead(plan, kept);
  const proven = createBlobSet();
  let damage: Fault | undefined;
  for (const [number, pack] of packs.entries()) {
    throwIfInterrupted(run);
    try {
      damage = (await readPack(repository, pack, { plan, proven }, run)) ?? damage;
    } catch (error) {
      if (!isFault(error, 'pack-damaged', 'object-missing', 'backend-misbehaved')) throw error;
      damage = new Fault('pack-damaged', asFault(error).message, { cause: error, context: { pack } });
    }
    run.emit({ kind: 'progress', files: number + 1, bytes: 0, totalFiles: packs.length });
  }
  if (proven.size < plan.toRead.size) throw refusal(damage, plan.toRead.size - proven.size);
};
