import type { Run } from '../contract/run.ts';
import type { CommandContext } from './context.ts';

export interface CountedRun {
  readonly run: Run;
  /** How many faults were told so far. */
  readonly faults: () => number;
}

/** The command's run for work whose result is one JSON text: no progress among it. Faults are told and counted. */
export const countedRun = ({ run, options }: CommandContext): CountedRun => {
  let faults = 0;
  return {
    faults: () => faults,
    run: {
      signal: run.signal,
      now: () => run.now(),
      emit: (event) => {
        if (event.kind === 'fault') faults++;
        if (event.kind !== 'progress' || !options.json) run.emit(event);
      },
    },
  };
};
