import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, succeed } from '../requirement/command.ts';

export type FileSystem = 'ext4' | 'xfs' | 'btrfs';

/** A file system in a file, mounted. */
export interface LoopDisk extends AsyncDisposable {
  readonly folder: string;
  remount(options: string): Promise<void>;
}

const makers: Readonly<Record<FileSystem, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q'],
  xfs: ['mkfs.xfs', '-q', '-m', 'reflink=1'],
  btrfs: ['mkfs.btrfs', '-q'],
};

/** Only root can do this. The file is sparse: it takes up what is written. */
export const mountLoop = async (fileSystem: FileSystem, megabytes = 512): Promise<LoopDisk> => {
  const base = await mkdtemp(join(tmpdir(), `mailkeep-${fileSystem}-`));
  const [image, folder] = [join(base, 'image'), join(base, 'disk')];
  await writeFile(image, '');
  await truncate(image, megabytes * 1_048_576);
  await mkdir(folder);
  const [maker = '', ...options] = makers[fileSystem];
  await succeed(maker, [...options, image]);
  await succeed('mount', ['-o', 'loop', image, folder]);
  return {
    folder,
    remount: async (how) => {
      await succeed('mount', ['-o', `remount,${how}`, folder]);
    },
    [Symbol.asyncDispose]: async () => {
      await runCommand('umount', ['-l', folder]);
      await rm(base, { recursive: true, force: true });
    },
  };
};

/** A sentence when no file system can be mounted here. */
export const whyNoLoop = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'only root may mount a file system';
  const { code, stderr } = await runCommand('losetup', ['--find']);
  return code === 0 ? undefined : `there are no loop devices here: ${stderr.trim()}`;
};
