import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowsedFolder, BrowsedNode } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { asFault, type Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { type AccessRules, admit, isForeignOrigin, isOwnHost } from './access.ts';
import { allowedMethods, answerFile, answerFolder, answerPropfind, type Exchange, plainAnswer } from './answer.ts';
import { hrefOf } from './multistatus.ts';
import { decodeTarget } from './request-path.ts';

export interface WebdavOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Who knows it may read everything. URL-safe. */
  readonly token: string;
}

export interface WebdavServer {
  /** `http://127.0.0.1:43210`, without the token. */
  readonly origin: string;
  /** Ends all connections, and resolves when no request is being answered any more. */
  close(): Promise<void>;
}

/** A slow client costs a few megabytes: no more of them than that. */
const mostConnections = 32;

/**
 * What is served are files of any kind from anywhere, under one address: nothing in them may run as a page that could
 * read the rest, and no address, which holds the token, may be told to other sites.
 */
const guardHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-downloads",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'private, no-store',
};

const find = async (root: BrowsedFolder, path: Path, run: Run): Promise<BrowsedNode | undefined> => {
  let node: BrowsedNode = root;
  for (const name of path) {
    const next: BrowsedNode | undefined = node.kind === 'folder' ? await node.child(name, run) : undefined;
    if (next === undefined) return undefined;
    node = next;
  }
  return node;
};

const davHeaders = { DAV: '1', 'MS-Author-Via': 'DAV', Allow: allowedMethods };

const answerOptions = ({ response }: Exchange): void => {
  response.writeHead(200, { ...davHeaders, 'Content-Length': '0' }).end();
};

const answer = async (exchange: Exchange, root: BrowsedFolder, rules: AccessRules): Promise<void> => {
  const { request, run } = exchange;
  const { headers, method = '' } = request;
  if (!isOwnHost(headers.host, rules) || isForeignOrigin(headers.origin, headers.host)) {
    plainAnswer(exchange, 421, 'This server goes by another name.');
    return;
  }
  // Says nothing of what is here; clients ask for it before they know where to log in.
  if (method === 'OPTIONS') {
    answerOptions(exchange);
    return;
  }
  const target = decodeTarget(request.url ?? '');
  if (target === undefined) {
    plainAnswer(exchange, 400, 'This is no path.');
    return;
  }
  const admitted = admit(target, headers.authorization, rules);
  if (admitted === undefined) {
    plainAnswer(exchange, 401, 'Not without the token.', { 'WWW-Authenticate': 'Basic realm="mailkeep"' });
    return;
  }
  if (!allowedMethods.split(', ').includes(method)) {
    plainAnswer(exchange, 405, 'Snapshots can be read, not changed.', davHeaders);
    return;
  }
  const node = await find(root, admitted.path, run);
  if (node === undefined) plainAnswer(exchange, 404, 'There is no such file.');
  else if (method === 'PROPFIND') await answerPropfind(exchange, node, admitted);
  else if (node.kind === 'folder') await answerFolder(exchange, node, hrefOf(admitted.prefix, admitted.path, node));
  else await answerFile(exchange, node);
};

const isMissing = ({ code }: Fault): boolean => code === 'snapshot-missing' || code === 'path-missing';

const statusOf = (fault: Fault): number => (isMissing(fault) ? 404 : fault.retry ? 503 : 500);

/** What went wrong is told here, not to whoever asked: it may name places. */
const answerFault = (exchange: Exchange, fault: Fault): void => {
  const { request, response, run } = exchange;
  if (fault.code === 'interrupted') {
    response.destroy();
    return;
  }
  if (!isMissing(fault)) run.emit({ kind: 'fault', fault, path: byteStringOfText(`${request.method ?? ''} request`) });
  // A body that ends early must not look whole.
  if (response.headersSent) response.destroy();
  else plainAnswer(exchange, statusOf(fault), 'This could not be read; the program that serves it says why.');
};

const listen = (server: Server, { host, port }: WebdavOptions): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(errnoFault(error, 'listen at', `${host}:${port}`)));
    server.listen(port, host, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address);
      else reject(asFault(new Error('the server has no address')));
    });
  });

const originOf = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Serves a tree of files read-only by WebDAV class 1 (RFC 4918). Faults: what keeps it from listening. */
export const serveWebdav = async (root: BrowsedFolder, options: WebdavOptions, run: Run): Promise<WebdavServer> => {
  const rules: AccessRules = { token: options.token, host: options.host };
  const answering = new Set<Promise<void>>();
  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 30_000 });
  server.maxConnections = mostConnections;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(guardHeaders)) response.setHeader(name, value);
    const exchange: Exchange = { request, response, run };
    const done = answer(exchange, root, rules)
      .catch((error: unknown) => answerFault(exchange, asFault(error)))
      .finally(() => answering.delete(done));
    answering.add(done);
  });
  const { port } = await listen(server, options);
  return {
    origin: originOf(options.host, port),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, ...answering]);
    },
  };
};
