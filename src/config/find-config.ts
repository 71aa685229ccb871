import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Fault } from '../model/fault.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';
import type { Environment } from './environment.ts';

type Places = Pick<Environment, 'configFile' | 'configDirectory' | 'home'>;

const fileName = 'mailkeep.yaml';

/** Where a configuration is looked for: only in the given place, if there is one. */
export const configPlaces = (given: string | undefined, { configFile, configDirectory }: Places): readonly string[] => {
  const named = given ?? configFile;
  return named === undefined ? [join(configDirectory, fileName), join('/etc/mailkeep', fileName)] : [resolve(named)];
};

const isThere = async (file: string): Promise<boolean> => {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return false;
    throw errnoFault(error, 'look at', file, { EACCES: 'configuration' });
  }
};

/** The file that is used; undefined when there is none in the usual places. Fault `configuration` when a named one is not there. */
export const findConfig = async (given: string | undefined, places: Places): Promise<string | undefined> => {
  for (const file of configPlaces(given, places)) if (await isThere(file)) return file;
  const named = given ?? places.configFile;
  if (named === undefined) return undefined;
  throw new Fault('configuration', `there is no configuration at ${resolve(named)}`, {
    hint: `Look at ${given === undefined ? 'MAILKEEP_CONFIG' : '--config'}; \`mailkeep init\` writes a configuration.`,
    context: { path: resolve(named) },
  });
};
