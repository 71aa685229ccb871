import type { WebmailOutcome, WebmailVisitor } from '../../../contract/drill.ts';
import type { Browser, Page } from './browser.ts';

/** In a hidden field of the form, and in what the page tells its script. */
const tokenIn = ({ text }: Page): string | undefined =>
  /name="_token" value="([^"]+)"/.exec(text)?.[1] ?? /"request_token":"([^"]+)"/.exec(text)?.[1];

const asksForPassword = ({ text }: Page): boolean => /name="_pass"/.test(text);

/** What a script shows the person as an error; in an answer to a script its marks are escaped once more. */
const errorIn = (text: string): string | undefined =>
  /display_message\(\\?"([^"\\]*)\\?",\\?"(?:warning|error)/.exec(text)?.[1];

/** What the page tells the person. */
const saidBy = ({ status, text }: Page): string =>
  errorIn(text) ?? /<h3 class="error-title">([^<]*)</.exec(text)?.[1] ?? `HTTP ${status}`;

const isRedirect = ({ status, location }: Page): boolean => status >= 300 && status < 400 && location !== undefined;

/** Of the answer to a list of messages; undefined: it has none, or tells of an error besides. */
const countIn = ({ status, text }: Page): number | undefined => {
  if (errorIn(text) !== undefined) return undefined;
  const count = /"messagecount":(\d+)/.exec(text)?.[1];
  return status === 200 && count !== undefined ? Number(count) : undefined;
};

/** Pages that ask the tables which the inbox does not need: addresses and senders. What the tables refuse stands in the log. */
const otherPages: readonly string[] = [
  '/?_task=addressbook&_action=list&_source=0&_remote=1',
  '/?_task=settings&_action=identities',
];

/** As a person does it: the page, the login, the inbox, its messages, addresses and senders, and out again. */
export const visitRoundcube = async (
  browser: Browser,
  { address, password }: WebmailVisitor,
): Promise<WebmailOutcome> => {
  const front = await browser.get('/?_task=login');
  const token = tokenIn(front);
  if (front.status !== 200 || !asksForPassword(front) || token === undefined)
    return { kind: 'no-page', said: saidBy(front) };
  const hidden = { _task: 'login', _action: 'login', _timezone: 'UTC', _url: '', _token: token };
  const answer = await browser.post('/?_task=login', { ...hidden, _user: address, _pass: password });
  if (!isRedirect(answer)) return { kind: 'login-refused', said: saidBy(answer) };
  const inbox = await browser.get(answer.location ?? '/?_task=mail');
  const request = tokenIn(inbox);
  // Who is let in and not known by the next page has a session that was not kept.
  if (asksForPassword(inbox)) return { kind: 'login-refused', said: saidBy(inbox) };
  if (inbox.status !== 200 || !/"task":"mail"/.test(inbox.text) || request === undefined)
    return { kind: 'no-mailbox', said: saidBy(inbox) };
  const script = { 'x-requested-with': 'XMLHttpRequest', 'x-roundcube-request': request };
  const list = await browser.get('/?_task=mail&_action=list&_mbox=INBOX&_remote=1', script);
  const messages = countIn(list);
  if (messages === undefined) return { kind: 'no-mailbox', said: saidBy(list) };
  for (const page of otherPages) await browser.get(page, page.includes('_remote') ? script : {});
  await browser.get(`/?_task=logout&_token=${encodeURIComponent(request)}`);
  return { kind: 'shown', messages };
};
