import { pingStart } from './notify.ts';
import type { BeforeRun } from './run-step.ts';

/** All of it, in order. What fails is told, and stops nothing else. */
const steps: readonly BeforeRun[] = [pingStart];

export const beforeRun: BeforeRun = async (start, context) => {
  for (const step of steps) {
    try {
      await step(start, context);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      context.output.say(context.messages.warning(message));
    }
  }
};
