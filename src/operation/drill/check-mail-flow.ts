import { randomUUID } from 'node:crypto';
import type {
  Delivery,
  Letter,
  MailRouting,
  ServedMailbox,
  StartedTransport,
  StoredAccount,
  ThrowawayMail,
  ThrowawayTransport,
  TransportWish,
} from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import { isFault } from '../../model/fault.ts';
import { asTold } from './as-told.ts';
import { isForwarding, mailRoutes, type MailRoutes, withoutExtension } from './mail-routes.ts';

/** What the mail of a drill is sent through. */
export interface MailFlow {
  readonly mail: ThrowawayMail;
  /** Restored ones that are somebody's. */
  readonly mailboxes: readonly StoredAccount[];
  readonly routing: MailRouting;
  /** All of the database, those without a mailbox too. */
  readonly accounts: readonly StoredAccount[];
  /** Passwords of people, by their addresses in small letters. */
  readonly logins: ReadonlyMap<string, string>;
  /** The mailbox that stands for the rest of the world. */
  readonly outside: ServedMailbox;
  start(wish: TransportWish, run: Run): Promise<StartedTransport>;
}

const header = 'X-Mailkeep-Drill';
const triedAliases = 2;
const triedMailboxes = 2;
/** Nobody can answer there: RFC 2606. */
const stranger = 'stranger@outside.drill.invalid';

const lower = (text: string): string => text.toLowerCase();
/** The mailbox that mail for an address lies in. */
const boxOf = (address: string): string => withoutExtension(lower(address));

interface Sent {
  readonly letter: Letter;
  readonly deliveries: readonly Delivery[];
  /** Mailboxes that it has to reach, in small letters. */
  readonly ends: Iterable<string>;
}

interface Sending {
  readonly flow: MailFlow;
  readonly transport: ThrowawayTransport;
  readonly tally: CheckTally;
}

/** Looks with a mail program whether it is there. */
const isSeen = async ({ mail }: MailFlow, address: string, mark: string, run: Run): Promise<boolean> => {
  const view = await mail.login(address, undefined, run);
  try {
    return await view.holds(header, mark);
  } finally {
    await view.close();
  }
};

/** Whether all is well with whom it came to; what is not is found. */
const judge = async ({ flow, tally }: Sending, { letter, deliveries, ends }: Sent, run: Run): Promise<void> => {
  const subjectOf = (end: string): string => (lower(end) === lower(letter.to) ? letter.to : `${letter.to} → ${end}`);
  const reached = new Set(deliveries.map(({ recipient }) => boxOf(recipient)));
  for (const end of ends) if (!reached.has(end)) tally.find({ kind: 'mail-not-delivered', subject: subjectOf(end) });
  const served = new Map([...flow.mailboxes, flow.outside].map(({ address }) => [lower(address), address]));
  for (const { recipient, isDelivered, said } of deliveries) {
    const subject = subjectOf(recipient);
    const address = served.get(boxOf(recipient));
    if (!isDelivered) tally.find({ kind: 'mail-not-delivered', subject, detail: said });
    else if (address !== undefined && !(await isSeen(flow, address, letter.mark, run))) {
      tally.find({ kind: 'mail-not-seen', subject });
    }
  }
};

/** Sends one, and follows it. A refusal is found under `kind`. */
const send = async (
  sending: Sending,
  {
    letter,
    way,
    ends,
  }: Pick<Sent, 'ends'> & {
    readonly letter: Omit<Letter, 'header' | 'mark'>;
    readonly way: 'receive' | 'submit';
  },
  run: Run,
): Promise<void> => {
  const { transport, tally } = sending;
  const whole: Letter = { ...letter, header, mark: randomUUID() };
  tally.look();
  try {
    const deliveries = await transport[way](whole, run);
    await judge(sending, { letter: whole, deliveries, ends }, run);
  } catch (error) {
    const fault = asTold(error, run);
    const isRefused = isFault(fault, 'server-refused');
    const kind = isRefused ? (way === 'receive' ? 'mail-refused' : 'mail-not-sent') : 'mail-not-delivered';
    tally.find({ kind, subject: kind === 'mail-not-sent' ? letter.from : letter.to, detail: fault.message });
  }
};

/** A few addresses that mail is sent to: aliases whose mailboxes are here, and mailboxes, such with a known password first. */
const chosen = ({ mailboxes, routing, logins }: MailFlow, routes: MailRoutes): readonly string[] => {
  const served = new Set(mailboxes.map(({ address }) => lower(address)));
  const aliases = routing.aliases.filter((alias) => {
    const ends = [...routes.ends(alias.address)];
    return isForwarding(alias) && ends.length > 0 && ends.every((end) => served.has(end));
  });
  const people = mailboxes
    .map(({ address }) => address)
    .filter((address) => [...routes.ends(address)].every((end) => served.has(end)))
    .toSorted((one, other) => Number(logins.has(lower(other))) - Number(logins.has(lower(one))));
  return [...aliases.slice(0, triedAliases).map(({ address }) => address), ...people.slice(0, triedMailboxes)];
};

const sendAll = async (sending: Sending, routes: MailRoutes, run: Run): Promise<void> => {
  const { flow, tally } = sending;
  for (const to of chosen(flow, routes)) {
    run.emit({ kind: 'phase', phase: `drill: sending mail to ${to}` });
    await send(
      sending,
      { letter: { from: stranger, to, password: undefined }, way: 'receive', ends: routes.ends(to) },
      run,
    );
  }
  const sender = flow.mailboxes.find(({ address }) => flow.logins.has(lower(address))) ?? flow.mailboxes[0];
  if (sender === undefined) return;
  const password = flow.logins.get(lower(sender.address));
  if (password === undefined) tally.skip('sent-without-login');
  await send(
    sending,
    {
      letter: { from: sender.address, to: flow.outside.address, password },
      way: 'submit',
      ends: [lower(flow.outside.address)],
    },
    run,
  );
};

/**
 * Sends mail to restored addresses as a stranger does, looks for it as its reader does, and sends some to the outside as a person of
 * the server does. Aliases that lead nowhere are found without it.
 */
export const checkMailFlow = async (flow: MailFlow, tally: CheckTally, run: Run): Promise<void> => {
  const { mailboxes, routing, accounts, logins, outside, mail } = flow;
  const routes = mailRoutes(
    routing,
    [...accounts, ...mailboxes].map(({ address }) => address),
  );
  for (const { address, target } of routes.nowhere)
    tally.find({ kind: 'alias-nowhere', subject: address, detail: target });
  const everybody = [...mailboxes, ...accounts, outside];
  const asksForLogin = mailboxes.some(({ address }) => logins.has(lower(address)));
  const wish = { routing, mailboxes: everybody, sockets: mail.sockets, asksForLogin, outside: outside.address };
  try {
    const started = await flow.start(wish, run);
    if (started.kind === 'missing') tally.skip('no-program', started.what);
    else if (started.kind === 'not-allowed') tally.skip('needs-superuser', 'Postfix');
    else {
      try {
        await sendAll({ flow, transport: started.transport, tally }, routes, run);
      } finally {
        await started.transport.stop();
      }
    }
  } catch (error) {
    tally.find({ kind: 'mail-not-delivered', subject: 'Postfix', detail: asTold(error, run).message });
  }
};
