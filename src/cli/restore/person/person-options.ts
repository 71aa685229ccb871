import type { Command } from 'commander';
import type { Nanoseconds } from '../../../model/entry.ts';

export interface PersonRestoreOptions {
  /** An address. */
  readonly user?: string;
  readonly mailbox?: string;
  /** `true`: under the name of the day. */
  readonly restoredFolder?: string | true;
  readonly message?: string;
}

/** What of the other options goes with `--user`, too. */
export interface PersonRestoreWish extends PersonRestoreOptions {
  readonly user: string;
  readonly from?: string;
  readonly server?: string;
  readonly target?: string;
  readonly folder: readonly string[];
  readonly subject?: string;
  readonly text?: string;
  readonly messageId?: string;
  readonly since?: Nanoseconds;
  readonly before?: Nanoseconds;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export const addPersonRestoreOptions = (command: Command): Command =>
  command
    .option(
      '--user <address>',
      'mail of one person from the backup of a server, which --from names (default: latest), into their mailbox; only what is missing there',
    )
    .option('--mailbox <path>', 'with --user: which mailbox of the backup, as vmail/example.com/alice')
    .option('--message <id>', 'with --user: the message with this Message-ID')
    .option('--restored-folder [name]', 'with --user: into a mail folder of its own, such as Restored-2026-01-31');
