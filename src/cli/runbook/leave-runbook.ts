import { join } from 'node:path';
import type { DatedStore } from '../../contract/component.ts';
import { interrupted } from '../../contract/run.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { asFault, isFault } from '../../model/fault.ts';
import { backupFolderAt } from '../../registry/server.ts';
import { writeDurably } from '../../system/durable-file.ts';
import type { CommandContext } from '../context.ts';
import type { ServerJob } from '../server/server-job.ts';
import { diskUnder, runbookOf } from './draw-backup.ts';

/** At the root of a dated disk, beside the backups. */
export const recoveryName = 'RECOVERY.md';

/** What `latest` leads to; where nothing was good yet, another backup. */
const latestOr = async (other: string, root: string): Promise<ServerBackup> => {
  try {
    return await backupFolderAt(join(root, 'latest'));
  } catch (error) {
    if (!isFault(error, 'snapshot-missing')) throw error;
    return backupFolderAt(other);
  }
};

/**
 * Leaves on the disk how its newest good backup is brought back, for when the server is gone. That it cannot be written is told, and
 * is no harm to the backup. Fault `interrupted`.
 */
export const leaveRunbook = async (
  { name, entry: { disk }, config }: ServerJob,
  store: DatedStore,
  { run, environment }: Pick<CommandContext, 'run' | 'environment'>,
): Promise<void> => {
  if (disk === undefined) return;
  try {
    const backups = await store.backups(run);
    const newest = backups.at(-1);
    if (newest === undefined) return;
    const backup = await latestOr(newest.folder, disk.path);
    const folder = backup.description;
    const where = { kind: 'disk', folder, disk: await diskUnder(folder, run) } as const;
    const language = config.language ?? environment.language;
    const wish = { language, format: 'markdown', timeZone: config.timeZone } as const;
    await writeDurably(
      join(disk.path, recoveryName),
      await runbookOf({ server: name, backup, where, backups }, wish, run),
    );
  } catch (error) {
    if (run.signal.aborted) throw interrupted(error);
    const message = `${recoveryName} on the disk is not that of this night: ${asFault(error).message}`;
    run.emit({ kind: 'log', level: 'WARNING', component: 'DISK', message });
  }
};
