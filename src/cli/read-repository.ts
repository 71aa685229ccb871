import type { Run } from '../contract/run.ts';
import type { Repository } from '../store/restic/repository.ts';
import type { CommandContext } from './context.ts';
import { exitCode } from './exit-code.ts';
import { withRepository } from './open-repository.ts';

/**
 * Runs the work of a command that only reads, under a shared lock unless `--no-lock`. What could not be read on the way
 * has been told as fault events, and makes the exit code 1.
 */
export const readRepository = (
  context: CommandContext,
  work: (repository: Repository, run: Run) => Promise<void>,
): Promise<number> =>
  withRepository(context, async (repository) => {
    let faults = 0;
    const run: Run = {
      signal: context.run.signal,
      now: () => context.run.now(),
      emit: (event) => {
        if (event.kind === 'fault') faults++;
        // With --json stdout holds the result and nothing else.
        if (event.kind !== 'progress' || !context.options.json) context.run.emit(event);
      },
    };
    await repository.locked('shared', () => work(repository, run), run);
    return faults > 0 ? exitCode.incomplete : exitCode.good;
  });
