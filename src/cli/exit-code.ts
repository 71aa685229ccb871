import type { FaultCode } from '../model/fault.ts';

/**
 * One table for every command (requirement B7). Where this differs from restic: what restic ends with 3 (some sources
 * could not be read) and a `check` that finds damage (1) are both our 1, and restic's 1 (fatal) is our 2.
 */
export const exitCode = {
  good: 0,
  /** Finished, but something failed, is unexplained or failed verification. */
  incomplete: 1,
  fatal: 2,
  noRepository: 10,
  locked: 11,
  wrongPassword: 12,
  interrupted: 130,
  /** Whoever read the result has closed the pipe (`| head`): as a program that SIGPIPE ends. */
  brokenPipe: 141,
} as const;

const ofFault: Partial<Readonly<Record<FaultCode, number>>> = {
  'repository-missing': exitCode.noRepository,
  'storage-missing': exitCode.noRepository,
  'repository-locked': exitCode.locked,
  'run-under-way': exitCode.locked,
  'wrong-password': exitCode.wrongPassword,
  interrupted: exitCode.interrupted,
  'verification-failed': exitCode.incomplete,
};

/** The exit code of a command that a fault has ended. */
export const exitCodeOf = (code: FaultCode): number => ofFault[code] ?? exitCode.fatal;
