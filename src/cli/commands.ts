import { backupCommand } from './command/backup.ts';
import { lsCommand } from './command/ls.ts';
import { snapshotsCommand } from './command/snapshots.ts';
import { statsCommand } from './command/stats.ts';
import type { DefineCommand } from './define-command.ts';

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly DefineCommand[] = [backupCommand, snapshotsCommand, lsCommand, statsCommand];
