import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Run } from '../contract/run.ts';
import { Fault, type FaultDetails } from '../model/fault.ts';
import type { Secret } from '../model/secret.ts';
import { errnoCode } from '../system/errno.ts';
import { authoritiesOf, isUntrusted } from '../system/trusted-authorities.ts';
import { usualPatience, withPatience } from './patience.ts';

export interface HttpPost {
  /** Its path may hold a token; sentences name its host only. */
  readonly url: Secret;
  /** What its last part is replaced by, or made longer by; the query stays. */
  readonly path?: (path: string) => string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A PEM file of the authorities to trust in place of the system's. */
  readonly certificateAuthority?: string | undefined;
  /** Milliseconds for all of it; default 30 s. */
  readonly patience?: number | undefined;
}

/**
 * Posts a body and sees that it was taken (2xx). Redirections are not followed, so that nothing secret goes elsewhere. Faults:
 * as the contract `Notifier`.
 */
export const postHttp = async (post: HttpPost, run: Run): Promise<void> => {
  const url = safeUrl(post.url);
  if (post.path !== undefined) url.pathname = post.path(url.pathname);
  const ca = await authoritiesOf(post.certificateAuthority);
  const { patience = usualPatience } = post;
  const status = await withPatience(url.host, { patience, run }, async (signal) => {
    try {
      return await statusOf(await exchange(url, post, { ca, signal }));
    } catch (error) {
      throw postFault(error, url);
    }
  });
  if (status < 200 || status > 299) throw refusal(status, url);
};

const local = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

const safeUrl = (secret: Secret): URL => {
  const text = secret.reveal().trim();
  // What cannot be parsed is not quoted: it is a secret.
  const bad = (message: string): Fault =>
    new Fault('configuration', message, {
      hint: 'Look at the url of the notification, and at the file it comes from.',
    });
  if (!URL.canParse(text)) throw bad('the url of a notification is no URL');
  const url = new URL(text);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && local.test(url.hostname))) return url;
  throw bad(
    `the url of a notification must begin with https:// (only this machine itself may have http://): ${url.host}`,
  );
};

const exchange = (
  url: URL,
  { headers, body }: HttpPost,
  { ca, signal }: { readonly ca: string[]; readonly signal: AbortSignal },
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'user-agent': 'mailkeep', ...headers, 'content-length': Buffer.byteLength(body) },
      // Its own connection, which ends with it: the program must not wait for one that is kept open.
      agent: false as const,
      signal,
    };
    const request = url.protocol === 'http:' ? requestPlain(url, options) : requestTls(url, { ...options, ca });
    request.on('response', resolve).on('error', reject);
    request.end(body);
  });

const mostBytes = 1 << 16;

/** What the server says besides the status is of no interest, but an answer that breaks off was none. */
const statusOf = async (response: IncomingMessage): Promise<number> => {
  let bytes = 0;
  const parts: AsyncIterable<Buffer> = response;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > mostBytes) break;
  }
  return response.statusCode ?? 0;
};

const again: FaultDetails = {
  retry: true,
  hint: 'Look at the network of this machine, and whether the service works.',
};

const refusal = (status: number, { host }: URL): Fault => {
  const context = { host, status };
  if (status >= 500)
    return new Fault('server-unavailable', `${host} does not work at the moment (${status})`, { ...again, context });
  if (status === 429) {
    return new Fault('server-throttled', `${host} asks to be left alone for a while`, { retry: true, context });
  }
  if (status === 401 || status === 403) {
    const hint = 'Look at the token or the url of the notification: it may have been made anew or withdrawn.';
    return new Fault('credentials-refused', `${host} does not let us in (${status})`, { hint, context });
  }
  if (status === 404 || status === 410) {
    const hint = 'Look at the url of the notification: it may be misspelt, or may have been withdrawn.';
    return new Fault('server-refused', `${host} does not know the address (${status})`, { hint, context });
  }
  if (status >= 300 && status < 400) {
    const hint = 'Give the url where it ends.';
    return new Fault('server-misbehaved', `${host} sends us elsewhere, and nothing secret goes elsewhere`, {
      hint,
      context,
    });
  }
  return new Fault('server-refused', `${host} does not take the message (${status})`, { context });
};

const postFault = (error: unknown, { host }: URL): Fault => {
  if (error instanceof Fault) return error;
  const code = errnoCode(error) ?? '';
  const context = { host };
  if (isUntrusted(code)) {
    return new Fault('certificate-untrusted', `the certificate of ${host} does not verify (${code})`, {
      hint: 'Somebody may be in between. If the server is yours, give its certificateAuthority.',
      context,
    });
  }
  if (code.startsWith('ERR_INVALID')) {
    return new Fault('configuration', `what is to be sent to ${host} holds characters that no header can hold`, {
      hint: 'Look at the headers and the token of the notification.',
      context,
    });
  }
  if (code === 'ENOTFOUND') {
    // A machine that has no network at night learns the same as one with a misspelt host.
    return new Fault('server-unavailable', `there is no host ${host}`, {
      retry: true,
      hint: 'Look at the spelling of the host.',
      context,
    });
  }
  const how = code === '' || code === 'ECONNRESET' ? 'it broke off' : code;
  return new Fault('server-unavailable', `${host} cannot be reached (${how})`, { ...again, context });
};
