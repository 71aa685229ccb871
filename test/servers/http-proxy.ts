import { type IncomingMessage, request as forward, createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to a call instead of being handed on and answered as it is. */
export type Mishap =
  /** An answer of our own; the server never hears of the call. */
  | { readonly kind: 'answer'; readonly status: number; readonly error?: string; readonly more?: string }
  /** The server does it, and its answer is lost. */
  | { readonly kind: 'lose-answer' }
  /** The server does it, and another answer is given. */
  | { readonly kind: 'answer-after'; readonly status: number }
  /** Nothing happens, for ever. */
  | { readonly kind: 'hang' }
  /** The answer is cut off after so many bytes of its body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** The answer ends properly, with so many bytes less than there should be. */
  | { readonly kind: 'short'; readonly by: number };

export interface PassingCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface ProxyOptions {
  /** `http://127.0.0.1:PORT`. */
  readonly target: string;
  /** Milliseconds of a round trip besides what the server takes. */
  readonly latency?: number;
  readonly decide?: (call: PassingCall) => Mishap | undefined;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface HttpProxy {
  readonly endpoint: string;
  /** Calls so far, the lost ones too. */
  readonly calls: readonly PassingCall[];
  stop(): Promise<void>;
}

const errorText = (name: string, more = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${name}</Code><Message>as told</Message>${more}</Error>`;

const answerOurselves = (response: ServerResponse, { status, error, more }: Mishap & { kind: 'answer' }): void => {
  response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
  response.end(error === undefined ? '' : errorText(error, more));
};

const passOn = (answer: IncomingMessage, response: ServerResponse, mishap: Mishap | undefined): void => {
  const length = Number(answer.headers['content-length'] ?? 0);
  const headers = { ...answer.headers };
  let left = Infinity;
  if (mishap?.kind === 'cut') left = mishap.after;
  if (mishap?.kind === 'short') {
    left = Math.max(0, length - mishap.by);
    headers['content-length'] = String(left);
  }
  response.writeHead(answer.statusCode ?? 502, headers);
  answer.on('data', (piece: Buffer) => {
    if (left > 0) {
      if (!response.write(piece.subarray(0, Math.min(left, piece.length)))) {
        answer.pause();
        response.once('drain', () => answer.resume());
      }
    }
    left -= piece.length;
    if (left < 0 && mishap?.kind === 'cut') response.destroy();
  });
  answer.on('end', () => response.end());
  answer.on('error', () => response.destroy());
};

/** An HTTP proxy in front of one server, with latency and mishaps. The Host header stays, as signatures cover it. */
export const startHttpProxy = async (options: ProxyOptions): Promise<HttpProxy> => {
  const { target, latency = 0, decide, tls } = options;
  const calls: PassingCall[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = { method: request.method ?? '', url: request.url ?? '', headers: request.headers };
    calls.push(call);
    const mishap = decide?.(call);
    if (mishap?.kind === 'hang') {
      request.resume();
      return;
    }
    if (mishap?.kind === 'answer') {
      request.resume();
      request.once('end', () => answerOurselves(response, mishap));
      return;
    }
    if (latency > 0) await sleep(latency);
    const onward = forward(new URL(request.url ?? '/', target), { method: request.method, headers: request.headers });
    onward.on('error', () => response.destroy());
    onward.on('response', (answer) => {
      if (mishap?.kind === 'lose-answer') {
        answer.resume();
        answer.once('end', () => request.socket.destroy());
        return;
      }
      if (mishap?.kind === 'answer-after') {
        answer.resume();
        response.writeHead(mishap.status, { 'content-length': '0' }).end();
        return;
      }
      passOn(answer, response, mishap);
    });
    request.pipe(onward);
    response.on('close', () => onward.destroy());
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void handle(request, response);
  };
  const server: Server = tls === undefined ? createServer(listener) : createSecureServer({ ...tls }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    calls,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
