import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, succeed } from '../requirement/command.ts';
import { makeImage } from './container-image.ts';

/** A real Podman that keeps everything in a folder of its own. */
export interface PodmanEngine {
  /** What finds it. */
  readonly variables: Readonly<Record<string, string>>;
  readonly image: string;
  podman(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** What works inside a container, too: no layers, no limits above those that we have, and no cgroups of systemd. */
const storageOf = (folder: string): string => `[storage]
driver = "vfs"
graphroot = "${folder}/store"
runroot = "${folder}/run"
`;

const settings = `[containers]
netns = "host"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
`;

export const startPodmanEngine = async (): Promise<PodmanEngine> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-podman-'));
  await mkdir(join(folder, 'run'));
  const variables = {
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TMPDIR: tmpdir(),
  };
  const podman = (...args: readonly string[]): Promise<string> => succeed('podman', args, { env: variables });
  const stop = async (): Promise<void> => {
    await runCommand('podman', ['rm', '--all', '--force', '--time', '0'], { env: variables });
    const mounts = await readFile('/proc/mounts', 'utf8');
    for (const line of mounts.split('\n').toReversed()) {
      const [, place = ''] = line.split(' ');
      if (place.startsWith(`${folder}/`)) await runCommand('umount', ['-l', place]);
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await writeFile(variables.CONTAINERS_CONF, settings);
    await writeFile(variables.CONTAINERS_STORAGE_CONF, storageOf(folder));
    const image = (await podman('import', '--quiet', await makeImage(folder), 'mailkeep-database')).trim();
    return { variables, image, podman, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
