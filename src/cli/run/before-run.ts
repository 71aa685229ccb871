import { asFault, isFault } from '../../model/fault.ts';
import { orAborted, withPatience } from '../../notify/patience.ts';
import { pingStart } from './notify.ts';
import type { BeforeRun } from './run-step.ts';

/** All of it, in order. What fails is told, and stops nothing else. */
const steps: readonly BeforeRun[] = [pingStart];

/** Milliseconds for each step, whatever it does: telling that a backup begins must never keep it from beginning. */
const mostTime = 15_000;

export const beforeRun: BeforeRun = async (start, context) => {
  const { run, output, messages } = context;
  for (const step of steps) {
    try {
      await withPatience('what is told that a run begins', { patience: mostTime, run }, (signal) =>
        orAborted(step(start, { ...context, run: { ...run, signal } }), signal),
      );
    } catch (error) {
      // The run itself says that it was interrupted.
      if (!isFault(error, 'interrupted')) output.say(messages.warning(asFault(error).message));
    }
  }
};
