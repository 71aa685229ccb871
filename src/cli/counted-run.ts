import type { Run } from '../contract/run.ts';
import type { CommandContext } from './context.ts';

export interface CountedRun {
  readonly run: Run;
  /** How many faults were told so far. */
  readonly faults: () => number;
}

/**
 * The command's run, with its faults counted. Where the result is one JSON text there is no progress among it; a result of lines
 * may have some.
 */
export const countedRun = ({ run, options }: CommandContext, result: 'text' | 'lines' = 'text'): CountedRun => {
  let faults = 0;
  return {
    faults: () => faults,
    run: {
      signal: run.signal,
      now: () => run.now(),
      emit: (event) => {
        if (event.kind === 'fault') faults++;
        if (event.kind !== 'progress' || !options.json || result === 'lines') run.emit(event);
      },
    },
  };
};
