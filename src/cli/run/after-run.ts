import { asFault } from '../../model/fault.ts';
import type { CommandContext } from '../context.ts';
import { keepMessages, notifyEnd } from './notify.ts';
import type { AfterRun, EndedRun } from './run-step.ts';
import { writeMetrics } from './write-metrics.ts';

/** All of them, in order. What fails is told, and stops nothing else. */
const inOrder = async (steps: readonly AfterRun[], ended: EndedRun, context: CommandContext): Promise<void> => {
  for (const step of steps) {
    try {
      await step(ended, context);
    } catch (error) {
      const { message, hint } = asFault(error);
      context.output.say(context.messages.warning(message));
      if (hint !== undefined) context.output.say(context.messages.hint(hint));
    }
  }
};

/** Before history knows that the run is over: who is killed from here on has left what people are to be told. */
export const beforeRecord: AfterRun = (ended, context) => inOrder([keepMessages], ended, context);

/** Once its record is kept. */
export const afterRun: AfterRun = (ended, context) => inOrder([writeMetrics, notifyEnd], ended, context);
