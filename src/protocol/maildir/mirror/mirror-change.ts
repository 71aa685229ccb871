import { parsePresentedName } from '../../../mail/direct/presented-name.ts';
import { countedChange, type FolderChange } from '../../../model/damage-brake.ts';
import type { LeftOver } from './left-over.ts';
import type { MirrorFolder } from './mirror-folder.ts';

/**
 * The change of a folder as the damage brake is to see it. As long as files of an earlier generation, or of an older body, lie
 * here to be removed, nobody has agreed to the new ones, and what the record says of them counts for nothing: the files do. So
 * the brake holds on the next night as it did on the first.
 */
export const changeOfMirror = (
  { messages }: Pick<MirrorFolder, 'messages'>,
  { earlier, older }: Pick<LeftOver, 'earlier' | 'older'>,
  change: Omit<FolderChange, 'changedBodies'>,
): FolderChange => {
  const generations = new Map<number, number>();
  for (const { name } of earlier) {
    const own = parsePresentedName(name)?.uidValidity;
    if (own !== undefined) generations.set(own, (generations.get(own) ?? 0) + 1);
  }
  // Two files with the same body are one under two names.
  const changed = new Set<number>();
  for (const { name, body } of older) {
    const own = parsePresentedName(name)?.uid;
    if (own !== undefined && messages.get(own)?.body !== body) changed.add(own);
  }
  const counted = { ...change, changedBodies: changed.size };
  if (generations.size === 0) return countedChange(counted);
  const before = Math.max(change.before, messages.size, ...generations.values());
  return countedChange({ ...counted, before, uidValidityChanged: true });
};
