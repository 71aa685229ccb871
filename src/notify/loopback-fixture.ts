import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { Secret } from '../model/secret.ts';
import type { Announcement } from '../contract/notification.ts';
import type { NotifierParts } from './parts.ts';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server on a free port of this machine that notes what it gets, and answers as `answer` says. */
export const startServer = async (answer: (response: ServerResponse) => void = (response) => response.end('ok')) => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    received,
    port,
    base: `http://127.0.0.1:${port}`,
    stop: async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

export const announcement: Announcement = {
  id: '00000000cafe0026',
  verdict: 'failed',
  time: Date.UTC(2026, 10, 26, 3, 3, 7),
  machine: 'nas',
  subject: '[ALERT] Mail Backup Failed - 2026-11-26',
  headline: 'FAILED: 1 of 3 jobs',
  text: '失敗: ジョブ 3 件のうち 1 件\n\nfolder @channel <!here> & ```x```\n.\nFrom me\n',
  html: '<!doctype html><html><body><p>失敗</p></body></html>\n',
  report: { version: 1, verdict: 'failed' },
};

/** Secrets are in the configuration itself, and nobody logs in as an account. */
export const notifierParts: NotifierParts = {
  readSecret: (source) => Promise.resolve(new Secret(source.kind === 'value' ? source.value : '')),
  variables: process.env,
  hostname: 'nas.example.org',
  credentialsOf: () => Promise.reject(new Error('no account is asked for')),
  patience: 2000,
};

export const value = (text: string) => ({ kind: 'value', value: text }) as const;
