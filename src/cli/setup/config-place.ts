import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { problemLine } from '../../config/config-problem.ts';
import { defaultRepository } from '../../config/default-repository.ts';
import { configPlaces } from '../../config/find-config.ts';
import { loadConfig, type LoadedConfig, pathResolver } from '../../config/load-config.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { Fault } from '../../model/fault.ts';
import { type Config, loadConfigSchema } from '../../registry.ts';
import { writeDurably } from '../../system/durable-file.ts';
import type { CommandContext } from '../context.ts';
import { type Asking, askRepository } from './asked-answers.ts';
import type { WantedRepository } from './ensure-repository.ts';

/** Where something is added to a configuration. */
export interface ConfigPlace {
  readonly file: string;
  readonly before: string | undefined;
  readonly loaded: LoadedConfig<Config> | undefined;
}

/** Where it is written: into the configuration that is used, or a new one. What is there has to be right. */
export const configPlace = async ({ options, environment }: CommandContext): Promise<ConfigPlace> => {
  const places = configPlaces(options.config, environment);
  const there = places.find((place) => existsSync(place));
  if (there === undefined) return { file: places[0] ?? '', before: undefined, loaded: undefined };
  const loaded = await loadConfig(there, environment.home, await loadConfigSchema());
  return { file: await realpath(there), before: await readFile(there, 'utf8'), loaded };
};

/** The repository that the backup goes to: a configured one, the named one, or the built-in one. */
export const wantedRepository = async (
  { file, loaded }: ConfigPlace,
  { options, environment }: CommandContext,
  asking: Asking | undefined,
): Promise<WantedRepository> => {
  const known = Object.keys(loaded?.config.repositories ?? {});
  const [first] = known;
  if (options.repo !== undefined && known.includes(options.repo)) return { isNew: false, name: options.repo };
  if (options.repo === undefined && first !== undefined) {
    return { isNew: false, name: loaded?.config.defaultRepository ?? first };
  }
  const builtIn = defaultRepository(environment);
  const named = options.repo ?? environment.repository;
  const given = named ?? (asking === undefined ? builtIn.location : await askRepository(asking, builtIn.location));
  const location = /^[a-z0-9]+:/.test(given) ? given : pathResolver(resolve('x'), environment.home)(given);
  const name = known.includes('main') ? `repository-${known.length + 1}` : 'main';
  const passwordFile =
    options.passwordFile === undefined
      ? location === builtIn.location
        ? builtIn.passwordFile
        : join(dirname(file), `${name}-repository-password`)
      : resolve(options.passwordFile);
  const makesPassword = options.passwordFile === undefined;
  const entry = { location, password: { file: passwordFile } };
  return { isNew: true, name, location, passwordFile, makesPassword, entry };
};

/** The configuration as it would be. Fault `configuration` when it would not be right. */
export const validated = async (
  text: string,
  { file }: ConfigPlace,
  { environment }: CommandContext,
): Promise<Config> => {
  const createSchema = await loadConfigSchema();
  const parsed = parseConfig(text, createSchema(pathResolver(file, environment.home)));
  if (parsed.kind === 'good') return parsed.config;
  const lines = parsed.problems.map((problem) => problemLine(file, problem)).join('\n');
  throw new Fault('configuration', `with these answers the configuration would not be right:\n${lines}`, {
    hint: 'Nothing was written.',
  });
};

/** For its owner only; the file as it was is kept with a `~` behind its name. */
export const writeConfig = async ({ file, before }: ConfigPlace, text: string): Promise<void> => {
  if (before !== undefined) await writeDurably(`${file}~`, before);
  await writeDurably(file, text);
};
