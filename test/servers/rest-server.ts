import { spawn } from 'node:child_process';
import { freePort, untilListening } from './loopback.ts';

export interface RestServer {
  /** `rest:http://127.0.0.1:PORT/`. */
  readonly location: string;
  stop(): Promise<void>;
}

/** Serves a folder as restic's REST server does, by rclone. */
export const serveRest = async (folder: string, args: readonly string[] = []): Promise<RestServer> => {
  const port = await freePort();
  const address = ['--addr', `127.0.0.1:${port}`, '--config', '/dev/null', '--cache-objects=false'];
  const child = spawn('rclone', ['serve', 'restic', ...address, ...args, folder], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await over;
  };
  try {
    await untilListening(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { location: `rest:http://127.0.0.1:${port}/`, stop };
};
