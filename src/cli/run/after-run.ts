import { asFault } from '../../model/fault.ts';
import { notifyEnd } from './notify.ts';
import type { AfterRun } from './run-step.ts';
import { writeMetrics } from './write-metrics.ts';

/** All of it, in order. What fails is told, and stops nothing else. */
const steps: readonly AfterRun[] = [writeMetrics, notifyEnd];

export const afterRun: AfterRun = async (record, previous, context) => {
  for (const step of steps) {
    try {
      await step(record, previous, context);
    } catch (error) {
      const { message, hint } = asFault(error);
      context.output.say(context.messages.warning(message));
      if (hint !== undefined) context.output.say(context.messages.hint(hint));
    }
  }
};
