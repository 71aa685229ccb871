import { backupCommand } from './command/backup.ts';
import { catCommand } from './command/cat.ts';
import { checkCommand } from './command/check.ts';
import { completionCommand } from './command/completion.ts';
import { diffCommand } from './command/diff.ts';
import { dumpCommand } from './command/dump.ts';
import { findCommand } from './command/find.ts';
import { forgetCommand } from './command/forget.ts';
import { initCommand } from './command/init.ts';
import { keyCommand } from './command/key.ts';
import { listCommand } from './command/list.ts';
import { lsCommand } from './command/ls.ts';
import { restoreCommand } from './command/restore.ts';
import { snapshotsCommand } from './command/snapshots.ts';
import { statsCommand } from './command/stats.ts';
import { unlockCommand } from './command/unlock.ts';
import { tagCommand } from './command/tag.ts';
import type { DefineCommand } from './define-command.ts';

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly DefineCommand[] = [
  initCommand,
  backupCommand,
  restoreCommand,
  checkCommand,
  unlockCommand,
  snapshotsCommand,
  lsCommand,
  findCommand,
  dumpCommand,
  diffCommand,
  statsCommand,
  listCommand,
  catCommand,
  completionCommand,
  forgetCommand,
  tagCommand,
  keyCommand,
];
