import { Fault, type FaultCode } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { isUntrusted } from '../../system/trusted-authorities.ts';
import { prospect } from '../network-fault.ts';
import type { HttpAnswer } from './http.ts';

const causeOf = (error: unknown): string =>
  error instanceof AggregateError && error.message === ''
    ? error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join(', ')
    : error instanceof Error
      ? error.message
      : String(error);

export interface Asked {
  /** Completes "cannot …": `read pack 0123456789`. */
  readonly what: string;
  /** The server, for people. */
  readonly server: string;
  /** Whether it has answered before. */
  readonly metBefore: boolean;
}

/** A connection that was not made or was lost, as a Fault; a Fault passes through. */
export const lostFault = (error: unknown, { what, server, metBefore }: Asked): Fault => {
  if (error instanceof Fault) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new Fault('interrupted', 'interrupted before it was finished', { cause: error });
  }
  const code = errnoCode(error) ?? '';
  const context = { server, ...(code === '' ? {} : { errno: code }) };
  if (isUntrusted(code)) {
    return new Fault('certificate-untrusted', `the certificate of ${server} is not to be trusted: ${causeOf(error)}`, {
      hint: 'If it is the server’s own, give its certificate (or that of its authority) with --cacert.',
      context,
      cause: error,
    });
  }
  const { retry, context: more } = prospect(code, metBefore);
  const secure = /SSL|TLS|wrong version number|EPROTO/i.test(`${code} ${causeOf(error)}`);
  return new Fault('backend-unavailable', `cannot ${what}: ${server} cannot be reached (${causeOf(error)})`, {
    hint: secure
      ? 'Does the server speak https? Then the location begins with rest:https:, otherwise with rest:http:.'
      : 'Is the address right, and is the server up?',
    retry,
    context: { ...context, ...more },
    cause: error,
  });
};

interface Meaning {
  readonly code: FaultCode;
  readonly because: string;
  readonly hint?: string;
  readonly retry?: boolean;
}

const meanings: Readonly<Record<number, Meaning>> = {
  401: {
    code: 'credentials-refused',
    because: 'the server does not accept the user or the password',
    hint: 'They stand in the location, or in RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD.',
  },
  403: {
    code: 'permission-denied',
    because: 'the server does not permit it',
    hint: 'Is the server append-only, or is this the folder of another user?',
  },
  404: { code: 'object-missing', because: 'it is not there' },
  413: { code: 'quota-exceeded', because: 'it is larger than the server allows', hint: 'Is a quota used up there?' },
  501: { code: 'unsupported', because: 'the server cannot do this', hint: 'Is it a REST server for restic?' },
  507: { code: 'disk-full', because: 'the server has no room left', hint: 'Make room on it, or use another server.' },
};

const overloaded = new Set([408, 425, 429]);

/** The beginning of what the server says, on one line. */
const saidBy = async ({ body }: HttpAnswer): Promise<string> => {
  let text = '';
  try {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length > 300) break;
    }
  } catch {
    // Its status is enough.
  }
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
};

/** An answer that is no success, as a Fault. Reads the answer. */
export const answerFault = async (answer: HttpAnswer, { what, server }: Asked): Promise<Fault> => {
  const { status } = answer;
  const said = await saidBy(answer);
  const context = { server, status };
  if (status >= 300 && status < 400) {
    return new Fault('configuration', `cannot ${what}: ${server} sends us elsewhere`, {
      hint: `Use that address: ${answer.header('location') ?? 'it does not say which'}`,
      context,
    });
  }
  const full = /no space left|disk quota|quota exceeded|insufficient storage/i.test(said) ? meanings[507] : undefined;
  const meaning = meanings[status] ?? full;
  if (meaning === undefined) {
    return new Fault('backend-unavailable', `cannot ${what}: ${server} answers ${status}${said && ` (${said})`}`, {
      retry: status >= 500 || overloaded.has(status),
      context,
    });
  }
  const { code, because, hint } = meaning;
  return new Fault(code, `cannot ${what}: ${because}${said && ` (${said})`}`, {
    context,
    ...(hint === undefined ? {} : { hint }),
  });
};
