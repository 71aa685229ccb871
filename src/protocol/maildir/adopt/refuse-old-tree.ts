import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatFileName } from '../../../mail/direct/block-name.ts';
import { parseFields, textField } from '../../../mail/direct/json-fields.ts';
import { Fault } from '../../../model/fault.ts';
import { pathOf } from '../../../system/native-path.ts';
import { isOldTree } from './old-tree.ts';

/** Fault `target-occupied` for a folder that OfflineIMAP or mbsync has filled and that never was a mirror of ours. */
export const refuseOldTree = async (directory: string, account: string): Promise<void> => {
  if ((await isMirror(directory)) || !(await isOldTree(pathOf(directory)))) return;
  throw new Fault('target-occupied', 'the folder of the mirror is one that OfflineIMAP or mbsync has filled', {
    hint: `Name another folder as the mirror; then \`mailkeep adopt ${account} --from ${directory}\` takes over its messages without fetching them.`,
    context: { path: directory },
  });
};

/** Whether a mirror of ours was made here. A mail folder that is called `mailkeep` says nothing of that. */
const isMirror = async (directory: string): Promise<boolean> => {
  try {
    const bytes = await readFile(join(directory, 'mailkeep', formatFileName));
    return textField(parseFields(bytes, 'mailkeep/format.json'), 'kind') === 'mirror';
  } catch {
    // Not there, or unreadable: then the files themselves tell whose they are.
    return false;
  }
};
