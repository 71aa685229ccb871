import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { interrupted, type Run } from '../../contract/run.ts';
import { Fault, type FaultDetails } from '../../model/fault.ts';
import type { Secret } from '../../model/secret.ts';
import { errnoCode } from '../../system/errno.ts';
import { authoritiesOf, isUntrusted } from '../../system/trusted-authorities.ts';

export interface HttpsCall {
  readonly url: string;
  /** Sent as `application/x-www-form-urlencoded` by POST; without it the call is a GET. */
  readonly form?: Readonly<Record<string, string>>;
  readonly bearer?: Secret;
  /** A PEM file of the authorities to trust in place of the system's. */
  readonly certificateAuthority?: string | undefined;
}

export interface HttpsAnswer {
  readonly status: number;
  /** Empty when there is none. */
  readonly body: string;
  /** Milliseconds; undefined where the server does not say. */
  readonly retryAfter: number | undefined;
}

const silenceLimit = 30_000;
const mostBytes = 8 << 20;

/**
 * One request, one answer of at most 8 MiB; redirections are not followed, so that a secret goes nowhere else. Faults:
 * `server-unavailable`, `server-throttled` (429), `server-misbehaved`, `certificate-untrusted`, `configuration` (the file
 * of authorities), `interrupted`.
 */
export const callHttps = async (call: HttpsCall, run: Run): Promise<HttpsAnswer> => {
  const url = new URL(call.url);
  const ca = await authoritiesOf(call.certificateAuthority);
  const body = call.form === undefined ? undefined : new URLSearchParams(call.form).toString();
  const headers = {
    accept: 'application/json',
    ...(call.bearer === undefined ? {} : { authorization: `Bearer ${call.bearer.reveal()}` }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
  };
  const options = { method: body === undefined ? 'GET' : 'POST', headers, signal: run.signal, timeout: silenceLimit };
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = url.protocol === 'http:' ? requestPlain(url, options) : requestTls(url, { ...options, ca });
      request.on('response', resolve).on('error', reject);
      request.on('timeout', () =>
        request.destroy(new Fault('server-unavailable', `${url.host} does not answer`, again)),
      );
      request.end(body);
    });
    return await answered(response, url);
  } catch (error) {
    if (run.signal.aborted) throw interrupted(run.signal.reason);
    throw httpsFault(error, url);
  }
};

const again: FaultDetails = { retry: true, hint: 'Look at the network of this machine, and try again later.' };

const answered = async (response: IncomingMessage, url: URL): Promise<HttpsAnswer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const parts: AsyncIterable<Buffer> = response;
  for await (const chunk of parts) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Fault('server-misbehaved', `${url.host} answers without an end`);
    chunks.push(chunk);
  }
  const { statusCode: status = 0 } = response;
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
  if (status === 429) {
    throw new Fault('server-throttled', `${url.host} asks to be left alone for a while`, {
      retry: true,
      hint: 'Try again later.',
      context: { host: url.host, ...(retryAfter === undefined ? {} : { retryAfterMilliseconds: retryAfter }) },
    });
  }
  if (status >= 500)
    throw new Fault('server-unavailable', `${url.host} does not work at the moment (${status})`, again);
  if (status >= 300 && status < 400) {
    throw new Fault('server-misbehaved', `${url.host} sends us elsewhere, and nothing secret goes elsewhere`, {
      hint: 'Look at the endpoints in the configuration.',
    });
  }
  return { status, body: Buffer.concat(chunks).toString('utf8'), retryAfter };
};

const httpsFault = (error: unknown, { host }: URL): Fault => {
  if (error instanceof Fault) return error;
  const code = errnoCode(error) ?? '';
  const context = { host };
  if (isUntrusted(code)) {
    return new Fault('certificate-untrusted', `the certificate of ${host} does not verify (${code})`, {
      hint: 'Somebody may be in between. If the server is yours, give its certificateAuthority.',
      context,
      cause: error,
    });
  }
  if (code === 'ENOTFOUND') {
    const hint = 'Look at the spelling of the host.';
    return new Fault('server-unavailable', `there is no host ${host}`, { hint, context, cause: error });
  }
  return new Fault('server-unavailable', `${host} cannot be reached (${code === '' ? 'it broke off' : code})`, {
    ...again,
    context,
    cause: error,
  });
};
