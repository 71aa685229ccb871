import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import { withPatience } from '../patience.ts';
import type { NotificationMail } from './notification-mail.ts';

export interface SendmailOptions {
  /** Undefined: in its usual places. */
  readonly program: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly patience: number;
}

/** Hands a mail to the program sendmail of this machine, with recipients from its header. Faults as `Notifier`. */
export const sendBySendmail = async (mail: NotificationMail, options: SendmailOptions, run: Run): Promise<void> => {
  const program = options.program ?? (await usualProgram(options.variables['PATH'] ?? ''));
  const message = await composed(mail);
  await withPatience('sendmail', { patience: options.patience, run }, (signal) =>
    handOver(program, message, { signal, variables: options.variables }),
  );
};

/** Cron and systemd have a PATH without sbin, where it lies. */
const usualProgram = async (path: string): Promise<string> => {
  const folders = [...path.split(delimiter).filter((folder) => folder.startsWith('/')), '/usr/sbin', '/usr/lib'];
  for (const program of folders.map((folder) => join(folder, 'sendmail'))) {
    const there = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return program;
  }
  throw new Fault('configuration', 'this machine has no program sendmail', {
    hint: 'Install a mail server or msmtp-mta, or send by {smtp: …}: docs/notifications.md.',
  });
};

const composed = async (mail: NotificationMail): Promise<Buffer> => {
  const { message } = await createTransport({ streamTransport: true, buffer: true, newline: 'unix' }).sendMail(mail);
  return Buffer.isBuffer(message) ? message : Buffer.alloc(0);
};

/** It needs no more of the environment, in which there may be secrets; and its complaints are to be English. */
const environmentOf = (variables: SendmailOptions['variables']): Record<string, string> => {
  const kept = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'TZ', 'XDG_CONFIG_HOME'].flatMap((name) => {
    const value = variables[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
};

const mostBytes = 2000;

const handOver = (
  program: string,
  message: Buffer,
  { signal, variables }: { readonly signal: AbortSignal; readonly variables: SendmailOptions['variables'] },
): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, ['-t', '-i'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: environmentOf(variables),
      signal,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < mostBytes) said += text;
    });
    child.on('error', (error) => reject(signal.aborted ? error : startFault(program, error)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(endFault(code, said));
    });
    // It may end before it has read all; how it ended says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(message);
  });

const startFault = (program: string, error: Error): Fault =>
  new Fault('configuration', `${program} cannot be started: ${error.message}`, {
    hint: 'Look whether it is there and may be executed.',
  });

/** sysexits.h: 75 and 71 are said of things that may pass. */
const endFault = (code: number | null, said: string): Fault => {
  const [line = ''] = said.split('\n');
  const because = line.trim() === '' ? '' : `: ${terminalLine(line.trim()).slice(0, 200)}`;
  const isPassing = code === 75 || code === 71 || code === null;
  return new Fault('server-refused', `sendmail ended with ${code ?? 'a signal'}${because}`, {
    retry: isPassing,
    hint: 'Look at the log of the mail server of this machine.',
  });
};
