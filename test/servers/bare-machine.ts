import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandResult } from '../requirement/command.ts';
import { ended, type Person } from '../journey/program.ts';

const launcher = fileURLToPath(new URL('../../bin/mailkeep.js', import.meta.url));

/** Where Debian has the servers; nothing of them can be found when these are empty. */
const hidden = ['/usr/sbin', '/usr/local/sbin', '/usr/lib/postgresql'];

/** `runc` is Podman's. */
const script = `set -e
exec 3</usr/sbin/runc
for folder in ${hidden.join(' ')}; do mount -t tmpfs none "$folder"; done
cat <&3 >/usr/sbin/runc
chmod 755 /usr/sbin/runc
exec 3<&-
exec "$@"
`;

/** Starts the program in a namespace of its own in which this machine has no servers, as one on which all is in containers. */
export const startBare = (
  { folder, environment }: Person,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): ChildProcess =>
  spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', process.execPath, launcher, ...args], {
    cwd: folder,
    env: { ...environment, ...more },
    stdio: 'pipe',
  });

export const runBare = (
  person: Person,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<CommandResult> => {
  const child = startBare(person, args, more);
  child.stdin?.end();
  return ended(child);
};
