import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ServerBackup } from '../../../contract/server-backup.ts';
import { byteStringOfText, displayText } from '../../../model/byte-string.ts';
import { bareDirectory, type Entry } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import type { FilePart } from '../../../operation/server/restore/file-component.ts';
import { asFile, asFolder } from '../../../operation/server/restore/placed-source.ts';
import { createFilesTarget } from '../../../protocol/files/target.ts';
import { createMergingTarget } from '../../../protocol/maildir/merge/merging-target.ts';
import { errnoFault } from '../../../system/errno.ts';
import { loadPosix } from '../../../system/posix.ts';
import { runProgram } from '../../../system/run-program.ts';
import type { CommandContext } from '../../context.ts';
import { narrowInventory } from '../narrow-inventory.ts';
import type { ResolvedPlace } from './resolve-place.ts';

export interface PartWish {
  readonly backup: ServerBackup;
  readonly component: string;
  /** What lies at the root of the component; undefined: all of the component, as one folder. */
  readonly entry: Entry | undefined;
  readonly to: ResolvedPlace;
  /** It is where it came from, or in the place of that. */
  readonly isLive: boolean;
  /** Mail lives there, and is added to. */
  readonly merges: boolean;
}

const componentEntry = (name: string, time: bigint): Entry => ({
  ...bareDirectory,
  name: byteStringOfText(name),
  mtime: time,
  atime: time,
  ctime: time,
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
});

/** A folder of a component keeps its own owner, mode and times; a file, and a link, the name that it has. */
const openerOf = ({ backup, component, entry, to, merges }: PartWish): FilePart['open'] => {
  const root = byteStringOfText(component);
  const name = byteStringOfText(to.name);
  if (entry === undefined) {
    const metadata = componentEntry(component, BigInt(backup.started) * 1_000_000n);
    return async (run) => asFolder(await backup.open([root], run), { name, metadata });
  }
  if (merges) return (run) => backup.open([root, entry.name], run);
  if (entry.type === 'directory') {
    return async (run) => asFolder(await backup.open([root, entry.name], run), { name, metadata: entry });
  }
  if (entry.name !== name) {
    throw new Fault('unsupported', `the file ${displayText(entry.name)} of ${component} came from ${to.name}`, {
      hint: 'Restore it with --into, and give it its name by hand.',
    });
  }
  return async (run) => asFile(await backup.open([root], run), entry.name);
};

/** Parents that are not there are made as anybody makes them: services of other users lie below them. */
const makeParents = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw errnoFault(error, 'make the folder', folder);
  }
};

const isEnforcing = async (): Promise<boolean> =>
  readFile('/sys/fs/selinux/enforce', 'latin1').then(
    (text) => text.trim() === '1',
    () => false,
  );

/** Requirement B13: what has just been written gets the labels of its place. */
const relabel = async (place: string, { environment, run }: CommandContext): Promise<void> => {
  if (!(await isEnforcing())) return;
  const { PATH } = environment.variables;
  const call = { program: 'restorecon', parameters: ['-R', '--', place], environment: { PATH }, signal: run.signal };
  const ended = await runProgram(call);
  if (ended?.code === 0) return;
  const why = ended === undefined ? 'there is no restorecon here' : ended.stderr.trim().slice(0, 300);
  run.emit({ kind: 'notice', message: `SELinux: the labels of ${place} were not set: ${why}` });
};

/** A folder or file of a backup, and where it goes. Faults `unsupported`. */
export const filePart = (wish: PartWish, context: CommandContext): FilePart => {
  const { to, isLive, merges } = wish;
  const place = join(to.folder, to.name);
  const folder = merges ? place : to.folder;
  const directory = byteStringOfText(folder);
  return {
    place,
    folder,
    merges,
    open: openerOf(wish),
    prepare: () => makeParents(to.folder),
    settle: (run) => (isLive ? relabel(place, { ...context, run }) : Promise.resolve()),
    target: async (source, { overwrite, filter = () => true }) => {
      const posix = await loadPosix();
      const options = {
        directory,
        filter,
        overwrite,
        posix,
        asRoot: process.geteuid?.() === 0,
        threads: Math.max(2, Math.min(8, availableParallelism())),
        everyEntry: context.options.verbose > 1,
      };
      const target = merges ? createMergingTarget(options) : createFilesTarget(options);
      return narrowInventory(target, source, { directory, posix });
    },
  };
};
