import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../model/fault.ts';
import { pathOf } from '../../../system/native-path.ts';
import { isOldTree } from './old-tree.ts';

/** Fault `target-occupied` for a folder that OfflineIMAP or mbsync has filled and that never was a mirror of ours. */
export const refuseOldTree = async (directory: string, account: string): Promise<void> => {
  const isOurs = await stat(join(directory, 'mailkeep')).then(
    () => true,
    () => false,
  );
  if (isOurs || !(await isOldTree(pathOf(directory)))) return;
  throw new Fault('target-occupied', 'the folder of the mirror is one that OfflineIMAP or mbsync has filled', {
    hint: `Name another folder as the mirror; then \`mailkeep adopt ${account} --from ${directory}\` takes over its messages without fetching them.`,
    context: { path: directory },
  });
};
