import { chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Delivery, Letter, StartedTransport, TransportWish } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import { errnoFault } from '../../../system/errno.ts';
import { freePort } from '../../../system/free-port.ts';
import { greets } from '../../../system/greets.ts';
import { makeFolder } from '../../../system/make-folder.ts';
import { runProgram } from '../../../system/run-program.ts';
import { startService, untilReady } from '../../../system/started-service.ts';
import { outcomeIn } from './delivery-outcome.ts';
import { handIn } from './hand-in.ts';
import { logFile, mainSettings, type PostfixWish, routingTables, serviceList } from './postfix-settings.ts';

export interface ThrowawayPostfixWish extends TransportWish {
  /** An empty folder for it, absolute, which others can go through. */
  readonly folder: string;
  /** What a program that is started may know. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly noteService: (pid: number) => Promise<void>;
}

const readyWithin = 30_000;
const deliveredWithin = 60_000;
const pause = 100;
/** The first that can run in the foreground and log to a file of its own. */
const oldest = [3, 4] as const;
/** Users and groups that its package makes; it starts without none of them. */
const owner = 'postfix';
const dropGroup = 'postdrop';
/** Folders below its queue, which `postfix check` would make: with a hundred programs, one after another. */
const queues: readonly string[] =
  'active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace'.split(' ');

/** What a program prints when all is well; undefined: there is no such program, or it says no. */
const answerOf = async (
  { environment }: Pick<ThrowawayPostfixWish, 'environment'>,
  program: string,
  parameters: readonly string[],
  run: Run,
): Promise<string | undefined> => {
  const ended = await runProgram({ program, parameters, environment, signal: run.signal });
  return ended?.code === 0 ? ended.stdout.trim() : undefined;
};

interface Installed {
  readonly version: string;
  readonly uid: number;
}

/** Looks for Postfix and for the users that it runs as; a text: what is missing. */
const findInstalled = async (
  wish: Pick<ThrowawayPostfixWish, 'environment'>,
  run: Run,
): Promise<Installed | string> => {
  const version = await answerOf(wish, 'postconf', ['-d', '-h', 'mail_version'], run);
  if (version === undefined) return 'Postfix';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) return `Postfix ${oldest.join('.')}`;
  const uid = await answerOf(wish, 'id', ['-u', owner], run);
  if (uid === undefined) return `Postfix (${owner})`;
  const group = await answerOf(wish, 'getent', ['group', dropGroup], run);
  return group === undefined ? `Postfix (${dropGroup})` : { version, uid: Number(uid) };
};

/** Whom Postfix runs as; undefined: it is not installed, or not as it has to be. */
export const postfixUser = async (
  environment: ThrowawayPostfixWish['environment'],
  run: Run,
): Promise<string | undefined> => (typeof (await findInstalled({ environment }, run)) === 'string' ? undefined : owner);

const twoPorts = async (): Promise<Pick<PostfixWish, 'port' | 'submissionPort'>> => {
  const port = await freePort();
  for (;;) {
    const submissionPort = await freePort();
    if (submissionPort !== port) return { port, submissionPort };
  }
};

const write = async (wish: ThrowawayPostfixWish, { uid }: Installed, settings: PostfixWish): Promise<void> => {
  const { folder, routing, mailboxes } = wish;
  const files = {
    'main.cf': mainSettings(settings),
    'master.cf': serviceList(settings),
    ...routingTables(routing, mailboxes),
  };
  try {
    for (const name of ['queue', 'queue/pid']) await makeFolder(join(folder, name), 0o755);
    await makeFolder(join(folder, 'tables'), 0o700);
    for (const name of ['data', ...queues.map((queue) => `queue/${queue}`)]) {
      await makeFolder(join(folder, name), 0o700);
      await chown(join(folder, name), uid, 0);
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  } catch (error) {
    throw errnoFault(error, 'write', folder);
  }
};

const logIn = (folder: string): Promise<string> => readFile(join(folder, logFile), 'utf8').catch(() => '');

const start = async (wish: ThrowawayPostfixWish, { port, submissionPort }: PostfixWish, run: Run) => {
  const { folder, environment } = wish;
  // `postfix start-fg` would stand between: what ends it leaves the server running.
  const daemons = await answerOf(wish, 'postconf', ['-c', folder, '-h', 'daemon_directory'], run);
  const program = join(daemons ?? '', 'master');
  const service = await startService({ program, parameters: ['-c', folder, '-s'], environment, folder });
  if (service === undefined) return undefined;
  try {
    await wish.noteService(service.pid);
    const isReady = async (): Promise<boolean> => (await greets(port)) && greets(submissionPort);
    await untilReady('Postfix', service, { isReady, patience: readyWithin }, run.signal);
    return service;
  } catch (error) {
    await service.stop();
    if (!(error instanceof Fault) || error.code !== 'server-unavailable') throw error;
    const complaints = (await logIn(folder)).split('\n').filter((line) => /\b(?:fatal|panic|error): /.test(line));
    if (complaints.length === 0) throw error;
    const said = complaints.slice(-2).join(' ').slice(-400);
    throw new Fault(error.code, `the Postfix of the drill does not start: ${said}`, { cause: error });
  }
};

/** Waits until a message has left the queue. */
const becomeOf = async (folder: string, id: string, run: Run): Promise<readonly Delivery[]> => {
  for (let waited = 0; waited < deliveredWithin; waited += pause) {
    const found = outcomeIn(await logIn(folder), id);
    if (found !== undefined) return found;
    await sleep(pause, run.signal);
  }
  throw new Fault('server-unavailable', 'the Postfix of the drill does not get rid of a message');
};

/**
 * Starts a Postfix of which nothing gets out: it listens on two ports of 127.0.0.1, has no client for the outside, and knows nothing but
 * what is given here. The live one has nothing to do with it. Fault `server-unavailable` when it does not come up.
 */
export const startThrowawayPostfix = async (wish: ThrowawayPostfixWish, run: Run): Promise<StartedTransport> => {
  const { folder, isRoot, sockets, asksForLogin, outside } = wish;
  if (!isRoot) return { kind: 'not-allowed' };
  const installed = await findInstalled(wish, run);
  if (typeof installed === 'string') return { kind: 'missing', what: installed };
  if (sockets === undefined) return { kind: 'missing', what: 'Dovecot LMTP' };
  const ports = await twoPorts();
  const settings = { folder, sockets, asksForLogin, outside, ...ports };
  await write(wish, installed, settings);
  const service = await start(wish, settings, run);
  if (service === undefined) return { kind: 'missing', what: 'Postfix' };
  const send = async (port: number, letter: Letter, sendRun: Run): Promise<readonly Delivery[]> =>
    becomeOf(folder, await handIn(port, letter, sendRun), sendRun);
  return {
    kind: 'started',
    transport: {
      description: `Postfix ${installed.version}`,
      receive: (letter, letterRun) => send(ports.port, letter, letterRun),
      submit: (letter, letterRun) => send(ports.submissionPort, letter, letterRun),
      stop: () => service.stop(),
    },
  };
};
