import { readFileSync } from 'node:fs';
import { configPlaces } from './find-config.ts';
import type { Environment } from './environment.ts';

/** A line at the left margin is a setting of the file as a whole, whatever else is in it. */
const setting = /^language:[ \t]+(['"]?)(en|ja)\1[ \t]*(?:#.*)?$/m;

/**
 * The language that the configuration wants, without the cost of reading all of it: messages are needed before anything
 * else is known, also to tell that the configuration is wrong. Undefined where it says nothing or cannot be read.
 */
export const configuredLanguage = (
  argv: readonly string[],
  places: Pick<Environment, 'configFile' | 'configDirectory' | 'home'>,
): 'en' | 'ja' | undefined => {
  for (const file of configPlaces(givenConfig(argv), places)) {
    try {
      const language = setting.exec(readFileSync(file, 'utf8'))?.[2];
      return language === 'en' || language === 'ja' ? language : undefined;
    } catch {
      // Not there, or not for us: whoever needs the configuration will say so.
      continue;
    }
  }
  return undefined;
};

const givenConfig = (argv: readonly string[]): string | undefined => {
  const at = argv.findIndex((word) => word === '--config' || word.startsWith('--config='));
  const word = argv[at];
  return word === undefined ? undefined : word === '--config' ? argv[at + 1] : word.slice('--config='.length);
};
