import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import type { BlobSaver } from '../copy/blob-saver.ts';
import { openPackBlobs, soundPlain } from '../copy/pack-blobs.ts';
import { readPackHeader, type PackedBlob } from '../format/pack-format.ts';
import { createBlobSet } from '../index/blob-set.ts';
import type { Repository } from '../repository.ts';
import type { PrunePlan } from './prune-plan.ts';

const contradicts = (pack: string): Fault =>
  new Fault('pack-damaged', `the pack ${pack.slice(0, 8)} holds other blobs than the index says; nothing was removed`, {
    hint: 'See `mailkeep check --read-data`; `mailkeep repair index` makes the index anew from the packs.',
    context: { pack },
  });

/** What a pack says of itself, which must be what the index says of it. */
const headerOf = async (
  repository: Repository,
  plan: PrunePlan,
  id: string,
  run: Run,
): Promise<readonly PackedBlob[]> => {
  const { backend, envelope } = repository.session;
  const size = plan.present.get(id) ?? 0;
  const load = (range: { start: number; length: number }): Promise<Uint8Array> =>
    backend.load({ kind: 'pack', name: id }, range, run);
  const blobs = await readPackHeader(load, size, envelope);
  const { survey } = plan;
  const agree =
    blobs.length === survey.packs[survey.packList.numberOf(id)]?.blobs &&
    blobs.every(({ type, id: blob }) => survey.table.has(type, blob));
  if (!agree) throw contradicts(id);
  return blobs;
};

/**
 * Copies every blob of `plan.toCopy` out of the packs that are to be repacked. Each is decrypted, decompressed and its
 * hash checked on the way out, and once more as part of its new pack. Faults: `blob-damaged`, `pack-damaged`, `internal`
 * when a blob was not met; nothing has been removed then.
 */
export const repack = async (repository: Repository, plan: PrunePlan, saver: BlobSaver, run: Run): Promise<void> => {
  const packs = plan.packs.filter(({ fate }) => fate.kind === 'repack');
  const { survey, toCopy } = plan;
  const copied = createBlobSet();
  const source = { session: repository.session, readers: repository.readers };
  for (const [number, { id }] of packs.entries()) {
    const wanted = (await headerOf(repository, plan, id, run)).filter((blob) => {
      const slot = survey.table.find(blob.type, blob.id);
      return slot !== undefined && toCopy.has(slot) && copied.add(slot);
    });
    for await (const opened of openPackBlobs(source, id, wanted, run)) {
      await saver.add(opened.blob.type, opened.blob.id, soundPlain(opened, id));
    }
    run.emit({ kind: 'progress', files: number + 1, bytes: saver.bytes, totalFiles: packs.length });
  }
  if (copied.size === toCopy.size) return;
  throw new Fault(
    'internal',
    `${toCopy.size - copied.size} blobs were not met while repacking, so nothing was removed`,
    {
      hint: 'This is a defect in Mailkeep; please report it. restic can prune this repository.',
    },
  );
};
