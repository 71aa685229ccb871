import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import { Fault } from '../../model/fault.ts';
import type { Config } from '../../registry.ts';
import type { CommandContext } from '../context.ts';
import type { UnitWish } from './systemd-units.ts';

export interface WishOptions {
  readonly name: string;
  readonly scope: 'system' | 'user';
}

/** All that a timer or a line of a crontab is made of, from the configuration and where this program lies. */
export const scheduleWish = async (
  { config, file }: LoadedConfig<Config>,
  { name, scope }: WishOptions,
  context: CommandContext,
): Promise<UnitWish> => {
  const { schedule, timeZone, notifications } = config;
  if (schedule === undefined) {
    throw new Fault('configuration', `${file} has no schedule`, {
      hint: "Add a line such as: schedule: { at: '03:00', randomDelay: 15m }",
      context: { path: file },
    });
  }
  return {
    name,
    scope,
    file: resolve(file),
    command: programCommand(config, resolve(file)),
    environment: ownPlaces(context),
    rules: schedule.rules,
    randomDelay: schedule.randomDelay,
    timeZone,
    writable: await writablePlaces(config, context),
    needsPrivileges: notifications.some(({ way }) => way.kind === 'mail' && way.value.by.kind === 'sendmail'),
  };
};

/** This program as it was started now. A configuration without accounts is one that only looks after repositories. */
const programCommand = ({ accounts }: Config, file: string): readonly string[] => {
  const work = Object.keys(accounts).length > 0 ? 'run' : 'maintain';
  const launcher = resolve(process.argv[1] ?? 'mailkeep');
  return [process.execPath, launcher, work, '--scheduled', '--quiet', '--config', file];
};

/** Where this program keeps its things, where that was chosen: a timer has none of the variables of a login. */
const ownPlaces = ({ environment }: CommandContext): Readonly<Record<string, string>> => {
  const { variables } = environment;
  const names = ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variables[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
};

/** What is there of a path, never the whole file system. */
const nearestThere = async (path: string): Promise<string | undefined> => {
  for (let place = path; place !== '/'; place = dirname(place)) {
    const there = await access(place).then(
      () => true,
      () => false,
    );
    if (there) return place;
  }
  return undefined;
};

/** A repository on this machine; the places of others are not ours to write. */
const localFolder = (location: string): string | undefined => {
  if (location.startsWith('local:')) return location.slice('local:'.length);
  return location.startsWith('/') ? location : undefined;
};

const writablePlaces = async (config: Config, { environment }: CommandContext): Promise<readonly string[]> => {
  const { stateDirectory, cacheDirectory, dataDirectory } = environment;
  const locations = Object.values(config.repositories).map(({ location }) => location);
  const mirrors = Object.values(config.accounts).flatMap(({ store }) =>
    store.kind === 'mirror' ? [store.folder] : [],
  );
  const usesSendmail = config.notifications.some(({ way }) => way.kind === 'mail' && way.value.by.kind === 'sendmail');
  const needed = [...locations.flatMap((location) => localFolder(location) ?? []), ...mirrors];
  const ifThere = [
    // gpg locks its keys for the pass of a password, rclone renews its tokens.
    join(homedir(), '.gnupg'),
    ...(locations.some((location) => location.startsWith('rclone:')) ? [join(homedir(), '.config', 'rclone')] : []),
    ...(usesSendmail ? ['/var/spool', '/var/log'] : []),
  ];
  const places = await Promise.all([
    ...needed.map(nearestThere),
    ...ifThere.map(async (place) => ((await nearestThere(place)) === place ? place : undefined)),
  ]);
  const found = places.filter((place) => place !== undefined);
  return [...new Set([stateDirectory, cacheDirectory, dataDirectory, ...found])];
};
