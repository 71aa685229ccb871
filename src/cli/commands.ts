import { backupCommand } from './command/backup.ts';
import { catCommand } from './command/cat.ts';
import { diffCommand } from './command/diff.ts';
import { findCommand } from './command/find.ts';
import { listCommand } from './command/list.ts';
import { lsCommand } from './command/ls.ts';
import { snapshotsCommand } from './command/snapshots.ts';
import { statsCommand } from './command/stats.ts';
import type { DefineCommand } from './define-command.ts';

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly DefineCommand[] = [
  backupCommand,
  snapshotsCommand,
  lsCommand,
  findCommand,
  diffCommand,
  statsCommand,
  listCommand,
  catCommand,
];
