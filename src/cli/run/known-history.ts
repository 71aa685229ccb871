import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type History, openHistory } from '../../catalog/history.ts';
import type { CommandContext } from '../context.ts';

export const historyPath = ({ environment }: Pick<CommandContext, 'environment'>): string =>
  join(environment.stateDirectory, 'history.sqlite');

/** Asks history, for as long as `work` lasts; undefined when there is none yet. Faults as `openHistory`. */
export const withKnownHistory = async <Result>(
  context: CommandContext,
  work: (history: History) => Promise<Result> | Result,
): Promise<Result | undefined> => {
  const path = historyPath(context);
  if (!existsSync(path)) return undefined;
  const history = await openHistory(path, context.run);
  try {
    return await work(history);
  } finally {
    history.close();
  }
};
