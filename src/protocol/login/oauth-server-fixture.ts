import { createHash, type KeyObject, randomBytes, verify } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

export interface OauthServerOptions {
  /** Serves HTTPS with these, in PEM; plain HTTP on loopback otherwise. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Gives a new refresh token each time, and takes the old one no more. */
  readonly rotates?: boolean;
  /** Seconds. */
  readonly lifetime?: number;
  /** Of the service account, by which assertions are verified. */
  readonly publicKey?: KeyObject;
  readonly users?: readonly { readonly primaryEmail: string; readonly suspended?: boolean }[];
}

/** One request that the server got. */
export interface SeenRequest {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
}

type Answer = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>];

/**
 * A small authorization server: token endpoint with all grants, devices, authorization with PKCE, introspection (RFC 7662,
 * for Dovecot), and a directory in pages of two users.
 */
export class OauthServer {
  readonly requests: SeenRequest[] = [];
  readonly access = new Map<string, string>();
  readonly refresh = new Map<string, string>();
  /** Answers that come before any other. */
  readonly next: Answer[] = [];
  /** Polls that a device must make before somebody has agreed. */
  pendingPolls = 1;
  declines = false;
  readonly #codes = new Map<string, { readonly challenge: string; readonly redirect: string }>();
  readonly #devices = new Set<string>();
  readonly #options: OauthServerOptions;
  url = '';
  stop: () => Promise<void> = () => Promise.resolve();

  constructor(options: OauthServerOptions) {
    this.#options = options;
  }

  answer(path: string, fields: Readonly<Record<string, string>>, bearer: string): Answer {
    this.requests.push({ path, fields });
    const first = this.next.shift();
    if (first !== undefined) return first;
    switch (path) {
      case '/token':
        return this.#token(fields);
      case '/device':
        return this.#device();
      case '/authorize':
        return this.#authorize(fields);
      case '/introspect': {
        const user = this.access.get(fields['token'] ?? bearer);
        return [200, user === undefined ? { active: false } : { active: true, username: user, email: user }];
      }
      case '/users':
        return this.#users(fields, bearer);
      default:
        return [404, {}];
    }
  }

  #token(fields: Readonly<Record<string, string>>): Answer {
    switch (fields['grant_type']) {
      case 'refresh_token': {
        const old = fields['refresh_token'] ?? '';
        const user = this.refresh.get(old);
        if (user === undefined) return [400, { error: 'invalid_grant', error_description: 'Token has been revoked.' }];
        if (this.#options.rotates !== true) return this.#grant(user);
        this.refresh.delete(old);
        return this.#grant(user, this.giveRefreshToken(user));
      }
      case 'urn:ietf:params:oauth:grant-type:device_code': {
        if (this.declines) return [400, { error: 'access_denied' }];
        if (!this.#devices.has(fields['device_code'] ?? '')) return [400, { error: 'expired_token' }];
        if (this.pendingPolls-- > 0) return [400, { error: 'authorization_pending' }];
        return this.#grant('alice', this.giveRefreshToken('alice'));
      }
      case 'authorization_code': {
        const code = this.#codes.get(fields['code'] ?? '');
        const challenge = createHash('sha256')
          .update(fields['code_verifier'] ?? '')
          .digest('base64url');
        if (code?.challenge !== challenge || code.redirect !== fields['redirect_uri']) {
          return [400, { error: 'invalid_grant', error_description: 'PKCE' }];
        }
        return this.#grant('alice', this.giveRefreshToken('alice'));
      }
      case 'client_credentials':
        if (fields['client_secret'] !== 'client-secret') return [401, { error: 'invalid_client' }];
        return this.#grant('alice');
      case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
        return this.#assertion(fields['assertion'] ?? '');
      default:
        return [400, { error: 'unsupported_grant_type' }];
    }
  }

  #assertion(assertion: string): Answer {
    const [head = '', body = '', signature = ''] = assertion.split('.');
    const { publicKey } = this.#options;
    const isGood =
      publicKey !== undefined &&
      verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'));
    if (!isGood) return [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }];
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    if (typeof claims !== 'object' || claims === null || !('sub' in claims)) return [400, { error: 'invalid_grant' }];
    if (claims.sub === 'stranger@example.com') return [401, { error: 'unauthorized_client' }];
    this.requests.push({
      path: 'claims',
      fields: Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)])),
    });
    return this.#grant(String(claims.sub));
  }

  #device(): Answer {
    const device = randomBytes(8).toString('hex');
    this.#devices.add(device);
    return [
      200,
      {
        device_code: device,
        user_code: 'WDJB-MJHT',
        verification_uri: `${this.url}/go`,
        expires_in: 60,
        interval: 0.01,
      },
    ];
  }

  #authorize(fields: Readonly<Record<string, string>>): Answer {
    const back = new URL(fields['redirect_uri'] ?? '');
    back.searchParams.set('state', fields['state'] ?? '');
    if (this.declines) back.searchParams.set('error', 'access_denied');
    else {
      const code = randomBytes(8).toString('hex');
      this.#codes.set(code, { challenge: fields['code_challenge'] ?? '', redirect: fields['redirect_uri'] ?? '' });
      back.searchParams.set('code', code);
    }
    return [302, {}, { location: back.href }];
  }

  #users({ pageToken = '0' }: Readonly<Record<string, string>>, bearer: string): Answer {
    if (!this.access.has(bearer)) return [401, {}];
    const { users = [] } = this.#options;
    const from = Number(pageToken);
    const more = from + 2 < users.length ? { nextPageToken: String(from + 2) } : {};
    return [200, { users: users.slice(from, from + 2), ...more }];
  }

  giveRefreshToken(user: string): string {
    const token = `refresh~${randomBytes(8).toString('hex')}`;
    this.refresh.set(token, user);
    return token;
  }

  #grant(user: string, refreshToken?: string): Answer {
    const token = `access~${randomBytes(8).toString('hex')}`;
    this.access.set(token, user);
    const { lifetime = 3600 } = this.#options;
    const more = refreshToken === undefined ? {} : { refresh_token: refreshToken };
    return [200, { access_token: token, token_type: 'Bearer', expires_in: lifetime, ...more }];
  }
}

const fieldsOf = async (request: IncomingMessage, url: URL): Promise<Record<string, string>> => {
  let text = '';
  const parts: AsyncIterable<Buffer> = request;
  for await (const part of parts) text += part.toString();
  return { ...Object.fromEntries(url.searchParams), ...Object.fromEntries(new URLSearchParams(text)) };
};

export const startOauthServer = async (options: OauthServerOptions = {}): Promise<OauthServer> => {
  const state = new OauthServer(options);
  const listener: Parameters<typeof createServer>[1] = (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const bearer = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    void fieldsOf(request, url).then((fields) => {
      const [status, body, headers = {}] = state.answer(url.pathname, fields, bearer);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  state.url = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`;
  state.stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return state;
};
