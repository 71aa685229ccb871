import { Command } from 'commander';
import { mkdir } from 'node:fs/promises';
import { openHistory } from '../../catalog/history.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { type RunRecord, verdictOf } from '../../model/run-record.ts';
import { processIdentity } from '../../system/identity.ts';
import { needConfiguration, openConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand, type Execute } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { localTime } from '../render/local-time.ts';
import { historyPath } from '../run/known-history.ts';
import { cronBlock, installLines, linesState, removeLines } from '../schedule/crontab.ts';
import { nextRun } from '../schedule/next-run.ts';
import { installTimer, isRunning, removeTimer, type TimerState, timerState, unitFiles } from '../schedule/systemd.ts';
import type { UnitWish } from '../schedule/systemd-units.ts';
import { ownFolders, scheduleNames, scheduleWishes } from '../schedule/wish.ts';

interface ScheduleOptions extends GlobalOptions {
  readonly name: string;
  readonly systemd: boolean;
  readonly cron: boolean;
  readonly user: boolean;
  readonly print: boolean;
  readonly dryRun: boolean;
}

export const scheduleCommand: DefineCommand = (execute) =>
  new Command('schedule')
    .summary('let runs begin by themselves: a timer of systemd, or cron')
    .description(
      'Installs, removes and shows the schedule of the configuration as a systemd timer or a line of the crontab.',
    )
    .showHelpAfterError('(try --help)')
    .addHelpText(
      'after',
      examples([
        'mailkeep schedule install              as `schedule:` in the configuration says; again after a change',
        'mailkeep schedule install --print      only show what would be written',
        'mailkeep schedule show                 the next and the last run',
        'mailkeep schedule remove               takes away exactly what was installed',
      ]),
    )
    .addCommand(
      subcommand(execute, 'install', 'install it, or bring it up to date', install)
        .option('--print', 'print what would be written, and write nothing', false)
        .option('-n, --dry-run', 'the same', false),
    )
    .addCommand(subcommand(execute, 'remove', 'remove it; nothing else is touched', remove))
    .addCommand(subcommand(execute, 'show', 'show it, with the next and the last run', show));

type Work = (options: ScheduleOptions, context: CommandContext) => Promise<number>;

const subcommand = (execute: Execute, name: string, summary: string, work: Work): Command =>
  newCommand(name, summary)
    .option('--systemd', 'a timer of systemd (default where it runs)', false)
    .option('--cron', 'lines in the crontab (default elsewhere)', false)
    .option('--user', 'a timer of the user, also for root', false)
    .option('--name <name>', 'what it is called, where there are several', 'mailkeep')
    .action((options: ScheduleOptions) => execute(options, (context) => work(options, context)))
    .exitOverride();

type Manager = 'systemd' | 'cron';

const scopeOf = ({ user }: ScheduleOptions): UnitWish['scope'] =>
  user || processIdentity().uid !== 0 ? 'user' : 'system';

const managerOf = async (options: ScheduleOptions, context: CommandContext): Promise<Manager> => {
  const { systemd, cron, name, user } = options;
  if (systemd && cron) throw new Fault('usage', '--systemd and --cron cannot be given together');
  if (user && cron) throw new Fault('usage', '--user is for --systemd: a crontab always is of a user');
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) {
    throw new Fault('usage', `${name} cannot be the name of a schedule`, { hint: 'Take letters, digits, - and _.' });
  }
  if (systemd || user) return 'systemd';
  return !cron && (await isRunning(scopeOf(options), context)) ? 'systemd' : 'cron';
};

const wishesOf = async (options: ScheduleOptions, context: CommandContext): Promise<readonly UnitWish[]> =>
  scheduleWishes(await needConfiguration(context), { name: options.name, scope: scopeOf(options) }, context);

/** cron has one time zone, that of the machine. */
const refuseOtherZone = ({ timeZone, file }: UnitWish): void => {
  const own = new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
  if (timeZone === undefined || timeZone === own) return;
  throw new Fault('configuration', `cron goes by the time zone of this machine, ${own}, and ${file} says ${timeZone}`, {
    hint: 'Use --systemd, or set the time zone of the machine (timedatectl set-timezone), or leave timeZone out.',
  });
};

const install: Work = async (options, context) => {
  const manager = await managerOf(options, context);
  const wishes = await wishesOf(options, context);
  const { output, messages } = context;
  if (manager === 'cron') for (const wish of wishes) refuseOtherZone(wish);
  if (options.print || options.dryRun) return print(manager, wishes, context);
  if (wishes.some(({ command }) => /[/\\]_npx[/\\]/.test(command.join(' ')))) {
    output.say(messages.warning(messages.scheduleFromCache()));
  }
  for (const folder of ownFolders(await needConfiguration(context), context)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  // Where there are several, each is told by its name.
  for (const wish of wishes) await installOne(manager, wish, { isOnly: wishes.length === 1, context });
  if (options.json) return exitCode.good;
  for (const line of await limits(manager, wishes, context)) output.say(line);
  return exitCode.good;
};

const installOne = async (
  manager: Manager,
  wish: UnitWish,
  { isOnly, context }: { readonly isOnly: boolean; readonly context: CommandContext },
): Promise<void> => {
  const { output, messages, options } = context;
  const result = manager === 'systemd' ? await installTimer(wish, context) : await installLines(wish, context);
  const next = nextRun(wish.rules, { after: milliseconds(context), timeZone: wish.timeZone });
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'schedule', manager, name: wish.name, result, next: isoTime(next) }));
    return;
  }
  const line = messages.scheduleInstalled(manager, result, timeText(next));
  output.print(isOnly ? line : `${wish.name}: ${line}`);
};

/** What the chosen way cannot do. */
const limits = async (
  manager: Manager,
  wishes: readonly UnitWish[],
  context: CommandContext,
): Promise<readonly string[]> => {
  const { messages } = context;
  if (manager === 'cron') {
    const hasDelay = wishes.some(({ randomDelay }) => randomDelay > 0);
    return [messages.cronMissesNights(), ...(hasDelay ? [messages.cronHasNoDelay()] : [])];
  }
  const scope = wishes.some((wish) => wish.scope === 'user') ? 'user' : 'system';
  if (!(await isRunning(scope, context))) return [messages.systemdIsOff()];
  return scope === 'user' ? [messages.userNeedsLinger(processIdentity().username)] : [];
};

const print = (manager: Manager, wishes: readonly UnitWish[], context: CommandContext): number => {
  const { output, options } = context;
  const files = wishes.flatMap((wish) =>
    manager === 'systemd' ? unitFiles(wish, context) : [{ path: 'crontab', text: cronBlock(wish) }],
  );
  if (options.json) output.print(JSON.stringify({ message_type: 'schedule', manager, files }));
  else for (const { path, text } of files) output.print(`# --- ${path}\n${text}`);
  return exitCode.good;
};

/** Wherever it was put: somebody may have chosen the other way then. */
const remove: Work = async (options, context) => {
  const { output, messages, options: global } = context;
  const asked = options.systemd || options.user || options.cron ? [await managerOf(options, context)] : undefined;
  const managers: readonly Manager[] = asked ?? ['systemd', 'cron'];
  const scope = scopeOf(options);
  const removed: Manager[] = [];
  for (const manager of managers) {
    for (const name of await namesToRemove(options, context)) {
      const wish = { name, scope };
      const take = (): Promise<boolean> =>
        manager === 'systemd' ? removeTimer(wish, context) : removeLines(wish, context);
      const isTaken = (await (asked === undefined ? ifThere(take) : take())) === true;
      if (isTaken && !removed.includes(manager)) removed.push(manager);
    }
  }
  if (global.json) output.print(JSON.stringify({ message_type: 'schedule', removed }));
  else output.print(messages.scheduleRemoved(removed));
  return exitCode.good;
};

/** Also of a configuration that has servers now and had none before; a schedule can be removed without any. */
const namesToRemove = async ({ name }: ScheduleOptions, context: CommandContext): Promise<readonly string[]> => {
  const loaded = await openConfiguration(context).catch(() => undefined);
  return [...new Set([name, ...(loaded === undefined ? [] : scheduleNames(loaded, name))])];
};

interface Found {
  readonly manager: Manager;
  readonly state: TimerState | undefined;
}

/** Where it is: as usual here, or else the other way, unless one was asked for. */
const found = async (options: ScheduleOptions, wish: UnitWish, context: CommandContext): Promise<Found> => {
  const manager = await managerOf(options, context);
  const state = await stateIn(manager, wish, context);
  if (state !== undefined || options.systemd || options.user || options.cron) return { manager, state };
  const other = manager === 'systemd' ? 'cron' : 'systemd';
  const elsewhere = await ifThere(() => stateIn(other, wish, context));
  return elsewhere === undefined ? { manager, state } : { manager: other, state: elsewhere };
};

const stateIn = (manager: Manager, wish: UnitWish, context: CommandContext): Promise<TimerState | undefined> =>
  manager === 'systemd' ? timerState(wish, context) : linesState(wish, context);

/** A machine may not have the other program at all. */
const ifThere = async <Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> => {
  try {
    return await ask();
  } catch (error) {
    if (isFault(error, 'unsupported')) return undefined;
    throw error;
  }
};

const show: Work = async (options, context) => {
  const last = await lastScheduled(context);
  const codes: number[] = [];
  for (const wish of await wishesOf(options, context)) codes.push(await showOne(wish, options, { last, context }));
  return codes.find((code) => code !== exitCode.good) ?? exitCode.good;
};

const showOne = async (
  wish: UnitWish,
  options: ScheduleOptions,
  { last, context }: { readonly last: RunRecord | undefined; readonly context: CommandContext },
): Promise<number> => {
  const { output, messages } = context;
  const { manager, state } = await found(options, wish, context);
  const calculated = nextRun(wish.rules, { after: milliseconds(context), timeZone: wish.timeZone });
  const next = state === undefined ? undefined : (state.next ?? calculated);
  if (options.json) {
    const told = last && { id: last.id, started: isoTime(last.started), verdict: verdictOf(last) };
    const facts = { installed: state !== undefined, stale: state?.isStale, next: isoTime(next), last: told };
    output.print(JSON.stringify({ message_type: 'schedule', manager, name: wish.name, ...facts }));
  } else {
    output.print(state === undefined ? messages.scheduleMissing(manager) : messages.scheduleThere(manager, wish.name));
    if (state?.isStale === true) output.print(messages.scheduleStale());
    if (state !== undefined) output.print(messages.scheduleNext(timeText(next), Math.round(wish.randomDelay / 60)));
    output.print(
      last === undefined
        ? messages.scheduleNeverRan()
        : messages.scheduleLast(timeText(last.started), messages.scheduleVerdict(verdictOf(last))),
    );
  }
  return state === undefined || state.isStale ? exitCode.incomplete : exitCode.good;
};

const lookedAtMost = 200;

const lastScheduled = async (context: CommandContext): Promise<RunRecord | undefined> => {
  const history = await openHistory(historyPath(context), context.run);
  try {
    const finished = history
      .runs({ last: lookedAtMost })
      .flatMap((run) => (run.kind === 'finished' ? [run.record] : []));
    return finished.find(({ trigger }) => trigger === 'schedule');
  } finally {
    history.close();
  }
};

const milliseconds = ({ run }: CommandContext): number => Number(run.now() / 1_000_000n);
const isoTime = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();
const timeText = (time: number | undefined): string =>
  time === undefined ? '-' : localTime(BigInt(time) * 1_000_000n).slice(0, 16);
