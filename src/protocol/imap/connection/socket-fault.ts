import { Fault, type FaultCode } from '../../../model/fault.ts';
import { errnoCode } from '../../../system/errno.ts';
import { isUntrusted } from '../../../system/trusted-authorities.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}

interface Meaning {
  readonly code: FaultCode;
  readonly because: string;
  readonly hint: string;
  readonly retry: boolean;
}

const whenTls = 'Look whether this port speaks TLS at once (993) or after STARTTLS (143).';
const network = 'Look at the network of this machine, and whether host and port are right.';

const meanings: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: {
    code: 'server-unavailable',
    because: 'there is no host of this name',
    hint: 'Look at the spelling of the host.',
    retry: false,
  },
  EAI_AGAIN: {
    code: 'server-unavailable',
    because: 'the name cannot be looked up at the moment',
    hint: network,
    retry: true,
  },
  ECONNREFUSED: { code: 'server-unavailable', because: 'nothing listens there', hint: network, retry: true },
  ECONNRESET: { code: 'server-unavailable', because: 'it broke off the connection', hint: network, retry: true },
  EPIPE: { code: 'server-unavailable', because: 'it broke off the connection', hint: network, retry: true },
  ETIMEDOUT: { code: 'server-unavailable', because: 'it does not answer', hint: network, retry: true },
  EHOSTUNREACH: { code: 'server-unavailable', because: 'no way leads there', hint: network, retry: true },
  ENETUNREACH: { code: 'server-unavailable', because: 'no way leads there', hint: network, retry: true },
};

/** What a socket, TLS or inflater reported, as a Fault. */
export const socketFault = (error: unknown, { host, port }: Place): Fault => {
  if (error instanceof Fault) return error;
  const place = `${host}:${port}`;
  const code = errnoCode(error) ?? '';
  const context = { host, port };
  if (isUntrusted(code)) return untrusted(place, reasonOf(error), context, error);
  const meaning = meanings[code];
  if (meaning !== undefined) {
    const { hint, retry } = meaning;
    return new Fault(meaning.code, `cannot use ${place}: ${meaning.because}`, { hint, retry, context, cause: error });
  }
  if (/^ERR_SSL|^EPROTO|^ERR_TLS/.test(code)) {
    return new Fault('server-misbehaved', `cannot use ${place}: it does not speak TLS`, {
      hint: whenTls,
      context,
      cause: error,
    });
  }
  const said = error instanceof Error ? error.message : String(error);
  return new Fault('server-unavailable', `cannot use ${place}: ${said}`, {
    hint: network,
    retry: true,
    context,
    cause: error,
  });
};

/** Node adds advice of its own after a semicolon. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split(';', 1)[0] ?? '';

const untrusted = (place: string, why: string, context: { host: string; port: number }, cause: unknown): Fault =>
  new Fault('certificate-untrusted', `the certificate of ${place} does not verify: ${why}`, {
    hint: 'If the server is yours, give its CA file (certificateAuthority) or the SHA-256 fingerprint of its certificate (certificateFingerprint). Otherwise somebody may be in between.',
    context,
    cause,
  });

export const wrongFingerprint = ({ host, port }: Place, fingerprint: string): Fault =>
  new Fault('certificate-untrusted', `the certificate of ${host}:${port} is not the one that is expected`, {
    hint: `It has the SHA-256 fingerprint ${fingerprint}. If you changed it, set this one; otherwise somebody may be in between.`,
    context: { host, port, fingerprint },
  });

export const silent = ({ host, port }: Place, seconds: number): Fault =>
  new Fault('server-unavailable', `${host}:${port} has said nothing for ${seconds} seconds`, {
    hint: network,
    retry: true,
    context: { host, port },
  });

/** Without TLS from the start, mostly a port where the server waits for TLS. */
export const ungreeted = (
  { host, port, security }: Place & { readonly security: 'tls' | 'starttls' | 'none' },
  seconds: number,
): Fault =>
  new Fault('server-unavailable', `cannot use ${host}:${port}: it has not greeted for ${seconds} seconds`, {
    hint: security === 'tls' ? network : whenTls,
    retry: true,
    context: { host, port },
  });

export const brokenOff = ({ host, port }: Place): Fault =>
  new Fault('server-unavailable', `${host}:${port} closed the connection`, {
    hint: 'Run it again: what is there already is not fetched again.',
    retry: true,
    context: { host, port },
  });
