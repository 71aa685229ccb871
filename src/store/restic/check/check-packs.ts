import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, type Fault, isFault } from '../../../model/fault.ts';
import { type PackEvidence, rotatedPacks } from '../../../model/pack-evidence.ts';
import { hexOf } from '../read/blob-reader.ts';
import { packFault, type CheckedIndex } from './check-index.ts';
import type { CheckFindings } from './check-report.ts';
import { createMemoryPool, type MemoryPool, transferable } from '../../../system/memory-pool.ts';
import { decodePackHeader } from '../format/pack-format.ts';
import type { Session } from '../session.ts';
import { threadFile, ThreadPool } from '../thread-pool.ts';
import type { VerifiedPack, VerifyJob } from './verify-messages.ts';

/** Which packs are read whole. */
export type PackSubset =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  /** The `part`th of `parts` shares (from 1): every pack belongs to one, so that `parts` runs read all. */
  | { readonly kind: 'share'; readonly part: number; readonly parts: number }
  /** A random part of the packs, 0 to 1, or as many as come to about so many bytes. */
  | { readonly kind: 'fraction'; readonly fraction: number }
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** What has waited longest to be read, one of `parts` parts, and what is new: so `parts` runs read all. */
  | { readonly kind: 'rotation'; readonly parts: number };

const shuffled = (ids: readonly string[], random: () => number): string[] => {
  const order = [...ids];
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const kept = order[at] ?? '';
    order[at] = order[other] ?? '';
    order[other] = kept;
  }
  return order;
};

export interface PackChoice {
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** For a rotation: when what was read. */
  readonly evidence: PackEvidence | undefined;
}

/** Chooses among the packs (name to bytes). At least one is read unless none is asked for. */
export const choosePacks = (
  packs: ReadonlyMap<string, number>,
  subset: PackSubset,
  { random, evidence }: PackChoice,
): readonly string[] => {
  const ids = [...packs.keys()].sort();
  switch (subset.kind) {
    case 'none':
      return [];
    case 'all':
      return ids;
    case 'share':
      // As restic shares them out, so that nights of both programs add up.
      return ids.filter((id) => Number.parseInt(id.slice(0, 2), 16) % subset.parts === subset.part - 1);
    case 'fraction':
      return shuffled(ids, random).slice(0, Math.max(1, Math.round(ids.length * subset.fraction)));
    case 'rotation':
      return rotatedPacks(packs, evidence, subset.parts);
    case 'bytes': {
      let left = subset.bytes;
      return shuffled(ids, random).filter((id, number) => {
        const taken = number === 0 || left > 0;
        left -= packs.get(id) ?? 0;
        return taken;
      });
    }
  }
};

export interface PackCheckParts {
  readonly session: Session;
  readonly checked: CheckedIndex;
  readonly findings: CheckFindings;
}

export interface PacksChecked {
  readonly packsRead: number;
  readonly bytesRead: number;
  /** Those of the chosen packs in which all is as it should be. */
  readonly good: ReadonlySet<string>;
}

interface Checking extends PackCheckParts {
  readonly pool: ThreadPool<VerifyJob, VerifiedPack>;
  readonly memory: MemoryPool;
}

/** A thread for fewer packs costs more than it brings. */
const packsWorthThread = 4;

/** A pack of the usual size, with the blob that made it full. */
const packMemory = 24 << 20;

/** Reads packs whole, several at once, and compares them with their name, their header and the index. */
export const checkPacks = async (
  packs: ReadonlyMap<string, number>,
  chosen: readonly string[],
  parts: PackCheckParts,
  run: Run,
): Promise<PacksChecked> => {
  const { session } = parts;
  const threads = Math.min(session.options.threads, Math.ceil(chosen.length / packsWorthThread));
  const pool = new ThreadPool<VerifyJob, VerifiedPack>(threadFile('verify-thread', import.meta.url), {
    threads,
    setup: { master: session.master },
  });
  const readers = Math.min(threads + 1, chosen.length);
  const checking = { ...parts, pool, memory: createMemoryPool({ standard: packMemory, kept: readers }) };
  const queue = [...chosen];
  const totalBytes = chosen.reduce((sum, id) => sum + (packs.get(id) ?? 0), 0);
  const good = new Set<string>();
  let packsRead = 0;
  let bytesRead = 0;
  const work = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      throwIfInterrupted(run);
      const size = packs.get(id) ?? 0;
      if (await verifyOne({ id, size }, checking, run)) good.add(id);
      packsRead++;
      bytesRead += size;
      run.emit({ kind: 'progress', files: packsRead, bytes: bytesRead, totalFiles: chosen.length, totalBytes });
    }
  };
  try {
    // One more than threads, so that the next pack is read while the others are verified.
    await Promise.all(Array.from({ length: readers }, work));
  } finally {
    await pool.close();
  }
  return { packsRead, bytesRead, good };
};

/** Whether all is well with a pack. */
const verifyOne = async (
  { id, size }: { readonly id: string; readonly size: number },
  { session, checked, findings, pool, memory }: Checking,
  run: Run,
): Promise<boolean> => {
  const room = memory.take(size);
  let bytes: Uint8Array;
  try {
    const range = { start: 0, length: size, into: room };
    bytes = await session.backend.load({ kind: 'pack', name: id }, range, run);
  } catch (error) {
    if (isFault(error, 'interrupted')) throw error;
    // That it is missing was told when the packs were listed.
    if (!isFault(error, 'object-missing')) findings.damaged(asFault(error));
    return false;
  }
  const { damage, header } = await pool.submit((job) => ({ job, id, bytes }), transferable(bytes));
  memory.give(room);
  if (!checked.packs.has(id)) {
    // What an upload that was cut off has left, or the trial of a storage that lets nothing be removed: nobody needs it.
    for (const what of damage) findings.remark(`the pack ${id.slice(0, 8)}, which is in no index, ${what}`);
    return false;
  }
  for (const what of damage) findings.damaged(packFault(id, what));
  const differences = header.length > 0 ? differencesFromIndex(id, header, checked) : [];
  for (const fault of differences) findings.damaged(fault);
  return damage.length + differences.length === 0 && checked.packs.get(id)?.size === size;
};

/** The index must know every blob of the pack where the pack has it; a copy elsewhere is as good. */
const differencesFromIndex = (id: string, header: Uint8Array, { index, packs }: CheckedIndex): readonly Fault[] => {
  if (!packs.has(id)) return [];
  const faults: Fault[] = [];
  const number = index.packs.numberOf(id);
  const blobs = decodePackHeader(header);
  if (packs.get(id)?.blobs !== blobs.length) {
    faults.push(packFault(id, `holds ${blobs.length} blobs where the index lists ${packs.get(id)?.blobs ?? 0}`));
  }
  for (const blob of blobs) {
    const slot = index.table.find(blob.type, blob.id);
    const location = slot === undefined ? undefined : index.table.location(slot);
    const name = hexOf(blob.id).slice(0, 8);
    if (location === undefined) faults.push(packFault(id, `holds the blob ${name}, which no index lists`));
    else if (location.pack === number && (location.offset !== blob.offset || location.length !== blob.length)) {
      faults.push(packFault(id, `has the blob ${name} at another place than the index says`));
    }
  }
  return faults;
};
