import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { BrowsedFile, BrowsedFolder, BrowsedNode } from '../../contract/browse.ts';
import { interrupted, type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Path } from '../../model/entry.ts';
import { parseRange } from './byte-range.ts';
import { folderPage } from './folder-page.ts';
import { hrefOf, httpDate, multistatusHead, multistatusTail, responseOf, unknownMediaType } from './multistatus.ts';
import { parsePropertyRequest, type PropertyRequest } from './property-request.ts';

/** A request that is being answered. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly run: Run;
}

export const allowedMethods = 'OPTIONS, GET, HEAD, PROPFIND';

export const plainAnswer = (
  { request, response }: Exchange,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void => {
  const body = request.method === 'HEAD' ? '' : `${text}\n`;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  });
  response.end(body);
};

/** Writes pieces as fast as the client takes them; stops when it goes away. The first is there before the header goes. */
const stream = async (
  { response, run }: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  pieces: AsyncIterable<string | Uint8Array>,
): Promise<void> => {
  const iterator = pieces[Symbol.asyncIterator]();
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  try {
    let next = await iterator.next();
    response.writeHead(status, headers);
    for (; next.done !== true && !response.destroyed; next = await iterator.next()) {
      throwIfInterrupted(run);
      if (response.write(next.value) || response.destroyed) continue;
      // Rejects when the client has gone: then there is nobody left to write to.
      await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
    }
    if (!response.destroyed) response.end();
  } finally {
    response.off('close', leave);
    await iterator.return?.();
  }
};

const longestBody = 64 * 1024;

/** The body as text; undefined when it is longer than any sensible one. */
const bodyOf = async (request: IncomingMessage): Promise<string | undefined> => {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request) {
      if (!(part instanceof Buffer)) continue;
      length += part.length;
      if (length > longestBody) return undefined;
      parts.push(part);
    }
  } catch (error) {
    // The client went away before it had said what it wants.
    throw interrupted(error);
  }
  return Buffer.concat(parts).toString();
};

async function* responsesOf(
  node: BrowsedNode,
  { prefix, path, depth, wanted }: PropfindScope,
  run: Run,
): AsyncGenerator<string> {
  // Held back until there is more to say: what cannot be read must not look like an empty folder.
  let text = multistatusHead + responseOf(node, hrefOf(prefix, path, node), wanted);
  if (node.kind === 'folder' && depth === '1') {
    for await (const page of node.children(run)) {
      yield (
        text + page.map((child) => responseOf(child, hrefOf(prefix, [...path, child.name], child), wanted)).join('')
      );
      text = '';
    }
  }
  yield text + multistatusTail;
}

interface PropfindScope {
  readonly prefix: string;
  readonly path: Path;
  readonly depth: '0' | '1';
  readonly wanted: PropertyRequest;
}

const finiteDepth =
  '<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>';

/** PROPFIND (RFC 4918 section 9.1) of one level; all levels at once are refused, as the RFC lets a server do. */
export const answerPropfind = async (
  exchange: Exchange,
  node: BrowsedNode,
  { prefix, path }: { readonly prefix: string; readonly path: Path },
): Promise<void> => {
  const { request, run } = exchange;
  const depth = request.headers['depth'];
  if (depth !== '0' && depth !== '1') {
    plainAnswer(exchange, 403, finiteDepth, { 'Content-Type': 'application/xml; charset=utf-8' });
    return;
  }
  const body = await bodyOf(request);
  if (body === undefined) {
    plainAnswer(exchange, 413, 'The request is too long.', { Connection: 'close' });
    return;
  }
  const wanted = parsePropertyRequest(body);
  if (wanted === undefined) {
    plainAnswer(exchange, 400, 'This is no property request.');
    return;
  }
  const headers = { 'Content-Type': 'application/xml; charset=utf-8' };
  await stream(exchange, 207, headers, responsesOf(node, { prefix, path, depth, wanted }, run));
};

export const answerFolder = async (exchange: Exchange, folder: BrowsedFolder, location: string): Promise<void> => {
  const { request, response, run } = exchange;
  // Relative links need the slash at the end.
  if (!(request.url ?? '').split('?', 1)[0]?.endsWith('/')) {
    plainAnswer(exchange, 301, 'A folder.', { Location: location });
    return;
  }
  const headers = { 'Content-Type': 'text/html; charset=utf-8' };
  if (request.method === 'HEAD') response.writeHead(200, headers).end();
  else await stream(exchange, 200, headers, folderPage(folder, run));
};

const matchesTag = (header: string | undefined, tag: string): boolean =>
  header !== undefined && header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag);

/** GET and HEAD of a file, whole or one range of it. */
export const answerFile = async (exchange: Exchange, file: BrowsedFile): Promise<void> => {
  const { request, response, run } = exchange;
  const tag = `"${file.version()}"`;
  const known = { ETag: tag, 'Last-Modified': httpDate(file.modified), 'Accept-Ranges': 'bytes' };
  if (matchesTag(request.headers['if-none-match'], tag)) {
    response.writeHead(304, known).end();
    return;
  }
  const content = await file.open(run);
  const condition = request.headers['if-range'];
  const holds = condition === undefined || condition === tag || condition === known['Last-Modified'];
  const range = parseRange(holds && request.method === 'GET' ? request.headers.range : undefined, content.size);
  if (range === 'unsatisfiable') {
    plainAnswer(exchange, 416, 'There is no such range.', { 'Content-Range': `bytes */${content.size}` });
    return;
  }
  const { start, end } = range === 'whole' ? { start: 0, end: content.size } : range;
  const headers = {
    ...known,
    'Content-Type': file.mediaType ?? unknownMediaType,
    'Content-Length': String(end - start),
    ...(range === 'whole' ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${content.size}` }),
  };
  const status = range === 'whole' ? 200 : 206;
  if (request.method === 'HEAD') response.writeHead(status, headers).end();
  else await stream(exchange, status, headers, content.read(start, end, run));
};
