import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';
import { makeImage } from './container-image.ts';

/** A real daemon of Docker in a folder of its own, without any network of its own, and an image of the tests. */
export interface ContainerEngine {
  /** What its clients need in the environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly image: string;
  docker(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** A daemon is for the superuser. */
export const canRunContainers = process.getuid?.() === 0;

export const startContainerEngine = async (): Promise<ContainerEngine> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-docker-'));
  const socket = `unix://${folder}/docker.sock`;
  const log: string[] = [];
  const child = spawn(
    'dockerd',
    [
      '--iptables=false',
      '--bridge=none',
      `--host=${socket}`,
      `--data-root=${join(folder, 'data')}`,
      `--exec-root=${join(folder, 'exec')}`,
      `--pidfile=${join(folder, 'pid')}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  child.on('error', (error) => log.push(error.message));
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text));
  const variables = { DOCKER_HOST: socket, PATH: process.env['PATH'] ?? '', HOME: folder };
  const docker = (...args: readonly string[]): Promise<string> => succeed('docker', args, { env: variables });
  const stop = async (): Promise<void> => {
    const running = await runCommand('docker', ['ps', '-q'], { env: variables });
    for (const id of running.stdout.split('\n').filter((line) => line !== '')) {
      await runCommand('docker', ['rm', '-f', id], { env: variables });
    }
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    const mounts = await readFile('/proc/mounts', 'utf8');
    for (const line of mounts.split('\n').toReversed()) {
      const [, place = ''] = line.split(' ');
      if (place.startsWith(`${folder}/`)) await runCommand('umount', ['-l', place]);
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    for (let attempt = 0; ; attempt++) {
      const asked = await runCommand('docker', ['info'], { env: variables });
      if (asked.code === 0 && !asked.stdout.includes('ERROR:')) break;
      if (child.exitCode !== null || attempt > 200)
        throw new Error(`dockerd does not start: ${log.join('').slice(-2000)}`);
      await sleep(200);
    }
    const image = (await docker('import', await makeImage(folder), 'mailkeep-database')).trim();
    return { variables, image, docker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
