import { Fault, type FaultDetails } from '../model/fault.ts';
import { isUntrusted } from '../system/trusted-authorities.ts';

/** Whom we speak to, and whether it has ever answered. */
export interface Peer {
  /** Host and port, for people. */
  readonly host: string;
  /** Before the first answer a name or port that does not work may be wrong, or its server down for a moment. */
  readonly hasAnswered: boolean;
}

/** How a connection fails, in words. */
const lost: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was lost',
  ECONNABORTED: 'the connection was lost',
  ECONNREFUSED: 'it refuses connections',
  EPIPE: 'the connection was lost',
  ETIMEDOUT: 'it does not answer',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was lost',
  EAI_AGAIN: 'its address could not be looked up',
  ENETDOWN: 'the network is down',
  ENETUNREACH: 'the network cannot be reached',
  EHOSTDOWN: 'it is down',
  EHOSTUNREACH: 'it cannot be reached',
  ENOTFOUND: 'there is no such host',
  EPROTO: 'it does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
};

/** What a wrong address says: before the first answer it is not worth waiting for. */
const wrongAddress: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'EACCES',
  'EADDRNOTAVAIL',
  'EINVAL',
]);

/** What a server says that is down, or that was never there. */
const perhapsDown: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOENT',
]);

/**
 * Whether another try may help. A server that has never answered and seems to be down is worth waiting for, though not
 * for long: `unmet`, which withRetry looks at. One that is up and refuses is restarting, or the port is wrong: `refused`.
 */
export const prospect = (
  code: string,
  hasAnswered: boolean,
): { readonly retry: boolean; readonly context: NonNullable<FaultDetails['context']> } => {
  if (hasAnswered) return { retry: true, context: {} };
  if (code === 'ECONNREFUSED') return { retry: true, context: { unmet: true, refused: true } };
  return { retry: !wrongAddress.has(code), context: perhapsDown.has(code) ? { unmet: true } : {} };
};

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** A connection that could not be made or was lost, as a Fault; undefined when `error` is none of that. */
export const networkFault = (error: unknown, { host, hasAnswered }: Peer): Fault | undefined => {
  const code = codeOf(error);
  if (code === undefined) {
    // Several addresses were tried, or a library has put the error into one of its own.
    if (error instanceof AggregateError) return networkFault(error.errors[0], { host, hasAnswered });
    return error instanceof Error && error.cause !== undefined
      ? networkFault(error.cause, { host, hasAnswered })
      : undefined;
  }
  const context = { host, code };
  if (isUntrusted(code)) {
    return new Fault('certificate-untrusted', `the certificate of ${host} cannot be trusted (${code})`, {
      hint: 'If it is your own, give the file of its issuer with --cacert. Never go on otherwise: somebody may be listening.',
      context,
      cause: error,
    });
  }
  const reason = lost[code];
  if (reason === undefined) return undefined;
  const { retry, context: more } = prospect(code, hasAnswered);
  const isDoubtful = !hasAnswered && (wrongAddress.has(code) || perhapsDown.has(code));
  return new Fault('backend-unavailable', `${host}: ${reason}`, {
    retry,
    ...(isDoubtful ? { hint: 'Check the location of the repository, and whether the storage is up.' } : {}),
    context: { ...context, ...more },
    cause: error,
  });
};
