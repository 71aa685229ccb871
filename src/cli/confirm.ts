import { createInterface } from 'node:readline/promises';
import { interrupted } from '../contract/run.ts';
import type { CommandContext } from './context.ts';

/** Whether there is a person who can be asked: input and messages are on a terminal. */
export const isAttended = ({ output }: CommandContext): boolean => process.stdin.isTTY && output.terminal;

/** Asks a question that is answered with yes or no; anything but a clear yes is no. */
export const confirm = async (question: string, { output, run, messages }: CommandContext): Promise<boolean> => {
  output.update(undefined);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} ${messages.yesOrNo()} `, { signal: run.signal });
    return messages.isYes(answer.trim().toLowerCase());
  } catch (error) {
    throw interrupted(error);
  } finally {
    terminal.close();
  }
};
