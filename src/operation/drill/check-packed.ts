import type { Run } from '../../contract/run.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { displayText } from '../../model/byte-string.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';

/** Reads what is packed as a whole; trees are compared with their checksums while they are restored. */
export const checkPacked = async (backup: ServerBackup, tally: CheckTally, run: Run): Promise<void> => {
  run.emit({ kind: 'phase', phase: 'drill: checking the backup' });
  const packed = backup.components.filter(({ form }) => form !== 'tree').map(({ name }) => name);
  tally.look(packed.length);
  for (const { path, fault } of packed.length === 0 ? [] : await backup.check(packed, run)) {
    tally.find({ kind: 'file-damaged', subject: displayText(path), detail: fault.message });
  }
};
