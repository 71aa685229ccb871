import http2, { type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { PassThrough, pipeline, Readable } from 'node:stream';
import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { type ChildSocket, notFound, startOnSocket } from '../child-stream.ts';
import { lengthOf } from '../parts.ts';
import { isRcloneSettings, type RcloneSettings } from './settings.ts';
import { restBackend } from '../rest/rest-backend.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../rest/http.ts';
import { createTalk, type Talk } from '../rest/talk.ts';

interface Serving {
  readonly child: ChildSocket;
  readonly session: ClientHttp2Session;
}

const endedFault = async ({ program, ended, lastWords }: ChildSocket, retry: boolean): Promise<Fault> => {
  const how = await ended;
  const said = lastWords();
  const missing = how === notFound;
  return new Fault('backend-unavailable', `${program} ended (${how})${said === '' ? '' : `: ${said}`}`, {
    hint: missing
      ? 'Is rclone installed? Another place of it is given with -o rclone.program=….'
      : 'Try the remote by itself, with rclone lsd. Which arguments it is started with is set with -o rclone.args=….',
    retry,
    context: { program, how },
  });
};

const slowStart = (program: string, milliseconds: number): Fault =>
  new Fault('backend-unavailable', `${program} did not answer within ${Math.round(milliseconds / 1000)} seconds`, {
    hint: 'Give it longer: -o rclone.timeout=5m.',
    retry: true,
  });

/** Starts rclone and waits until it speaks HTTP/2 over its standard input and output. */
const start = async (settings: RcloneSettings, onLine: (line: string) => void): Promise<Serving> => {
  const child = startOnSocket([...settings.program, ...settings.args, settings.remote], { onLine });
  // rclone speaks HTTP/2 without the upgrade from HTTP/1.1.
  const session = http2.connect('http://localhost', { createConnection: () => child.socket });
  session.on('error', () => {});
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      void endedFault(child, false).then(reject);
      timer = setTimeout(() => reject(slowStart(child.program, settings.startTimeout)), settings.startTimeout);
    });
    return { child, session };
  } catch (error) {
    session.destroy();
    child.end();
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

const textOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

const exchange = (session: ClientHttp2Session, request: HttpRequest, ask: Asking): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const { method, path, headers = {}, body } = request;
    const asked: OutgoingHttpHeaders = { ':method': method, ':path': `/${path}`, ...headers };
    if (body !== undefined) asked['content-length'] = lengthOf(body);
    const stream = session.request(asked, { endStream: body === undefined, signal: ask.signal });
    stream.setTimeout(ask.stuckTimeout, () => stream.destroy(new Error('rclone said nothing for too long')));
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the stream was closed')));
    stream.once('response', (answered) => {
      // A stream that closes while nobody reads from it loses its end: it is read from at once.
      const body = new PassThrough();
      pipeline(stream, body, () => {});
      resolve({ status: Number(answered[':status']), header: (name) => textOf(answered, name), body });
    });
    if (body !== undefined) Readable.from(body.filter((part) => part.length > 0)).pipe(stream);
  });

interface Asking {
  readonly signal: AbortSignal;
  readonly stuckTimeout: number;
}

/** Requests to a child that is started when it is first needed, and again after it has ended. */
const createRcloneClient = (settings: RcloneSettings, onLine: (line: string) => void): HttpClient => {
  let serving: Promise<Serving> | undefined;
  const begin = (): Promise<Serving> => {
    const begun = start(settings, onLine);
    const forget = (): void => {
      if (serving === begun) serving = undefined;
    };
    begun.then(({ session, child }) => {
      session.once('close', forget);
      void child.ended.then(forget);
    }, forget);
    return begun;
  };
  return {
    send: async (request, signal) => {
      serving ??= begin();
      const { session, child } = await serving;
      try {
        return await exchange(session, request, { signal, stuckTimeout: settings.stuckTimeout });
      } catch (error) {
        if (signal.aborted || !session.destroyed) throw error;
        child.end();
        throw await endedFault(child, true);
      }
    },
    close: () => {
      void serving?.then(
        ({ session, child }) => {
          session.close();
          session.destroy();
          child.end();
        },
        () => {},
      );
    },
  };
};

/** What rclone says goes to whoever called last. */
const withNotices = (talk: Talk, heard: { run: Run | undefined }): Talk => ({
  ...talk,
  ask: (question, run, read) => {
    heard.run = run;
    return talk.ask(question, run, read);
  },
});

/** A repository on any remote that rclone knows. Nothing is started here. */
export const openRcloneBackend = (settings: RcloneSettings): Backend => {
  const heard: { run: Run | undefined } = { run: undefined };
  const client = createRcloneClient(settings, (line) => {
    heard.run?.emit({ kind: 'notice', message: `rclone: ${line}` });
  });
  return restBackend({
    talk: withNotices(createTalk(client, 'rclone'), heard),
    description: `rclone:${settings.remote}`,
    connections: settings.connections,
    immutable: false,
    entrance: { module: import.meta.url, location: settings },
    close: async () => client.close(),
  });
};

/** How another thread opens what `entrance` of an rclone backend leads to. */
export const openInThread = async (location: unknown): Promise<Backend> => {
  if (isRcloneSettings(location)) return openRcloneBackend(location);
  throw new Fault('internal', 'this is not the location of an rclone backend');
};
