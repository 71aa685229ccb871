import { Fault } from '../model/fault.ts';
import type { CommandContext } from './context.ts';

/** Bytes that are no text would garble a terminal, or do worse. Fault `usage`. */
export const refuseTerminal = ({ output }: CommandContext, what: string): void => {
  if (!output.resultTerminal) return;
  throw new Fault('usage', `${what} is no text for a terminal`, { hint: 'Send it to a file or a pipe: add > FILE.' });
};
