import http, { type Agent, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { Fault } from '../../model/fault.ts';
import { lengthOf } from '../parts.ts';
import { tlsOptions } from '../tls-options.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from './http.ts';
import type { RestSettings } from './settings.ts';

/** The agent with its certificates; they are read once, when the first connection is made. */
const makeAgent = async ({ url, tls, proxy, connections, socketPath }: RestSettings): Promise<Agent> => {
  const local = { keepAlive: true, maxSockets: connections };
  if (socketPath !== undefined) return new http.Agent(local);
  const usual = { ...local, proxyEnv: proxy };
  if (!url.startsWith('https:')) return new http.Agent(usual);
  return new https.Agent({ ...usual, ...(await tlsOptions(tls)) });
};

const optionsOf = ({ url, socketPath, user, password, stuckTimeout }: RestSettings): RequestOptions => {
  const { hostname, port, protocol } = new URL(url);
  const where =
    socketPath === undefined
      ? { protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), ...(port === '' ? {} : { port }) }
      : { socketPath };
  const auth = user === undefined && password === undefined ? {} : { auth: `${user ?? ''}:${password ?? ''}` };
  return { ...where, ...auth, timeout: stuckTimeout };
};

const stuck = (milliseconds: number): Fault =>
  new Fault('backend-unavailable', `the server said nothing for ${Math.round(milliseconds / 1000)} seconds`, {
    retry: true,
  });

const answerOf = (message: IncomingMessage): HttpAnswer => ({
  status: message.statusCode ?? 0,
  header: (name) => {
    const value = message.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  },
  body: message,
});

const sendBody = async (request: ClientRequest, body: readonly Uint8Array[]): Promise<void> => {
  try {
    await pipeline(Readable.from(body.filter((part) => part.length > 0)), request);
  } catch {
    // What went wrong is told by the request itself, or by an answer that came before the body was taken.
  }
};

/** HTTP/1.1 over kept connections, plain, with TLS, or over a Unix socket. */
export const createHttp1Client = (settings: RestSettings): HttpClient => {
  const common = optionsOf(settings);
  const base = new URL(settings.url).pathname;
  const start = common.protocol === 'https:' ? https.request : http.request;
  let agent: Promise<Agent> | undefined;

  const request = (options: RequestOptions, body: readonly Uint8Array[] | undefined): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const made = start(options, (message) => resolve(answerOf(message)));
      made.on('error', reject);
      made.on('timeout', () => made.destroy(stuck(settings.stuckTimeout)));
      if (body === undefined) made.end();
      else void sendBody(made, body);
    });

  return {
    send: async ({ method, path, headers = {}, body }: HttpRequest, signal) => {
      agent ??= makeAgent(settings);
      const length = body === undefined ? {} : { 'content-length': String(lengthOf(body)) };
      const options = { ...common, agent: await agent, method, path: `${base}${path}`, signal };
      return request({ ...options, headers: { ...headers, ...length } }, body);
    },
    close: () => {
      void agent?.then((made) => made.destroy());
    },
  };
};
