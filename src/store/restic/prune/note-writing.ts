import { hash } from 'node:crypto';
import type { Run } from '../../../contract/run.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { isFault } from '../../../model/fault.ts';
import type { BlobSaver } from '../copy/blob-saver.ts';
import { signedNote } from '../evidence/evidence-key.ts';
import { formatSnapshot } from '../format/snapshot-format.ts';
import { createBlobSet } from '../index/blob-set.ts';
import type { Repository } from '../repository.ts';
import { formatNote, noteSnapshot, noteTree, type PruneNote } from './prune-note.ts';
import type { PrunePlan } from './prune-plan.ts';

/** Of what is garbage by our own doing, and known to nobody else: it needs no grace. */
const longAgo: Nanoseconds = 0n;

/** The packs in which there is nothing but notes that are about to be replaced. */
const packsOfNotes = ({ survey }: PrunePlan, notes: readonly PruneNote[]): readonly string[] => {
  const blobs = createBlobSet();
  for (const { tree, content } of notes) {
    const slots = [survey.table.find('tree', tree)];
    for (let at = 0; at < content.length; at += 32) slots.push(survey.table.find('data', content, at));
    for (const slot of slots) if (slot !== undefined) blobs.add(slot);
  }
  const others = new Set<number>();
  const own = new Set<number>();
  survey.occurrences.each((pack, slot) => (blobs.has(slot) ? own : others).add(pack));
  return [...own].filter((pack) => !others.has(pack)).map((pack) => survey.packs[pack]?.id ?? '');
};

/** What the next note has to say; undefined when the current one says it already. */
export const nextNote = (plan: PrunePlan, now: Nanoseconds): ReadonlyMap<string, Nanoseconds> | undefined => {
  const { current, superseded } = plan.notes;
  const waiting = plan.packs.filter(({ fate, removedNow }) => !removedNow && fate.kind !== 'keep');
  const isNews = waiting.some(({ noted }) => noted === undefined);
  // A pack that came into use again must begin anew should it ever be unused again.
  const isUsedAgain = plan.packs.some(
    ({ id, fate }) => (fate.kind === 'keep' || fate.kind === 'repack') && current?.packs.has(id) === true,
  );
  if (!isNews && !isUsedAgain && superseded.length === 0) return undefined;
  const packs = new Map(waiting.map(({ id, noted }) => [id, noted ?? now]));
  const replaced = current === undefined ? superseded : [current, ...superseded];
  for (const id of packsOfNotes(plan, replaced)) packs.set(id, longAgo);
  // What is due stays noted until it is gone, lest an interruption cost it another time of grace.
  for (const { id, noted, removedNow } of plan.packs) if (removedNow && noted !== undefined) packs.set(id, noted);
  return packs;
};

/** With the MAC of this machine, where it can have a key: one that keeps no state prunes all the same. */
const signed = async (repository: Repository, note: Uint8Array): Promise<Uint8Array> => {
  try {
    return signedNote(note, await repository.session.options.evidence.own(), repository.id);
  } catch (error) {
    if (isFault(error, 'interrupted', 'internal')) throw error;
    return note;
  }
};

/** Stores a note: blobs and index first, then the snapshot that makes it count. */
export const saveNote = async (
  repository: Repository,
  packs: ReadonlyMap<string, Nanoseconds>,
  saver: BlobSaver,
  run: Run,
): Promise<string> => {
  const { options, io } = repository.session;
  const json = await signed(repository, formatNote(repository.id, run.now(), packs));
  const content = Uint8Array.from(hash('sha256', json, 'buffer'));
  const tree = noteTree({ content, size: json.length, time: run.now() }, options.identity);
  const treeId = Uint8Array.from(hash('sha256', tree, 'buffer'));
  await saver.add('data', content, json);
  await saver.add('tree', treeId, tree);
  await saver.finish();
  const snapshot = noteSnapshot(Buffer.from(treeId).toString('hex'), options.identity, options.programVersion);
  return io.save('snapshot', formatSnapshot(snapshot), run);
};

/** Removes the notes that another has replaced. */
export const removeNotes = async (repository: Repository, notes: readonly PruneNote[], run: Run): Promise<void> => {
  for (const { snapshotId } of notes) {
    try {
      await repository.session.backend.remove({ kind: 'snapshot', name: snapshotId }, run);
    } catch (error) {
      if (!isFault(error, 'object-missing')) throw error;
    }
  }
};
