import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import { Fault } from '../../model/fault.ts';
import type { Config } from '../../registry.ts';
import type { CommandContext } from '../context.ts';
import { logFolder } from '../log/run-log.ts';
import { ownHome } from '../own-home.ts';
import type { UnitWish } from './systemd-units.ts';

export interface WishOptions {
  readonly name: string;
  readonly scope: 'system' | 'user';
}

/** Where this program keeps its things. */
type Place = Pick<CommandContext, 'environment'>;

/** Where the configuration says nothing: every night at three (requirement B14), within a quarter of an hour. */
const usualSchedule: NonNullable<Config['schedule']> = {
  rules: [{ minutes: [0], hours: [3], monthDays: undefined, months: undefined, weekDays: undefined }],
  randomDelay: 900,
};

const refuseControl = (what: string, text: string): void => {
  // A line break would begin a line of its own in a unit or a crontab, with whatever command stands there.
  if (!/\p{Cc}/u.test(text)) return;
  throw new Fault('configuration', `${what} holds a control character, which no schedule can hold`, {
    hint: 'Give it a name without line breaks and the like, and try again.',
  });
};

/** What one timer is for. */
interface Timer extends Pick<UnitWish, 'name' | 'rules' | 'randomDelay' | 'processorShare'> {
  /** What this program is to do. */
  readonly work: readonly string[];
}

/** A unit knows few characters. */
const unitName = (...parts: readonly string[]): string => parts.join('-').replace(/[^A-Za-z0-9_-]/g, '_');

const drillTimers = (name: string, { servers }: Config): readonly Timer[] =>
  Object.entries(servers).flatMap(([server, { drill }]): readonly Timer[] => {
    if (drill?.schedule === undefined) return [];
    const work = ['drill', server];
    return [{ name: unitName(name, server, 'drill'), work, rules: [drill.schedule], randomDelay: 0 }];
  });

const nightTimers = (name: string, { servers }: Config): readonly Timer[] =>
  Object.entries(servers).flatMap(([server, { schedule, gentle }]) =>
    (['daily', 'weekly'] as const).flatMap((kind): readonly Timer[] => {
      const rule = schedule[kind];
      if (rule === undefined) return [];
      const work = ['run', server, `--${kind}`];
      const own = { name: unitName(name, server, kind), work, rules: [rule], randomDelay: 0 };
      return [gentle.cpu < 1 ? { ...own, processorShare: gentle.cpu } : own];
    }),
  );

/**
 * That of the accounts, two for each server, and that of its drill. A configuration without either is one that only looks after repositories. Where there
 * are servers as well, the accounts are named: the servers have times of their own.
 */
const timersOf = (name: string, config: Config): readonly Timer[] => [
  ...backupTimers(name, config),
  ...drillTimers(name, config),
];

const backupTimers = (name: string, config: Config): readonly Timer[] => {
  const { rules, randomDelay } = config.schedule ?? usualSchedule;
  const [accounts, ofServers] = [Object.keys(config.accounts), nightTimers(name, config)];
  const hasServers = Object.keys(config.servers).length > 0;
  const common = { name, rules, randomDelay };
  if (accounts.length > 0) return [{ ...common, work: ['run', ...(hasServers ? accounts : [])] }, ...ofServers];
  return ofServers.length > 0 ? ofServers : [{ ...common, work: ['maintain'] }];
};

/** What schedules of a configuration are called. */
export const scheduleNames = ({ config }: LoadedConfig<Config>, name: string): readonly string[] =>
  timersOf(name, config).map((timer) => timer.name);

/**
 * All that timers or lines of a crontab are made of, from the configuration and where this program lies. Fault `configuration`
 * when a path among it holds a control character.
 */
export const scheduleWishes = (
  loaded: LoadedConfig<Config>,
  { name, scope }: WishOptions,
  context: Place,
): readonly UnitWish[] => timersOf(name, loaded.config).map((timer) => scheduleWish(timer, loaded, { scope, context }));

const scheduleWish = (
  { work, ...timer }: Timer,
  loaded: LoadedConfig<Config>,
  { scope, context }: Pick<WishOptions, 'scope'> & { readonly context: Place },
): UnitWish => {
  const { config, file } = loaded;
  const { timeZone, notifications } = config;
  const command = programCommand(work, resolve(file));
  const environment = ownPlaces(context);
  const writable = writablePlaces(loaded, context);
  refuseControl('the path of the configuration', resolve(file));
  for (const word of command) refuseControl('the path of this program', word);
  for (const [variable, place] of Object.entries(environment)) refuseControl(`the variable ${variable}`, place);
  for (const place of writable) refuseControl('the path of a folder to write to', place);
  return {
    ...timer,
    scope,
    file: resolve(file),
    command,
    environment,
    timeZone,
    writable,
    // What is restored may have the bits that give a group to all that is made in a folder.
    needsPrivileges: notifications.some(isBySendmail) || work[0] === 'drill',
  };
};

/** This program as it was started now. */
const programCommand = (work: readonly string[], file: string): readonly string[] => {
  const launcher = resolve(process.argv[1] ?? 'mailkeep');
  return [process.execPath, launcher, ...work, '--scheduled', '--quiet', '--config', file];
};

/** Where this program keeps its things, where that was chosen: a timer has none of the variables of a login. */
const ownPlaces = ({ environment }: Place): Readonly<Record<string, string>> => {
  const { variables, home } = environment;
  const names = ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME'];
  const chosen = names.flatMap((name): readonly (readonly [string, string])[] => {
    const value = variables[name];
    return value === undefined || value === '' ? [] : [[name, value]];
  });
  // With sudo it may be that of another.
  return Object.fromEntries([...(home === ownHome() ? [] : [['HOME', home] as const]), ...chosen]);
};

/** A repository on this machine; the places of others are not ours to write. */
const localFolder = (location: string): string | undefined => {
  if (location.startsWith('local:')) return location.slice('local:'.length);
  return location.startsWith('/') ? location : undefined;
};

/** Folders of ours that a service can write only when they are there before it starts. */
export const ownFolders = ({ config }: LoadedConfig<Config>, context: Place): readonly string[] => [
  context.environment.stateDirectory,
  context.environment.cacheDirectory,
  logFolder(config.log, context),
  ...Object.values(config.accounts).flatMap(({ store }) => (store.kind === 'mirror' ? [store.folder] : [])),
];

/** gpg locks its keys for the pass of a password, rclone renews its tokens, sendmail has a spool. */
const foreignPlaces = ({ repositories, notifications }: Config): readonly string[] => {
  const usesRclone = Object.values(repositories).some(({ location }) => location.startsWith('rclone:'));
  return [
    join(homedir(), '.gnupg'),
    ...(usesRclone ? [join(homedir(), '.config', 'rclone')] : []),
    ...(notifications.some(isBySendmail) ? ['/var/spool', '/var/log'] : []),
  ];
};

const isBySendmail = ({ way }: Config['notifications'][number]): boolean =>
  way.kind === 'mail' && way.value.by.kind === 'sendmail';

/** Everything else is read-only for the service. What is not there when it starts is passed over. */
const writablePlaces = (loaded: LoadedConfig<Config>, context: Place): readonly string[] => {
  const { repositories, metrics } = loaded.config;
  const local = Object.values(repositories).flatMap(({ location }) => localFolder(location) ?? []);
  return [
    ...new Set([
      ...ownFolders(loaded, context),
      context.environment.dataDirectory,
      ...local,
      ...Object.values(loaded.config.servers).flatMap(({ disk }) => (disk === undefined ? [] : [disk.path])),
      ...Object.values(loaded.config.servers).flatMap(({ drill }) => (drill === undefined ? [] : [drill.folder])),
      ...(metrics === undefined ? [] : [dirname(metrics.file)]),
      ...foreignPlaces(loaded.config),
    ]),
  ];
};
