import type { PasswordSource } from '../config/environment.ts';
import { findConfig } from '../config/find-config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { Fault } from '../model/fault.ts';
import { type Config, loadConfigSchema } from '../registry.ts';
import type { CommandContext } from './context.ts';
import type { ConfiguredEvidence } from './evidence-trust.ts';
import type { ConfiguredStorage } from './open-backend.ts';

type Context = Pick<CommandContext, 'environment' | 'options'>;

/** The configuration; undefined when there is none. Fault `configuration` when it cannot be used. */
export const openConfiguration = async ({
  environment,
  options,
}: Context): Promise<LoadedConfig<Config> | undefined> => {
  const file = await findConfig(options.config, environment);
  if (file === undefined) return undefined;
  const [{ loadConfig }, schema] = await Promise.all([import('../config/load-config.ts'), loadConfigSchema()]);
  return loadConfig(file, environment.home, schema);
};

/** As `openConfiguration`, for commands that are nothing without one. */
export const needConfiguration = async (context: Context): Promise<LoadedConfig<Config>> => {
  const loaded = await openConfiguration(context);
  if (loaded !== undefined) return loaded;
  throw new Fault('configuration', 'there is no configuration yet', {
    hint: '`mailkeep init` asks a few questions and writes one; `mailkeep config sample` prints one to begin with.',
  });
};

/** As `openConfiguration`, for what goes along with a run: that the configuration is broken is the business of the run itself. */
export const usableConfiguration = async (context: Context): Promise<LoadedConfig<Config> | undefined> => {
  try {
    return await openConfiguration(context);
  } catch {
    return undefined;
  }
};

/** Whether a word can be the name of a repository in the configuration; everything else is a location. */
const mayBeName = (text: string): boolean => /^[^/:.~][^/:]*$/.test(text);

export interface ConfiguredRepository {
  readonly name: string;
  readonly location: string;
  readonly password: PasswordSource | undefined;
  readonly storage: ConfiguredStorage;
  readonly evidence: ConfiguredEvidence;
}

/** A repository of the configuration by its name. */
export const repositoryNamed = ({ config }: LoadedConfig<Config>, name: string): ConfiguredRepository | undefined => {
  const found = Object.hasOwn(config.repositories, name) ? config.repositories[name] : undefined;
  if (found === undefined) return undefined;
  const { location, password, options, environment, evidenceKeys, evidenceFrom } = found;
  return {
    name,
    location,
    password: password === undefined ? undefined : { kind: 'configured', source: password },
    storage: { options, environment },
    evidence: { keys: evidenceKeys, anybody: evidenceFrom === 'anybody' },
  };
};

/** The repository that is meant when none is named; undefined when the configuration has none at all. */
export const usualRepository = (loaded: LoadedConfig<Config>): ConfiguredRepository | undefined => {
  const { repositories, defaultRepository } = loaded.config;
  const names = Object.keys(repositories);
  const [first] = names;
  const name = defaultRepository ?? (names.length === 1 ? first : undefined);
  if (name !== undefined) return repositoryNamed(loaded, name);
  if (first === undefined) return undefined;
  throw new Fault('usage', 'the configuration has several repositories, and none of them is the default', {
    hint: `Name one with -r: ${names.join(', ')}. Or set defaultRepository in ${loaded.file}.`,
  });
};

/**
 * What the configuration knows of the repository that was named, or of the one that is meant when none was. A location
 * needs no configuration: it works also while that one is broken.
 */
export const configuredRepository = async (
  named: string | undefined,
  context: Context,
): Promise<ConfiguredRepository | undefined> => {
  if (named !== undefined && !mayBeName(named)) return undefined;
  const loaded = await openConfiguration(context);
  if (loaded === undefined) return undefined;
  return named === undefined ? usualRepository(loaded) : repositoryNamed(loaded, named);
};
