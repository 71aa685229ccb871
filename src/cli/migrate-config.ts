import { link, realpath, stat } from 'node:fs/promises';
import { createTwoFilesPatch } from 'diff';
import { problemLine } from '../config/config-problem.ts';
import { readConfigText } from '../config/load-config.ts';
import { migrateConfig } from '../config/migrate-config.ts';
import { Fault } from '../model/fault.ts';
import { writeDurably } from '../system/durable-file.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';
import { mayGoAhead } from './ask-first.ts';
import type { CommandContext } from './context.ts';
import { exitCode } from './exit-code.ts';

/**
 * Shows what a configuration of an older version would be in the newest one, and writes it when that is wanted; the old file stays
 * beside it. Faults: `configuration` when it cannot be migrated, `usage` when nobody can be asked.
 */
export const migrateConfigFile = async (file: string, yes: boolean, context: CommandContext): Promise<number> => {
  const { output, messages, options } = context;
  const text = await readConfigText(file);
  const migration = migrateConfig(text);
  if (migration.kind === 'bad') {
    const lines = migration.problems.map((problem) => problemLine(file, problem));
    throw new Fault('configuration', `the configuration cannot be migrated:\n${lines.join('\n')}`, {
      hint: 'Nothing was changed. `mailkeep config check` tells more.',
    });
  }
  if (migration.kind === 'newest') {
    output.print(options.json ? told({ file, migrated: false }) : messages.configNewest(file));
    return exitCode.good;
  }
  const { from, to } = migration;
  const difference = differenceOf(file, text, migration.text);
  if (!options.json) output.print(`${messages.configMigration(file, from, to)}\n${difference}`);
  if (!(await mayGoAhead(yes, context, 'the configuration'))) {
    output.print(options.json ? told({ file, from, to, difference, migrated: false }) : messages.nothingPruned());
    return exitCode.incomplete;
  }
  const kept = await replace(file, migration.text, from);
  output.print(
    options.json ? told({ file, from, to, difference, migrated: true, kept }) : messages.configMigrated(file, kept),
  );
  return exitCode.good;
};

const told = (what: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ message_type: 'config_migration', ...what });

/** Only the lines that change: those around them may hold a secret. */
const differenceOf = (file: string, before: string, after: string): string =>
  createTwoFilesPatch(file, file, before, after, undefined, undefined, { context: 0 }).trimEnd();

/** Keeps the old file under a name of its own, and puts the new one in its place with the same mode; a link stays a link. */
const replace = async (file: string, text: string, from: number): Promise<string> => {
  const path = await realpath(file);
  const kept = await keep(path, `${path}.version-${from}`);
  const { mode } = await stat(path);
  await writeDurably(path, text, mode & 0o777);
  return kept;
};

const keep = async (path: string, wanted: string): Promise<string> => {
  for (let number = 1; ; number++) {
    const kept = number === 1 ? wanted : `${wanted}.${number}`;
    try {
      await link(path, kept);
      return kept;
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw errnoFault(error, 'write', kept);
    }
  }
};
