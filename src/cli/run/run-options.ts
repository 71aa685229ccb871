import type { CommandContext, GlobalOptions } from '../context.ts';

/** How `run` and `maintain` were started. */
export interface RunStartOptions extends GlobalOptions {
  readonly scheduled: boolean;
  /** Milliseconds. */
  readonly wait?: number;
}

const threeHours = 3 * 3_600_000;
const tenMinutes = 600_000;

/** How long to wait for another run, in milliseconds: a person is told at once, a timer has patience. */
export const waitOf = ({ wait, scheduled }: RunStartOptions): number => wait ?? (scheduled ? threeHours : 0);

/** Where nobody looks, a lock of the repository is worth some minutes, too. */
export const scheduledContext = ({ scheduled }: RunStartOptions, context: CommandContext): CommandContext => {
  const { retryLock, ...options } = context.options;
  return { ...context, options: { ...options, retryLock: scheduled ? Math.max(retryLock, tenMinutes) : retryLock } };
};
