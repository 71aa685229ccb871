import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Fault, FaultCode } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { PosixError } from '../../../system/posix-call.ts';
import type { SystemFailure } from './page-job.ts';

/** An error as it goes from thread to thread. */
export const systemFailure = (error: unknown, path: string): SystemFailure => ({
  code: errnoCode(error) ?? '',
  message: error instanceof Error ? error.message : String(error),
  path,
});

/** The error again, as a Fault. */
export const faultOfFailure = (
  { code, message, path }: SystemFailure,
  action: string,
  codes?: Readonly<Record<string, FaultCode>>,
): Fault =>
  errnoFault(code === '' ? new Error(message) : new PosixError(code, message), action, byteStringOfLatin1(path), codes);
