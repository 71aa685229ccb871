import { parsePresentedName } from '../../../mail/direct/presented-name.ts';
import { countedChange, type FolderChange } from '../../../model/damage-brake.ts';
import type { MirrorFolder } from './mirror-folder.ts';

/**
 * The change of a folder as the damage brake is to see it. As long as files of an earlier generation lie here, nobody has
 * agreed to the new one, and what the record says of it counts for nothing: the files do. So the brake holds on the next
 * night as it did on the first.
 */
export const changeOfMirror = (
  { stale, uidValidity, messages }: Pick<MirrorFolder, 'stale' | 'uidValidity' | 'messages'>,
  change: FolderChange,
): FolderChange => {
  const generations = new Map<number, number>();
  for (const { name } of stale) {
    const own = parsePresentedName(name)?.uidValidity;
    if (own !== undefined && own !== uidValidity) generations.set(own, (generations.get(own) ?? 0) + 1);
  }
  if (generations.size === 0) return countedChange(change);
  const before = Math.max(change.before, messages.size, ...generations.values());
  return countedChange({ ...change, before, uidValidityChanged: true });
};
