import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { interrupted, type Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { declined, type LoginRequest } from './device-login.ts';
import { needEndpoint } from './oauth-provider.ts';
import { askToken, refusalFault, type TokenGrant } from './token-endpoint.ts';

export interface BrowserPrompt {
  /** Shows a person the address to open. */
  show(address: string): void;
  /**
   * The address that the browser ended at, typed by the person where the browser is on another machine; never resolves
   * where nobody can type.
   */
  pasted(signal: AbortSignal): Promise<string>;
  /** What the browser shows at the end. */
  readonly goodPage: string;
  readonly badPage: string;
}

const fromBrowser = (address: string): URLSearchParams | undefined =>
  URL.canParse(address) ? new URL(address).searchParams : undefined;

const same = (left: string, right: string): boolean => {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/** Sends a browser to the provider and catches it when it comes back to this machine: RFC 8252, with PKCE (RFC 7636). */
export const loginWithBrowser = async (
  { provider, client, certificateAuthority }: LoginRequest,
  prompt: BrowserPrompt,
  run: Run,
): Promise<TokenGrant> => {
  const state = randomBytes(24).toString('base64url');
  const verifier = randomBytes(48).toString('base64url');
  const back = await listen(state, prompt, run);
  try {
    const redirect = `http://${provider.loopbackHost}:${back.port}/`;
    const address = new URL(needEndpoint(provider.authorizationEndpoint, 'authorizationEndpoint'));
    const fields = {
      response_type: 'code',
      client_id: client['client_id'] ?? '',
      redirect_uri: redirect,
      scope: provider.scope,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...provider.authorizationFields,
    };
    for (const [name, value] of Object.entries(fields)) address.searchParams.set(name, value);
    prompt.show(address.href);
    const code = codeOf(await back.answer, state);
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier, ...client };
    const answer = await askToken({ url: provider.tokenEndpoint, certificateAuthority }, form, run);
    if ('grant' in answer) return answer.grant;
    throw refusalFault(answer.refusal, provider.tokenEndpoint, 'Run `mailkeep login` again.');
  } finally {
    back.close();
  }
};

const codeOf = (answer: URLSearchParams, state: string): string => {
  if (!same(answer.get('state') ?? '', state)) {
    throw new Fault('credentials-refused', 'this answer belongs to another login', {
      hint: 'Take the address that the browser shows at the end of this login.',
    });
  }
  const code = answer.get('code');
  if (code !== null && code !== '') return code;
  const error = answer.get('error') ?? '';
  if (error === 'access_denied') throw declined();
  throw new Fault('credentials-refused', `the provider gives no code (${error.replace(/[^\w.-]/g, '').slice(0, 60)})`, {
    hint: 'Look at the scopes and the redirect addresses of the registration: docs/accounts.md.',
  });
};

interface Back {
  readonly port: number;
  readonly answer: Promise<URLSearchParams>;
  close(): void;
}

/** Waits at a free port of this machine, which nobody else can reach, or for what the person pastes. */
const listen = async (state: string, prompt: BrowserPrompt, run: Run): Promise<Back> => {
  const { promise: answer, resolve, reject } = Promise.withResolvers<URLSearchParams>();
  answer.catch(() => undefined);
  const done = new AbortController();
  const server = createServer((request, response) => {
    const found = fromBrowser(`http://localhost${request.url ?? '/'}`);
    // Another page may send the browser here, too: what is not the answer to our question changes nothing.
    if (found === undefined || !same(found.get('state') ?? '', state)) return page(response, 404, prompt.badPage);
    page(response, found.has('code') ? 200 : 400, found.has('code') ? prompt.goodPage : prompt.badPage);
    resolve(found);
  });
  const port = await portOf(server);
  const stop = (): void => reject(interrupted(run.signal.reason));
  run.signal.addEventListener('abort', stop, { once: true });
  prompt
    .pasted(AbortSignal.any([done.signal, run.signal]))
    .then((address) => resolve(fromBrowser(address.trim()) ?? new URLSearchParams()), reject);
  return {
    port,
    answer,
    close: () => {
      done.abort();
      run.signal.removeEventListener('abort', stop);
      server.close();
      server.closeAllConnections();
    },
  };
};

const portOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.on('error', (error) => reject(errnoFault(error, 'listen at', '127.0.0.1')));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });

const page = (response: ServerResponse, status: number, text: string): void => {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><meta charset="utf-8"><title>Mailkeep</title><p>${escaped}</p>`);
};
