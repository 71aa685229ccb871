import type { FaultCode } from '../../model/fault.ts';
import { type JobRecord, type RepositoryRecord, type RunRecord, stepsOf, verdictOf } from '../../model/run-record.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';

/** What a repository says before anything is done in it; each has an exit code of its own. */
const unopened: ReadonlySet<number> = new Set([exitCode.noRepository, exitCode.locked, exitCode.wrongPassword]);

/** What the first step that failed has failed with, of each repository in which one has. */
const firstFaults = (repositories: readonly RepositoryRecord[]): readonly FaultCode[] =>
  repositories.flatMap((repository) => {
    const first = stepsOf({ jobs: [], repositories: [repository] }).find((outcome) => outcome.kind === 'failed');
    return first === undefined ? [] : [first.fault.code];
  });

/** A disk that is not there or full ends the night of a server, unless the backup went elsewhere. */
const exitOfJob = ({ outcome, server }: JobRecord): number => {
  if (outcome.kind !== 'failed') return exitCode.incomplete;
  if (server?.isCritical === true) return server.snapshot === undefined ? exitCode.fatal : exitCode.incomplete;
  return orIncomplete(outcome.fault.code);
};

/** What is fatal for one job or repository is not for a run that has others. */
const orIncomplete = (code: FaultCode): number =>
  unopened.has(exitCodeOf(code)) ? exitCodeOf(code) : exitCode.incomplete;

/**
 * 0 when all is well; the code of a fault of the run itself; that of the fault that has kept every job from beginning, or
 * without any jobs the upkeep of every repository that failed, where it is the same for all; otherwise 1.
 */
export const runExitCode = (record: Pick<RunRecord, 'jobs' | 'repositories' | 'faults' | 'drill'>): number => {
  if (verdictOf(record) === 'good') return exitCode.good;
  const [fault] = record.faults;
  if (fault !== undefined) return exitCodeOf(fault.code);
  const ofJobs = record.jobs.map(exitOfJob);
  const exits = new Set(ofJobs.length === 0 ? firstFaults(record.repositories).map(orIncomplete) : ofJobs);
  const [only] = exits;
  return exits.size === 1 && only !== undefined ? only : exitCode.incomplete;
};
