import type { Command } from 'commander';
import { Fault } from '../../../model/fault.ts';
import { collect } from '../../define-command.ts';

export interface ServerRestoreOptions {
  readonly component: readonly string[];
  readonly server?: string;
  readonly into?: string;
  readonly replace: boolean;
  readonly compare: boolean;
  readonly despiteDamage: boolean;
  /** `--no-services` makes it false. */
  readonly services: boolean;
}

export const addServerRestoreOptions = (command: Command): Command =>
  command
    .option(
      '--component <list>',
      'parts of a server, such as config,mail or all; --from says of which backup: latest, 2025-11-06, weekly/2025-week-45, a folder, or repository:SNAPSHOT',
      collect,
      [],
    )
    .option('--server <name>', 'with --component: which of several servers')
    .option('--into <folder>', 'with --component: below this folder, as into an empty root; databases as dumps')
    .option('--replace', 'with --component: remove a database before its dump, which is tried first, is loaded', false)
    .option('--compare', 'with --component: only compare what is there with the backup, and change nothing', false)
    .option('--despite-damage', 'with --component: restore what is whole of a damaged backup', false)
    .option('--no-services', 'with --component: stop and start nothing');

/** Fault `usage` for what goes with `--component` alone. */
export const refuseServerOptions = (options: ServerRestoreOptions): void => {
  const { server, into, replace, compare, despiteDamage, services } = options;
  if (server === undefined && into === undefined && !replace && !compare && !despiteDamage && services) return;
  throw new Fault(
    'usage',
    '--server, --into, --replace, --compare, --despite-damage and --no-services go with --component',
    {
      hint: 'For a snapshot of folders say --target; for a server, --from WHERE --component LIST.',
    },
  );
};
