import { nearestName } from '../../config/nearest-name.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { readSecret } from '../../config/read-secret.ts';
import { Fault } from '../../model/fault.ts';
import type { AccountParts, Config } from '../../registry.ts';
import type { CommandContext } from '../context.ts';

export type AccountEntry = Config['accounts'][string];

/** What opening accounts needs besides the configuration. */
export const accountParts = ({ environment }: CommandContext): AccountParts => ({
  stateDirectory: environment.stateDirectory,
  readSecret,
});

/** An entry of `accounts:` by its name. Fault `usage` when there is none. */
export const accountNamed = ({ config, file }: LoadedConfig<Config>, name: string): AccountEntry => {
  const found = Object.hasOwn(config.accounts, name) ? config.accounts[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(config.accounts);
  const nearest = nearestName(name, known);
  throw new Fault('usage', `there is no account ${name} in ${file}`, {
    hint:
      known.length === 0
        ? 'There is none at all yet.'
        : nearest === undefined
          ? `There are: ${known.join(', ')}.`
          : `Is ${nearest} meant?`,
  });
};
