import type { Services } from '../../contract/services.ts';
import { splitCommand } from '../../model/split-command.ts';
import { mustSucceed, type Variables } from './command.ts';

interface Commands {
  readonly stop: string;
  readonly start: string;
}

/**
 * Whatever two commands stop and start. Whether it runs nobody can say, and databases may be among it. The commands may come from the backup,
 * so they are its name: the plan shows them before anybody agrees.
 */
export const commandServices = ({ stop, start }: Commands, variables: Variables): Services => ({
  description: `\`${stop}\` and \`${start}\``,
  list: async () => [{ name: `${stop} / ${start}`, state: 'unknown', isDatabase: true }],
  stop: async (_names, run) => void (await mustSucceed(splitCommand(stop), variables, run)),
  start: async (_names, run) => void (await mustSucceed(splitCommand(start), variables, run)),
});
