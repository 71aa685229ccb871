import { Fault } from '../../model/fault.ts';
import { type ProgramResult, runProgram } from '../../system/run-program.ts';
import type { CommandContext } from '../context.ts';
import { crontabBlock, findBlock, withBlock, withoutBlock } from './crontab-block.ts';
import type { Installed } from './systemd.ts';
import type { UnitWish } from './systemd-units.ts';

const crontab = async (
  parameters: readonly string[],
  { environment, run }: CommandContext,
  input?: string,
): Promise<ProgramResult> => {
  const result = await runProgram({
    program: 'crontab',
    parameters,
    environment: environment.variables,
    signal: run.signal,
    ...(input === undefined ? {} : { input }),
  });
  if (result !== undefined) return result;
  throw new Fault('unsupported', 'this machine has no crontab', { hint: 'Install cron, or use --systemd.' });
};

const failure = (what: string, { code, stderr }: ProgramResult): Fault =>
  new Fault('io-failed', `crontab ${what} ended with ${code}: ${stderr.split('\n')[0]?.trim() ?? ''}`, {
    hint: 'Nothing was changed. Look whether you may have a crontab (cron.allow, cron.deny).',
  });

/** The user's crontab, bytes as latin1; empty when there is none. */
const readCrontab = async (context: CommandContext): Promise<string> => {
  const result = await crontab(['-l'], context);
  if (result.code === 0) return result.stdout;
  if (/no crontab for/.test(result.stderr)) return '';
  throw failure('-l', result);
};

const writeCrontab = async (text: string, context: CommandContext): Promise<void> => {
  // An empty one would stay as a file of its own.
  const result = text === '' ? await crontab(['-r'], context) : await crontab(['-'], context, text);
  if (result.code !== 0) throw failure(text === '' ? '-r' : '-', result);
};

/** Text as the bytes that it is in a crontab. */
const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** What cron is to have of a wish: nothing of the priority of a timer, but the same gentleness. */
export const cronBlock = (wish: UnitWish): string =>
  crontabBlock({ ...wish, command: ['nice', '-n', '19', ...wish.command] });

export const installLines = async (wish: UnitWish, context: CommandContext): Promise<Installed> => {
  const before = await readCrontab(context);
  const changed = withBlock(before, wish.name, asBytes(cronBlock(wish)));
  if (changed === before) return 'unchanged';
  await writeCrontab(changed, context);
  return 'installed';
};

/** False: there was nothing. */
export const removeLines = async ({ name }: Pick<UnitWish, 'name'>, context: CommandContext): Promise<boolean> => {
  const before = await readCrontab(context);
  if (findBlock(before, name) === undefined) return false;
  await writeCrontab(withoutBlock(before, name), context);
  return true;
};

/** Undefined: there is none. */
export const linesState = async (
  wish: UnitWish,
  context: CommandContext,
): Promise<{ readonly isStale: boolean } | undefined> => {
  const found = findBlock(await readCrontab(context), wish.name);
  return found === undefined ? undefined : { isStale: found.block !== asBytes(cronBlock(wish)) };
};
