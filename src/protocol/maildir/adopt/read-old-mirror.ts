import type { Run } from '../../../contract/run.ts';
import { folderKey } from '../../../mail/adopt/folder-key.ts';
import { byteStringOfText, displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { pathOf } from '../../../system/native-path.ts';
import type { AdoptionParts } from './adoption-plan.ts';
import { openOldState } from './old-state.ts';
import { oldFolders } from './old-tree.ts';

export interface OldMirrorPlaces {
  readonly folder: string;
  readonly states: readonly string[];
  /** Names of folders in the tree, and what they are called on the server. */
  readonly mapping: readonly (readonly [string, string])[];
}

/** Faults: `source-missing`, `source-empty` for what has no Maildir, `usage` for a name that no folder of the tree has. */
export const readOldMirror = async (
  { folder, states, mapping }: OldMirrorPlaces,
  run: Run,
): Promise<Omit<AdoptionParts, 'scan' | 'mirror'>> => {
  const tree = await Array.fromAsync(oldFolders(pathOf(folder), run));
  if (!tree.some(({ files, unmarked }) => files.size + unmarked > 0)) {
    throw new Fault('source-empty', 'there are no messages of OfflineIMAP or mbsync in the folder', {
      hint: 'Give --from the folder that holds the Maildirs: localfolders of OfflineIMAP, Path or Inbox of mbsync.',
      context: { path: folder },
    });
  }
  const byKey = new Map<string, string>();
  for (const [own, server] of mapping) {
    const key = folderKey(byteStringOfText(own), undefined);
    if (!tree.some((one) => one.key === key)) {
      throw new Fault('usage', `there is no folder ${own} in the old tree`, {
        hint: `There are: ${tree.map(({ path }) => (path === '' ? '.' : displayText(path))).join(', ')}`,
      });
    }
    byKey.set(key, folderKey(byteStringOfText(server), '/'));
  }
  return { tree, state: openOldState(states.map(pathOf)), mapping: byKey };
};
