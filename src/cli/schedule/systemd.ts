import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { type ProgramResult, runProgram } from '../../system/run-program.ts';
import type { CommandContext } from '../context.ts';
import { ownerOf, serviceUnit, timerUnit, type UnitWish } from './systemd-units.ts';

export type Scope = UnitWish['scope'];

export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/** Where units are put that a person or root has chosen. */
const unitFolder = (scope: Scope, { environment }: CommandContext): string =>
  scope === 'system' ? '/etc/systemd/system' : join(dirname(environment.configDirectory), 'systemd', 'user');

export const unitFiles = (wish: UnitWish, context: CommandContext): readonly UnitFile[] => {
  const folder = unitFolder(wish.scope, context);
  return [
    { path: join(folder, `${wish.name}.service`), text: serviceUnit(wish) },
    { path: join(folder, `${wish.name}.timer`), text: timerUnit(wish) },
  ];
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Whether systemd runs here (sd_booted(3)), and for a user, whether it runs for them. */
export const isRunning = async (scope: Scope, { environment }: CommandContext): Promise<boolean> => {
  if (!(await isThere('/run/systemd/system'))) return false;
  const own = environment.variables['XDG_RUNTIME_DIR'];
  return scope === 'system' || (own !== undefined && isThere(join(own, 'systemd', 'private')));
};

const systemctl = async (
  scope: Scope,
  parameters: readonly string[],
  { environment, run }: CommandContext,
): Promise<ProgramResult> => {
  const all = [...(scope === 'user' ? ['--user'] : []), ...parameters];
  const call = { program: 'systemctl', parameters: all, environment: environment.variables, signal: run.signal };
  const result = await runProgram(call);
  if (result !== undefined) return result;
  throw new Fault('unsupported', 'this machine has no systemctl', { hint: 'Use --cron.' });
};

const succeed = async (scope: Scope, parameters: readonly string[], context: CommandContext): Promise<void> => {
  const { code, stderr } = await systemctl(scope, parameters, context);
  if (code === 0) return;
  const [line = ''] = stderr.split('\n');
  throw new Fault('io-failed', `systemctl ${parameters.join(' ')} ended with ${code}: ${line.trim()}`, {
    hint: 'The files of the schedule are as they should be; the same command can be given again.',
  });
};

/** What is in a unit file; undefined: it is not there. Fault `configuration` when it is there and none of ours. */
const ownText = async (path: string): Promise<string | undefined> => {
  try {
    const text = await readFile(path, 'utf8');
    if (ownerOf(text) !== undefined) return text;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read', path);
  }
  throw new Fault('configuration', `${path} was not written by Mailkeep`, {
    hint: 'It is left as it is. Give the schedule another --name.',
    context: { path },
  });
};

const refuseOthers = (text: string | undefined, { name, file }: UnitWish): void => {
  const owner = text === undefined ? undefined : ownerOf(text);
  if (owner === undefined || owner === file) return;
  throw new Fault('configuration', `the schedule ${name} is there already, for ${owner}`, {
    hint: `Remove it first (mailkeep schedule remove --config ${owner}), or give this one another --name.`,
  });
};

export type Installed = 'installed' | 'unchanged';

/** Writes the units and starts the timer, where systemd runs; otherwise it starts with the machine. */
export const installTimer = async (wish: UnitWish, context: CommandContext): Promise<Installed> => {
  const { scope, name } = wish;
  const files = unitFiles(wish, context);
  let result: Installed = 'unchanged';
  for (const { path } of files) refuseOthers(await ownText(path), wish);
  for (const { path, text } of files) {
    if ((await ownText(path)) === text) continue;
    result = 'installed';
    await writeUnit(path, text);
  }
  const runs = await isRunning(scope, context);
  if (runs) await succeed(scope, ['daemon-reload'], context);
  await succeed(scope, ['enable', ...(runs ? ['--now'] : []), `${name}.timer`], context);
  // A timer that runs already goes by its old times until it is started anew.
  if (runs && result === 'installed') await succeed(scope, ['restart', `${name}.timer`], context);
  return result;
};

const writeUnit = async (path: string, text: string): Promise<void> => {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, text, { mode: 0o644 });
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};

/** Takes away what `installTimer` has made, and nothing else. False: there was nothing. */
export const removeTimer = async (
  { name, scope }: Pick<UnitWish, 'name' | 'scope'>,
  context: CommandContext,
): Promise<boolean> => {
  const folder = unitFolder(scope, context);
  const paths = [join(folder, `${name}.timer`), join(folder, `${name}.service`)];
  const there = await Promise.all(paths.map(ownText));
  if (there.every((text) => text === undefined)) return false;
  const runs = await isRunning(scope, context);
  if (there[0] !== undefined) {
    await succeed(scope, ['disable', ...(runs ? ['--now'] : []), `${name}.timer`], context);
  }
  for (const path of paths) await rm(path, { force: true });
  if (runs) await succeed(scope, ['daemon-reload'], context);
  return true;
};

export interface TimerState {
  /** The units differ from what the configuration says today. */
  readonly isStale: boolean;
  /** Milliseconds since 1970, as systemd says; undefined where it does not run. */
  readonly next?: number;
}

/** Undefined: there is no timer of ours. */
export const timerState = async (wish: UnitWish, context: CommandContext): Promise<TimerState | undefined> => {
  const files = unitFiles(wish, context);
  const texts = await Promise.all(files.map(({ path }) => ownText(path)));
  if (texts.every((text) => text === undefined)) return undefined;
  const isStale = files.some(({ text }, at) => texts[at] !== text);
  if (!(await isRunning(wish.scope, context))) return { isStale };
  const question = ['show', `${wish.name}.timer`, '--property=NextElapseUSecRealtime', '--value', '--timestamp=unix'];
  const { stdout } = await systemctl(wish.scope, question, context);
  const seconds = /^@(\d+)/.exec(stdout.trim())?.[1];
  return seconds === undefined ? { isStale } : { isStale, next: Number(seconds) * 1000 };
};
