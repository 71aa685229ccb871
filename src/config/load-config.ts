import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import type { ResolvePath } from '../contract/setting.ts';
import { Fault } from '../model/fault.ts';
import { errnoFault } from '../system/errno.ts';
import { type ConfigProblem, problemLine } from './config-problem.ts';
import { openToOthers } from './open-to-others.ts';
import { parseConfig } from './parse-config.ts';

/** A configuration and the file that it stands in. */
export interface LoadedConfig<Config> {
  readonly file: string;
  readonly config: Config;
}

/** A configuration is read whole; nobody writes one this long. */
const mostBytes = 1 << 20;

/** `~` is the home, and a relative path lies beside the file that names it. */
export const pathResolver =
  (file: string, home: string): ResolvePath =>
  (path) =>
    path === '~' || path.startsWith('~/') ? join(home, path.slice(2)) : resolve(dirname(file), path);

export type CheckedConfig<Config> =
  | { readonly kind: 'good'; readonly config: Config }
  | { readonly kind: 'bad'; readonly problems: readonly ConfigProblem[] };

/** Reads and judges a configuration. Fault `configuration` when it cannot be read at all. */
export const checkConfig = async <Schema extends z.ZodType>(
  file: string,
  home: string,
  createSchema: (resolve: ResolvePath) => Schema,
): Promise<CheckedConfig<z.output<Schema>>> => {
  const text = await readConfigText(file);
  const parsed = parseConfig(text, createSchema(pathResolver(file, home)));
  if (parsed.kind === 'bad') return parsed;
  const exposed = await exposure(file, parsed.holdsSecret);
  return exposed === undefined ? parsed : { kind: 'bad', problems: [exposed] };
};

/** The text of a configuration. Fault `configuration` when it cannot be read. */
export const readConfigText = async (file: string): Promise<string> => {
  try {
    const { size } = await stat(file);
    if (size > mostBytes) throw new Fault('configuration', `the configuration ${file} is longer than 1 MiB`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof TypeError) throw new Fault('configuration', `the configuration ${file} is not UTF-8`);
    throw errnoFault(error, 'read', file, {
      ENOENT: 'configuration',
      EACCES: 'configuration',
      EISDIR: 'configuration',
    });
  }
};

/** B8: who else can read the secrets in it, or write the commands that we run. */
const exposure = async (file: string, holdsSecret: boolean): Promise<ConfigProblem | undefined> => {
  const path = await realpath(file);
  const whole = { line: 1, column: 1, setting: '' };
  if (await openToOthers(path, 'write')) {
    return {
      ...whole,
      message: 'anybody may write this file, and so choose commands that run',
      hint: `chmod o-w ${file}`,
    };
  }
  if (!holdsSecret || !(await openToOthers(path, 'read'))) return undefined;
  return {
    ...whole,
    message: 'the file holds a secret, and others may read it',
    hint: `chmod 600 ${file}, or put the secret into a file of its own and write {file: …}.`,
  };
};

/** As `checkConfig`, where a configuration with problems is a Fault that tells them all. */
export const loadConfig = async <Schema extends z.ZodType>(
  file: string,
  home: string,
  createSchema: (resolve: ResolvePath) => Schema,
): Promise<LoadedConfig<z.output<Schema>>> => {
  const checked = await checkConfig(file, home, createSchema);
  if (checked.kind === 'good') return { file, config: checked.config };
  const { problems } = checked;
  const lines = problems.map((problem) =>
    [problemLine(file, problem), ...(problem.hint === undefined ? [] : [`    ${problem.hint}`])].join('\n'),
  );
  throw new Fault('configuration', `the configuration cannot be used:\n${lines.join('\n')}`, {
    hint: 'Nothing was done. `mailkeep config check` looks at it again; docs/configuration.md describes every setting.',
    context: { path: file, problems: problems.length },
  });
};
