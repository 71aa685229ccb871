import { Command } from 'commander';
import type { DefineCommand, Execute } from '../define-command.ts';
import { repairIndexCommand } from '../repair/repair-index.ts';
import { repairPacksCommand } from '../repair/repair-packs.ts';
import { repairSnapshotsCommand } from '../repair/repair-snapshots.ts';
import { repairRemovedCommand } from '../repair/repair-removed.ts';

export const repairCommand: DefineCommand = (execute: Execute) => {
  const command = new Command('repair')
    .summary('mend a damaged repository as far as possible')
    .description('Mends a damaged repository as far as possible: first `check`, then what it says.');
  for (const define of [repairIndexCommand, repairPacksCommand, repairSnapshotsCommand, repairRemovedCommand]) {
    command.addCommand(define(execute).exitOverride());
  }
  return command;
};
