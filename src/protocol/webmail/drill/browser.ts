import { interrupted } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';

export interface Page {
  readonly status: number;
  /** Where it sends to. */
  readonly location: string | undefined;
  readonly text: string;
}

/** Keeps cookies as a browser does, and follows nothing by itself. Faults: `server-unavailable`, `server-misbehaved`, `interrupted`. */
export interface Browser {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Page>;
  post(path: string, form: Readonly<Record<string, string>>): Promise<Page>;
}

const patience = 60_000;
const largestPage = 4 * 1024 * 1024;

const textOf = async ({ body }: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const pieces: AsyncIterable<Uint8Array> | readonly Uint8Array[] = body ?? [];
  for await (const chunk of pieces) {
    size += chunk.length;
    if (size > largestPage) throw new Fault('server-misbehaved', 'a page of webmail does not come to an end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const keepCookies = (cookies: Map<string, string>, { headers }: Response): void => {
  for (const line of headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=;\s]+)=([^;]*)/.exec(line) ?? [];
    if (/;\s*max-age=0\b/i.test(line)) cookies.delete(name);
    else cookies.set(name, value);
  }
};

/** `origin`: `http://127.0.0.1:8080`. What leads elsewhere is not asked for. */
export const createBrowser = (origin: string, signal: AbortSignal): Browser => {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit): Promise<Page> => {
    const url = new URL(path, origin);
    if (url.origin !== origin) throw new Fault('server-misbehaved', `webmail leads to ${url.origin}`);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...init.headers, ...(cookie === '' ? {} : { cookie }) };
    const until = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    try {
      const response = await fetch(url, { ...init, headers, redirect: 'manual', signal: until });
      keepCookies(cookies, response);
      const location = response.headers.get('location') ?? undefined;
      return { status: response.status, location, text: await textOf(response) };
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (signal.aborted) throw interrupted(error);
      throw new Fault('server-unavailable', 'webmail does not answer', { cause: error });
    }
  };
  return {
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, form) => ask(path, { method: 'POST', body: new URLSearchParams(form) }),
  };
};
