import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';

/** A real Redis in a folder of its own, which listens on a socket there only. */
export interface Redis {
  readonly folder: string;
  readonly socket: string;
  readonly file: string;
  /** What it answers to one command. */
  ask(...words: readonly string[]): Promise<string>;
  /** After it was shut down. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

export const startRedis = async (password: string): Promise<Redis> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-redis-'));
  const socket = join(folder, 'socket');
  // In Debian the server is the same program as its tool, told apart by how it is called.
  const program = join(folder, 'redis-server');
  await symlink('/usr/bin/redis-check-rdb', program);
  const start = (): ChildProcess =>
    spawn(program, ['--port', '0', '--unixsocket', socket, '--dir', folder, '--requirepass', password], {
      stdio: 'ignore',
    });
  let child = start();
  const login = ['-s', socket, '--no-auth-warning', '-a', password];
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  const untilUp = async (): Promise<void> => {
    for (let attempt = 0; attempt < 600; attempt++) {
      const ping = await runCommand('redis-cli', [...login, 'PING']);
      if (ping.stdout.trim() === 'PONG') return;
      await sleep(100);
    }
    await stop();
    throw new Error('Redis does not start');
  };
  const startAgain = async (): Promise<void> => {
    child = start();
    await untilUp();
  };
  await untilUp();
  const ask: Redis['ask'] = (...words) => succeed('redis-cli', [...login, ...words]);
  return { folder, socket, file: join(folder, 'dump.rdb'), ask, startAgain, stop };
};
