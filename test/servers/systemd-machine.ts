import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, runCommand, succeed } from '../requirement/command.ts';

/** A real systemd as the first process of a machine that has this one's files, read-only, and units of its own. */
export interface SystemdMachine {
  /** Whatever is below it can be written from both. */
  readonly folder: string;
  /** A folder with a `systemctl` that asks that systemd. */
  readonly bin: string;
  systemctl(...args: readonly string[]): Promise<CommandResult>;
  stop(): Promise<void>;
}

/** Namespaces and mounts are for the superuser. */
export const canStartSystemd = process.getuid?.() === 0;

/** Makes a group for its processes, since a systemd needs one that it rules alone. */
const outside = `set -e
mount -t cgroup2 none "$1/groups"
mkdir "$1/groups/$2"
echo $$ > "$1/groups/$2/cgroup.procs"
exec unshare --pid --fork --kill-child --cgroup --ipc --uts --mount sh -c "$3" sh "$1"
`;

/** Hides what is this machine's own, and begins. What a generator of units would find here is none of its business. */
const inside = `set -e
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
for folder in /lib/systemd/system-generators /lib/systemd/system-environment-generators; do
  if [ -d $folder ]; then mount -t tmpfs tmpfs $folder; fi
done
mount -t cgroup2 none /sys/fs/cgroup
mount --bind "$1" "$1"
mount --bind "$1/units" /etc/systemd/system
mount --bind /dev/null /dev/console
mount --bind /proc/sys /proc/sys
for place in / /sys /proc/sys; do mount -o remount,bind,ro $place; done
exec env -i container=mailkeep PATH="$PATH" /lib/systemd/systemd --system --unit=of-test.target --show-status=no --log-target=null
`;

/** @param unitsIn gives files by their names, for a machine with that folder. */
export const startSystemd = async (
  unitsIn: (folder: string) => Readonly<Record<string, string>>,
): Promise<SystemdMachine> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-systemd-'));
  const group = folder.replace(/^.*\//, '');
  const bin = join(folder, 'bin');
  for (const name of ['groups', 'units', 'bin']) await mkdir(join(folder, name));
  const target = '[Unit]\nDescription=What the tests begin with\nDefaultDependencies=no\n';
  for (const [name, text] of Object.entries({ 'of-test.target': target, ...unitsIn(folder) })) {
    await writeFile(join(folder, 'units', name), text);
  }
  const child = spawn('unshare', ['--mount', 'sh', '-c', outside, 'sh', folder, group, inside], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const machine: SystemdMachine = {
    folder,
    bin,
    systemctl: (...args) => runCommand(join(bin, 'systemctl'), args),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        // Its child, and with that all of them, ends with it.
        child.kill('SIGKILL');
        await ended;
      }
      await removeGroup(join(folder, 'groups'), group);
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  try {
    for (let attempt = 0; ; attempt++) {
      const first = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => '')).trim();
      if (/^\d+$/.test(first)) {
        await writeFile(join(bin, 'systemctl'), `#!/bin/sh\nexec nsenter -t ${first} -m -p -- /bin/systemctl "$@"\n`);
        await chmod(join(bin, 'systemctl'), 0o755);
        if ((await machine.systemctl('is-active', 'of-test.target')).code === 0) return machine;
      }
      if (child.exitCode !== null || attempt > 300) throw new Error(`systemd does not start: ${said.slice(-2000)}`);
      await sleep(100);
    }
  } catch (error) {
    await machine.stop();
    throw error;
  }
};

/** Groups stay when all their processes have gone, and a mount shows them again. */
const removeGroup = async (place: string, group: string): Promise<void> => {
  await succeed('mount', ['-t', 'cgroup2', 'none', place]);
  try {
    for (let attempt = 0; attempt < 50; attempt++) {
      const removal = await runCommand('find', [
        join(place, group),
        '-depth',
        '-type',
        'd',
        '-exec',
        'rmdir',
        '{}',
        '+',
      ]);
      if (removal.code === 0) return;
      await sleep(100);
    }
  } finally {
    await succeed('umount', [place]);
  }
};
