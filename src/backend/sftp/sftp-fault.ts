import type { ByteString } from '../../model/byte-string.ts';
import { Fault, type FaultCode, type FaultDetails } from '../../model/fault.ts';
import { readablePath } from '../../system/native-path.ts';
import { isRefusal, roomAt, sftpStatus } from './request.ts';
import type { SftpSession } from './session.ts';

interface Meaning {
  readonly code: FaultCode;
  readonly because: string;
  readonly hint?: string;
  readonly retry?: boolean;
}

const meanings: Readonly<Record<number, Meaning>> = {
  [sftpStatus.noSuchFile]: { code: 'object-missing', because: 'it is not there' },
  [sftpStatus.permissionDenied]: {
    code: 'permission-denied',
    because: 'permission denied',
    hint: 'Look at the owner and the permissions of this path and of the folders above it on the server.',
  },
  [sftpStatus.noConnection]: { code: 'backend-unavailable', because: 'the server has no connection', retry: true },
  [sftpStatus.connectionLost]: { code: 'backend-unavailable', because: 'the server lost its connection', retry: true },
  [sftpStatus.unsupported]: { code: 'unsupported', because: 'the server cannot do this' },
};

/**
 * What the server said, as a Fault; a Fault passes through, and what is no refusal at all is `internal`.
 *
 * @param action completes "cannot …", for example `read`, `write`, `list`.
 */
export const sftpFault = (error: unknown, action: string, path: ByteString): Fault => {
  if (error instanceof Fault) return error;
  const place = readablePath(path);
  if (!isRefusal(error)) {
    const said = error instanceof Error ? error.message : String(error);
    return new Fault('internal', `cannot ${action} ${place}: ${said}`, { cause: error, context: { path: place } });
  }
  const meaning = meanings[error.status] ?? { code: 'io-failed', because: `the server says "${error.message}"` };
  const details: FaultDetails = {
    cause: error,
    context: { path: place, status: error.status },
    ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
    ...(meaning.retry === undefined ? {} : { retry: meaning.retry }),
  };
  return new Fault(meaning.code, `cannot ${action} ${place}: ${meaning.because}`, details);
};

/** Servers need a little room beside the bytes themselves. */
const margin = 65_536;

/**
 * Why a file could not be written. SFTP knows one "failure" for a full disk, a quota and a disk that is mounted
 * read-only: the server is asked how much room there is.
 */
export const writeFault = async (
  session: SftpSession,
  error: unknown,
  what: { readonly folder: ByteString; readonly path: ByteString; readonly bytes: number },
): Promise<Fault> => {
  const place = readablePath(what.path);
  if (!isRefusal(error, sftpStatus.failure)) return sftpFault(error, 'write', what.path);
  // An extension that many servers lack; what failed is told in any case, only its reason stays unknown.
  const room = await roomAt(session, what.folder).catch(() => undefined);
  const context = { path: place };
  if (room?.readOnly === true) {
    return new Fault('read-only', `cannot write ${place}: the file system is mounted read-only`, {
      hint: 'Mount it for writing on the server.',
      context,
      cause: error,
    });
  }
  if (room !== undefined && room.free < what.bytes + margin) {
    return new Fault('disk-full', `cannot write ${place}: no space is left on the server`, {
      hint: 'Make room on it, or use another server.',
      context: { ...context, free: room.free },
      cause: error,
    });
  }
  return new Fault('io-failed', `cannot write ${place}: the server says "${error.message}"`, {
    hint: 'SFTP gives no reason. Is the disk full, or the quota used up?',
    context,
    cause: error,
  });
};
