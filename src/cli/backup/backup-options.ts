import type { Command } from 'commander';
import type { ZonedTime } from '../../model/snapshot.ts';
import type { GroupField } from '../../model/snapshot-selection.ts';
import { usualParentGroup } from '../../model/parent.ts';
import { parseGroupBy } from '../command/snapshots.ts';
import type { GlobalOptions } from '../context.ts';
import { collect } from '../define-command.ts';
import { addLeftOut } from '../left-out.ts';
import { parseLocalTime } from '../parse-time.ts';
import { addExclusionOptions, type ExclusionOptions } from './exclusions.ts';
import type { GivenPathOptions } from './given-paths.ts';

export interface BackupCommandOptions extends GlobalOptions, ExclusionOptions, GivenPathOptions {
  readonly stdin: boolean;
  readonly stdinFilename: string;
  readonly tag: readonly string[];
  readonly host?: string;
  readonly time?: ZonedTime;
  readonly dryRun: boolean;
  readonly parent?: string;
  readonly groupBy: ReadonlySet<GroupField>;
  readonly force: boolean;
  readonly rescan: boolean;
  readonly keepCaches: boolean;
  readonly withAtime: boolean;
  readonly skipIfUnchanged: boolean;
  readonly allowEmpty: boolean;
  /** `--no-scan` makes it false. */
  readonly scan: boolean;
}

const noReader = 'It reads with as many threads as the machine has processors.';
const trusted = 'A file is read again when its size, time or inode has changed; --force reads all.';

export const addBackupOptions = (command: Command): Command => {
  addExclusionOptions(command)
    .option('--files-from <file>', 'back up what the patterns in this file match; - is standard input', collect, [])
    .option('--files-from-verbatim <file>', 'back up the paths in this file, one a line', collect, [])
    .option('--files-from-raw <file>', 'the same, each ended by a zero byte (find -print0)', collect, [])
    .option('--stdin', 'keep what comes from standard input, as one file', false)
    .option('--stdin-filename <path>', 'its path in the snapshot', 'stdin')
    .option('--tag <tag,...>', 'tags of the snapshot (may be repeated)', collect, [])
    .option('-H, --host <name>', 'host name to write into the snapshot')
    .option('--time <time>', 'time to write into it: "2026-01-31 03:00:00" (default: now)', parseLocalTime)
    .option('-n, --dry-run', 'do everything but write', false)
    .option('--parent <snapshot>', 'compare with this one (default: the newest of the same host and paths)')
    .option(
      '-g, --group-by <fields>',
      'what the parent has in common: host, paths, tags',
      parseGroupBy,
      usualParentGroup,
    )
    .option('-f, --force', 'read every file again, whatever the parent says', false)
    .option('--rescan', 'look into every mail folder, also those that seem unchanged', false)
    .option('--keep-caches', "keep the mail server's caches and temporary files", false)
    .option('--allow-empty', 'believe that what has no files now, and had some, was emptied on purpose', false)
    .option('--with-atime', 'keep times of access (every reading then makes a change)', false)
    .option('--no-scan', 'do not count ahead what a first backup comes to')
    .option('--skip-if-unchanged', 'write no snapshot when nothing differs from the parent', false);
  return addLeftOut(command, [
    { flags: '--ignore-inode', instead: trusted },
    { flags: '--ignore-ctime', instead: trusted },
    { flags: '--read-concurrency <n>', instead: noReader },
    { flags: '--stdin-from-command', instead: 'Use a pipe and --stdin, under `set -o pipefail`.' },
  ]);
};
