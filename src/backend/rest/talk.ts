import { interrupted, type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type Fault, isFault } from '../../model/fault.ts';
import { answerFault, type Asked, lostFault } from './rest-fault.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from './http.ts';

/** Version 2 of restic's REST protocol: listings come with sizes. */
const accept = { accept: 'application/vnd.x.restic.rest.v2' };
/** How long a write that has begun may go on once it is cancelled. */
const graceMilliseconds = 5000;

/** A request, and what it is for: completes "cannot …". */
export interface Question extends HttpRequest {
  readonly what: string;
}

/** Questions and answers, with what goes wrong on the way as Faults. */
export interface Talk {
  /** The answer may have any status; `read` reads its body to the end or lets it go. */
  ask<T>(question: Question, run: Run, read: (answer: HttpAnswer) => T | Promise<T>): Promise<T>;
  /** An answer that is no success. Reads it. */
  fault(answer: HttpAnswer, what: string): Promise<Fault>;
}

/** Lets the rest of an answer pass, so that the connection can be used again. */
export const letGo = ({ body }: HttpAnswer): void => {
  body.on('error', () => {});
  body.resume();
};

/** A signal that follows another one after a while, so that a write that has begun may end in good order. */
const patiently = (signal: AbortSignal): { readonly signal: AbortSignal; readonly done: () => void } => {
  const later = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => later.abort(signal.reason), graceMilliseconds);
  };
  signal.addEventListener('abort', start, { once: true });
  return {
    signal: later.signal,
    done: () => {
      signal.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
};

/** `server` is its name for people. */
export const createTalk = (client: HttpClient, server: string): Talk => {
  let metBefore = false;
  const asked = (what: string): Asked => ({ what, server, metBefore });
  return {
    fault: (answer, what) => answerFault(answer, asked(what)),
    ask: async ({ what, ...request }, run, read) => {
      throwIfInterrupted(run);
      const patience = request.method === 'POST' ? patiently(run.signal) : undefined;
      const headers = { ...accept, ...request.headers };
      try {
        const answer = await client.send({ ...request, headers }, patience?.signal ?? run.signal);
        metBefore = true;
        return await read(answer);
      } catch (error) {
        if (run.signal.aborted && !isFault(error)) throw interrupted(error);
        throw lostFault(error, asked(what));
      } finally {
        patience?.done();
      }
    },
  };
};
