import { displayText, type ByteString } from '../../../model/byte-string.ts';
import { Fault, type FaultCode, type FaultDetails } from '../../../model/fault.ts';
import type { Status } from '../wire/response.ts';

/** What was asked for when the server declined. */
export type Occasion = 'greeting' | 'login' | 'command';

interface Meaning {
  readonly code: FaultCode;
  readonly sentence: string;
  readonly hint: string;
  readonly retry: boolean;
}

const throttled: Meaning = {
  code: 'server-throttled',
  sentence: 'the mail server asks to be left alone for a while',
  hint: 'Wait, then run the same command again: it goes on where it stopped. Fewer connections at once may help.',
  retry: true,
};
const crowded: Meaning = {
  code: 'server-throttled',
  sentence: 'the mail server takes no further connection of this account',
  hint: 'Set fewer connections for this account, or close other mail programs.',
  retry: true,
};
const unavailable: Meaning = {
  code: 'server-unavailable',
  sentence: 'the mail server does not work at the moment',
  hint: 'Try again later; if it goes on, ask the operator of the server.',
  retry: true,
};
const appPassword: Meaning = {
  code: 'credentials-refused',
  sentence: 'the mail server wants an application password or OAuth, not the password of the account',
  hint: 'Make an application password in the settings of the account, or set up OAuth.',
  retry: false,
};
const browser: Meaning = {
  code: 'credentials-refused',
  sentence: 'the mail server wants a person to log in with a browser first',
  hint: 'Log in to this account with a browser, answer what it asks, and try again.',
  retry: false,
};
const disabled: Meaning = {
  code: 'credentials-refused',
  sentence: 'IMAP is switched off for this account',
  hint: 'Switch IMAP on in the settings of the account, or have its administrator do it.',
  retry: false,
};
const expired: Meaning = {
  code: 'credentials-refused',
  sentence: 'the password of this account has expired',
  hint: 'Set a new password at the provider and give it to Mailkeep.',
  retry: false,
};
const refused: Meaning = {
  code: 'credentials-refused',
  sentence: 'the mail server does not accept this user and password or token',
  hint: 'Look at the user name and at where its password comes from.',
  retry: false,
};
const declined: Meaning = { code: 'server-refused', sentence: 'the mail server says no', hint: '', retry: false };

/** First match wins; from the words that Gmail, Microsoft, Yahoo, iCloud, Dovecot, Cyrus and Courier use. */
const byText: readonly (readonly [RegExp, Meaning])[] = [
  [/suggested backoff time|request is throttled|throttl|rate limit|bandwidth limit|command or bandwidth/i, throttled],
  [
    /too many (?:simultaneous )?(?:imap )?(?:connections|sessions|logins)|maximum (?:number of|allowed) connections/i,
    crowded,
  ],
  [/connection limit|concurrent (?:connection|session)s? limit|already has the maximum/i, crowded],
  [
    /application-specific password|app(?:lication)?[- ]password|basic ?auth(?:entication)? is (?:disabled|blocked)/i,
    appPassword,
  ],
  [/web ?login required|log in via your web browser/i, browser],
  [/imap (?:access )?is (?:disabled|not enabled)|not enabled for imap|imap use is not permitted/i, disabled],
];

const byCode: Readonly<Record<string, Meaning>> = {
  THROTTLED: throttled,
  OVERQUOTA: throttled,
  LIMIT: throttled,
  UNAVAILABLE: unavailable,
  INUSE: unavailable,
  SERVERBUG: unavailable,
  CONTACTADMIN: unavailable,
  WEBALERT: browser,
  EXPIRED: expired,
  AUTHENTICATIONFAILED: refused,
  AUTHORIZATIONFAILED: refused,
};

const temporary = /temporar|internal (?:server )?error|try again|server busy|not available|unavailable|shutting down/i;

const meaningOf = ({ condition, code, text }: Status, occasion: Occasion): Meaning => {
  const found = byText.find(([pattern]) => pattern.test(text))?.[1];
  if (found !== undefined && (found.code !== 'credentials-refused' || occasion === 'login')) return found;
  const coded = byCode[code?.name ?? ''];
  if (coded !== undefined && (coded.code !== 'credentials-refused' || occasion === 'login')) return coded;
  if (condition === 'BYE' || occasion === 'greeting' || temporary.test(text)) return unavailable;
  return occasion === 'login' ? refused : declined;
};

/** How long the server wants to be left alone, in milliseconds; undefined where it does not say. */
export const suggestedBackoff = (text: string): number | undefined => {
  const match = /backoff time:?\s*(\d{1,9})\s*(milliseconds|ms|seconds|s)?/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (match[2]?.startsWith('s') === true ? 1000 : 1);
};

const longestText = 300;

/** What the server said, for people: printable and short. */
export const readableAnswer = ({ code, text }: Status): string => {
  const whole = `${code === undefined ? '' : `[${code.name}] `}${displayText(text)}`.trim();
  return whole.length > longestText ? `${whole.slice(0, longestText)}…` : whole;
};

export interface AnswerContext {
  readonly occasion: Occasion;
  /** What was asked: `EXAMINE`. */
  readonly title: string;
  readonly host: string;
  /** Must not stand in any fault, even where the server repeats it. */
  readonly secrets: readonly string[];
}

/** NO, BAD or BYE as a Fault. */
export const answerFault = (status: Status, { occasion, title, host, secrets }: AnswerContext): Fault => {
  const meaning = meaningOf(status, occasion);
  const said = withoutSecrets(readableAnswer(status), secrets);
  const backoff = suggestedBackoff(status.text);
  const sentence =
    occasion === 'command' && status.condition !== 'BYE' ? `${meaning.sentence} to ${title}` : meaning.sentence;
  const details: FaultDetails = {
    retry: meaning.retry,
    context: { host, command: title, ...(backoff === undefined ? {} : { retryAfterMilliseconds: backoff }) },
    ...(meaning.hint === '' ? {} : { hint: meaning.hint }),
  };
  return new Fault(meaning.code, said === '' ? sentence : `${sentence}: "${said}"`, details);
};

const withoutSecrets = (text: string, secrets: readonly string[]): string =>
  secrets.some((secret) => secret !== '' && text.includes(secret)) ? '' : text;

/** The name of a thing that a command was about, in front of what became of it. */
export const aboutMailbox = (fault: Fault, mailbox: ByteString): Fault =>
  new Fault(fault.code, `${displayText(mailbox)}: ${fault.message}`, {
    retry: fault.retry,
    context: fault.context,
    cause: fault,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
  });
