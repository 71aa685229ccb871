import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import { heldFault } from '../../../model/retention.ts';
import { formatSnapshot, type SnapshotFile } from '../format/snapshot-format.ts';
import { isHoldNote } from '../holds/hold-notes.ts';
import type { Repository } from '../repository.ts';
import { refuseImmutable } from './remove-snapshots.ts';

export type TagChange =
  /** These, and no others. */
  | { readonly kind: 'set'; readonly tags: readonly string[] }
  | { readonly kind: 'edit'; readonly add: readonly string[]; readonly remove: readonly string[] };

/** The tags after a change; undefined when it changes nothing. A tag is there once. */
export const changedTags = (tags: readonly string[], change: TagChange): readonly string[] | undefined => {
  // To set counts as a change always, as in restic: it is what the person wants to see done.
  if (change.kind === 'set') return [...new Set(change.tags)];
  const added = change.add.filter((tag, at) => !tags.includes(tag) && change.add.indexOf(tag) === at);
  const kept = [...tags, ...added].filter((tag) => !change.remove.includes(tag));
  return added.length === 0 && kept.length === tags.length ? undefined : kept;
};

/**
 * Replaces a snapshot's file by one that differs only in what `changes` says; the new one is durable before the old one
 * goes, so at worst both are there. Returns the new file. To be called under an exclusive lock.
 */
const replaceSnapshot = async (
  repository: Repository,
  before: SnapshotFile,
  changes: Pick<SnapshotFile, 'tags'>,
  run: Run,
): Promise<SnapshotFile> => {
  const draft = { ...before, ...changes, id: '' };
  const id = await repository.session.io.save('snapshot', formatSnapshot(draft), run);
  await repository.session.backend.remove({ kind: 'snapshot', name: before.id }, run);
  return { ...draft, id };
};

export interface TagsChanged {
  readonly changed: readonly { readonly from: SnapshotFile; readonly to: SnapshotFile }[];
  /** How many could not be changed; why was told as fault events. */
  readonly failed: number;
}

/**
 * Changes the tags of the snapshots that `choose` finds, under an exclusive lock. The id of a snapshot that is changed is
 * another afterwards; `originalId` stays, by which holds know it. Faults: `snapshot-held` for the note of a hold, what `choose` throws, `read-only`, `repository-locked`.
 */
export const changeTags = async (
  repository: Repository,
  change: TagChange,
  choose: () => Promise<readonly SnapshotFile[]>,
  run: Run,
): Promise<TagsChanged> => {
  refuseImmutable(repository, 'no snapshot can be replaced');
  return repository.locked(
    'exclusive',
    async () => {
      const changed: { from: SnapshotFile; to: SnapshotFile }[] = [];
      let failed = 0;
      const chosen = await choose();
      const note = chosen.find(isHoldNote);
      if (note !== undefined) throw heldFault(note, [], 'its tags stay as they are: it is the note of a hold');
      for (const from of chosen) {
        throwIfInterrupted(run);
        repository.assertLocked(run);
        const tags = changedTags(from.tags, change);
        if (tags === undefined) continue;
        try {
          changed.push({ from, to: await replaceSnapshot(repository, from, { tags }, run) });
        } catch (error) {
          if (isFault(error, 'interrupted')) throw error;
          failed++;
          run.emit({ kind: 'fault', fault: asFault(error) });
        }
      }
      return { changed, failed };
    },
    run,
  );
};
