import type { LoadedConfig } from '../../config/load-config.ts';
import { nearestName } from '../../config/nearest-name.ts';
import { Fault } from '../../model/fault.ts';
import type { Config } from '../../registry.ts';
import { processIdentity } from '../../system/identity.ts';
import type { CommandContext } from '../context.ts';

export type ServerEntry = Config['servers'][string];

/** A server of the configuration as a job of a run. */
export interface ServerJob {
  readonly name: string;
  readonly entry: ServerEntry;
  readonly config: Config;
}

/** The machine that it is on. */
export const serverHost = ({ environment }: Pick<CommandContext, 'environment'>): string =>
  environment.host ?? processIdentity().hostname;

/** Where its backups go first, for records. */
export const destinationOf = ({ repository, disk }: ServerEntry): string => repository ?? disk?.path ?? '';

/** Servers by their names, or all. */
export const serversNamed = (
  { config }: LoadedConfig<Config>,
  names: readonly string[] | undefined,
): readonly ServerJob[] =>
  Object.entries(config.servers)
    .filter(([name]) => names === undefined || names.includes(name))
    .map(([name, entry]) => ({ name, entry, config }));

export const isServer = ({ config }: LoadedConfig<Config>, name: string): boolean =>
  Object.hasOwn(config.servers, name);

/** Fault `usage` when there is none of this name. */
export const serverNamed = (loaded: LoadedConfig<Config>, name: string): ServerJob => {
  const [found] = serversNamed(loaded, [name]);
  if (found !== undefined) return found;
  const known = Object.keys(loaded.config.servers);
  const nearest = nearestName(name, known);
  throw new Fault('usage', `there is no server ${name} in ${loaded.file}`, {
    hint:
      known.length === 0
        ? 'There is none at all yet; docs/mail-server.md tells how to describe one.'
        : nearest === undefined
          ? `There are: ${known.join(', ')}.`
          : `Is ${nearest} meant?`,
  });
};
