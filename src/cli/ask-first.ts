import { Fault } from '../model/fault.ts';
import { confirm, isAttended } from './confirm.ts';
import type { CommandContext } from './context.ts';

/** Whether a command that was just shown as a plan may go ahead. Fault `usage` when nobody can be asked and `--yes` was not said. */
export const mayGoAhead = async (
  yes: boolean,
  context: CommandContext,
  what: 'the repository' | 'the configuration' = 'the repository',
): Promise<boolean> => {
  if (yes) return true;
  if (isAttended(context)) return confirm(context.messages.askPrune(), context);
  throw new Fault('usage', `this changes ${what}, and there is nobody to ask`, {
    hint: what === 'the repository' ? 'Say --yes, or --dry-run to see what would be done.' : 'Say --yes.',
  });
};
