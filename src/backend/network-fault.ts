import { Fault } from '../model/fault.ts';

/** Whom we speak to, and whether it has ever answered. */
export interface Peer {
  /** Host and port, for people. */
  readonly host: string;
  /** Before the first answer a name or port that does not work is more likely wrong than down. */
  readonly hasAnswered: boolean;
}

const untrusted: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** How a connection fails, in words; those in the second table may be a wrong address. */
const lost: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was lost',
  ECONNABORTED: 'the connection was lost',
  EPIPE: 'the connection was lost',
  ETIMEDOUT: 'it does not answer',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was lost',
  EAI_AGAIN: 'its address could not be looked up',
  ENETDOWN: 'the network is down',
  ENETUNREACH: 'the network cannot be reached',
  EHOSTDOWN: 'it is down',
  EHOSTUNREACH: 'it cannot be reached',
};

const doubtful: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections',
  ENOTFOUND: 'there is no such host',
  EPROTO: 'it does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
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
  if (untrusted.has(code)) {
    return new Fault('certificate-untrusted', `the certificate of ${host} cannot be trusted (${code})`, {
      hint: 'If it is your own, give the file of its issuer with --cacert. Never go on otherwise: somebody may be listening.',
      context,
      cause: error,
    });
  }
  const passing = lost[code];
  if (passing !== undefined) {
    return new Fault('backend-unavailable', `${host}: ${passing}`, { retry: true, context, cause: error });
  }
  const reason = doubtful[code];
  if (reason === undefined) return undefined;
  return new Fault('backend-unavailable', `${host}: ${reason}`, {
    retry: hasAnswered,
    hint: 'Check the location of the repository, and whether the storage is up.',
    context,
    cause: error,
  });
};
