import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { succeed } from '../requirement/command.ts';
import { listening } from '../servers/dovecot.ts';
import type { StackPlaces } from './places.ts';

/** Dovecot and Postfix of a stack, started from the configuration below its root. */
export interface Services {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const servicesOf = (places: StackPlaces): Services => {
  const { root, run, imapPort, smtpPort } = places;
  const postfixConfig = join(root, 'config/postfix');
  let dovecot: ChildProcess | undefined;
  let isPostfixUp = false;
  return {
    start: async () => {
      for (const name of ['dovecot', 'dovecot-state', 'postfix-queue', 'postfix-data']) {
        await mkdir(join(run, name), { recursive: true, mode: 0o755 });
      }
      for (const name of ['dovecot', 'postfix']) await mkdir(join(root, 'logs', name), { recursive: true });
      await succeed('chown', ['postfix', join(run, 'postfix-data')]);
      const child = spawn('dovecot', ['-F', '-c', join(root, 'config/dovecot/dovecot.conf')], { stdio: 'pipe' });
      dovecot = child;
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
      await listening(imapPort, child).catch(async (error: unknown) => {
        const log = await readFile(join(root, 'logs/dovecot/dovecot.log'), 'utf8').catch(() => '');
        throw new Error(`Dovecot does not start: ${said}${log.slice(-2000)}`, { cause: error });
      });
      await succeed('postfix', ['-c', postfixConfig, 'start']);
      isPostfixUp = true;
      await listening(smtpPort);
    },
    stop: async () => {
      if (isPostfixUp) await succeed('postfix', ['-c', postfixConfig, 'stop']);
      isPostfixUp = false;
      if (dovecot === undefined || dovecot.exitCode !== null) return;
      const ended = new Promise((resolve) => dovecot?.once('exit', resolve));
      dovecot.kill('SIGTERM');
      await ended;
    },
  };
};
