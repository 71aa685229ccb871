import type { ByteString } from '../model/byte-string.ts';
import { Fault, type FaultCode, type FaultDetails } from '../model/fault.ts';
import { readablePath } from './native-path.ts';

/** The system's name of an error, such as `ENOENT`; undefined for whatever did not come from the system. */
export const errnoCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

interface Meaning {
  readonly code: FaultCode;
  /** Completes "cannot <action> <path>: …". */
  readonly because: string;
  readonly hint?: string;
  readonly retry?: boolean;
}

const denied = 'Look at the owner and the permissions of this path and of the folders above it.';
const disk = 'Look at the system log and at the health of the disk or of the connection to it.';

const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'object-missing', because: 'it is not there' },
  EEXIST: { code: 'object-exists', because: 'it exists already' },
  EACCES: { code: 'permission-denied', because: 'permission denied', hint: denied },
  EPERM: { code: 'permission-denied', because: 'the operation is not permitted', hint: denied },
  ENOSPC: {
    code: 'disk-full',
    because: 'no space is left on the device',
    hint: 'Make room on it, or use another disk.',
  },
  EDQUOT: {
    code: 'quota-exceeded',
    because: 'the disk quota is used up',
    hint: 'Make room, or have the quota raised.',
  },
  EFBIG: { code: 'unsupported', because: 'the file system does not take files this large' },
  EROFS: { code: 'read-only', because: 'the file system is mounted read-only', hint: 'Mount it for writing.' },
  EIO: { code: 'io-failed', because: 'the device failed to read or write', hint: disk },
  ESTALE: {
    code: 'backend-unavailable',
    because: 'the network file system lost this file (stale handle)',
    hint: 'Mount the network file system again if this goes on.',
    retry: true,
  },
  ENOTCONN: { code: 'backend-unavailable', because: 'the file system is not connected', hint: 'Mount it again.' },
  EHOSTDOWN: { code: 'backend-unavailable', because: 'the file server does not answer', retry: true },
  ETIMEDOUT: { code: 'backend-unavailable', because: 'the file server did not answer in time', retry: true },
  EAGAIN: { code: 'backend-unavailable', because: 'the file system is busy', retry: true },
  EBUSY: { code: 'backend-unavailable', because: 'it is in use', retry: true },
  EINTR: { code: 'io-failed', because: 'the system call was interrupted', retry: true },
  ENAMETOOLONG: { code: 'unsupported', because: 'the name is too long for this file system' },
  EINVAL: { code: 'unsupported', because: 'the file system does not take this name or operation' },
  EILSEQ: { code: 'unsupported', because: 'the file system does not take the bytes of this name' },
  ENOTSUP: { code: 'unsupported', because: 'the file system cannot do this' },
  EOPNOTSUPP: { code: 'unsupported', because: 'the file system cannot do this' },
  ENOSYS: { code: 'unsupported', because: 'this system cannot do this' },
  ENOTDIR: { code: 'io-failed', because: 'a part of the path is not a folder' },
  EISDIR: { code: 'io-failed', because: 'it is a folder, not a file' },
  ENOTEMPTY: { code: 'io-failed', because: 'the folder is not empty' },
  ELOOP: { code: 'io-failed', because: 'too many symbolic links lead to it' },
  EXDEV: { code: 'unsupported', because: 'it lies on another file system' },
  EMLINK: { code: 'unsupported', because: 'it has as many hard links as the file system allows' },
  EMFILE: {
    code: 'io-failed',
    because: 'this process has too many files open',
    hint: 'Raise the limit of open files (ulimit -n).',
    retry: true,
  },
  ENFILE: { code: 'io-failed', because: 'the system has too many files open', retry: true },
  ENOMEM: { code: 'io-failed', because: 'the system is out of memory', retry: true },
  ENODEV: { code: 'backend-unavailable', because: 'the device is gone', hint: disk },
  ENXIO: { code: 'backend-unavailable', because: 'the device is gone', hint: disk },
};

/**
 * What the system said, as a Fault; a Fault passes through, an AbortError becomes `interrupted`, and what is no system
 * error at all is `internal`.
 *
 * @param action completes "cannot …", for example `read`, `write`, `list`.
 * @param path what it was done to, as text or bytes.
 * @param codes what an errno means here where that differs: `{ ENOENT: 'entry-vanished' }`. Defaults: ENOENT
 *   `object-missing`, EEXIST `object-exists`, EACCES and EPERM `permission-denied`, ENOSPC `disk-full`, EDQUOT
 *   `quota-exceeded`, EROFS `read-only`, ESTALE and other lost mounts `backend-unavailable`, the rest `io-failed` or
 *   `unsupported`.
 */
export const errnoFault = (
  error: unknown,
  action: string,
  path: ByteString | string,
  codes: Readonly<Record<string, FaultCode>> = {},
): Fault => {
  if (error instanceof Fault) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new Fault('interrupted', 'interrupted before it was finished', { cause: error });
  }
  const place = readablePath(path);
  const errno = errnoCode(error);
  if (errno === undefined) {
    const said = error instanceof Error ? error.message : String(error);
    return new Fault('internal', `cannot ${action} ${place}: ${said}`, { cause: error, context: { path: place } });
  }
  const meaning = meanings[errno] ?? { code: 'io-failed', because: `the system says ${errno}` };
  const details: FaultDetails = {
    cause: error,
    context: { path: place, errno },
    ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
    ...(meaning.retry === undefined ? {} : { retry: meaning.retry }),
  };
  return new Fault(codes[errno] ?? meaning.code, `cannot ${action} ${place}: ${meaning.because}`, details);
};

/** FAT, and many a share of a network, know no second name of a file. */
export const knowsNoLinks = (error: unknown): boolean =>
  ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoCode(error) ?? '');
