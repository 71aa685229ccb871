import type {
  ServedMailbox,
  StartedWebmail,
  ThrowawayMail,
  WebmailOutcome,
  WebmailVisitor,
} from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import type { DrillFindingKind } from '../../model/drill/drill-record.ts';
import { asTold } from './as-told.ts';
import { usableLogins } from './check-accounts.ts';
import type { DrillParts } from './drill-parts.ts';
import type { DrillState, KeptWebmail } from './drill-state.ts';
import { makeUpPassword } from './made-up-password.ts';

const kinds: Readonly<Record<Exclude<WebmailOutcome['kind'], 'shown'>, DrillFindingKind>> = {
  'no-page': 'webmail-no-page',
  'database-refused': 'webmail-database-refused',
  'login-refused': 'webmail-login-refused',
  'no-mailbox': 'webmail-no-mailbox',
};

interface Known {
  readonly logins: ReadonlyMap<string, string>;
  /** Users of this webmail. */
  readonly people: readonly string[];
}

/** Whom to log in as: somebody whose password is known and who has used this webmail, before others. */
export const chooseVisitor = <Mailbox extends Pick<ServedMailbox, 'address'>>(
  mailboxes: readonly Mailbox[],
  { logins, people }: Known,
): Mailbox | undefined => {
  const known = new Set(people.map((name) => name.toLowerCase()));
  const isKnown = ({ address }: Mailbox): boolean => known.has(address.toLowerCase());
  const hasPassword = ({ address }: Mailbox): boolean => logins.has(address.toLowerCase());
  return (
    mailboxes.find((one) => hasPassword(one) && isKnown(one)) ??
    mailboxes.find(hasPassword) ??
    mailboxes.find(isKnown) ??
    mailboxes[0]
  );
};

interface Place {
  readonly mail: ThrowawayMail;
  /** All that are served, the outside as well. */
  readonly mailboxes: readonly ServedMailbox[];
}

/** Somebody whose password the mail server knows; where it is nobody's to know, it gets one that is made up. */
const visitorFor = async (
  mailbox: ServedMailbox,
  logins: ReadonlyMap<string, string>,
  { mail, mailboxes, tally }: Place & { readonly tally: CheckTally },
  run: Run,
): Promise<WebmailVisitor> => {
  const { address } = mailbox;
  const known = logins.get(address.toLowerCase());
  if (known !== undefined) return { address, password: known };
  const { password, hash } = makeUpPassword();
  await mail.serve([...mailboxes.filter((one) => one !== mailbox), { ...mailbox, hash }], run);
  tally.skip('webmail-password-made-up', address);
  return { address, password };
};

const tellWhyNot = (started: Exclude<StartedWebmail, { kind: 'started' }>, place: string, tally: CheckTally): void => {
  switch (started.kind) {
    case 'missing':
      tally.skip('no-program', started.what);
      return;
    case 'closed':
      tally.skip('program-closed', started.folder);
      return;
    case 'database-refused':
      tally.find({ kind: 'webmail-database-refused', subject: place, detail: started.said });
  }
};

const visitOne = async (
  { database, tables: { place, people } }: KeptWebmail,
  { mail, mailboxes, candidates }: Place & { readonly candidates: readonly ServedMailbox[] },
  { parts, state }: { readonly parts: DrillParts; readonly state: DrillState },
  run: Run,
): Promise<void> => {
  const tally = state.tallies['webmail-login'];
  const logins = usableLogins(state.accounts, parts.wish.logins);
  const mailbox = chooseVisitor(candidates, { logins, people });
  const { webmail: store } = database;
  if (mailbox === undefined || store === undefined) {
    tally.skip('no-webmail-login');
    return;
  }
  const started = await parts.startWebmail(
    { mailPort: mail.port, kind: store.kind, open: (entry, of) => store.open({ ...entry, place }, of) },
    run,
  );
  if (started.kind !== 'started') {
    tellWhyNot(started, place, tally);
    return;
  }
  const { webmail } = started;
  state.programs.push({ name: webmail.description });
  try {
    const visitor = await visitorFor(mailbox, logins, { mail, mailboxes, tally }, run);
    tally.look();
    const outcome = await webmail.visit(visitor, run);
    if (outcome.kind === 'shown') return;
    const subject = outcome.kind === 'no-page' || outcome.kind === 'database-refused' ? place : visitor.address;
    tally.find({ kind: kinds[outcome.kind], subject, detail: outcome.said });
  } finally {
    await webmail.stop();
  }
};

/** Somebody logs in to each webmail on its restored tables, and looks at the inbox. */
export const tryWebmail = async (
  { mail, mailboxes, outside }: Place & { readonly outside: ServedMailbox },
  parts: DrillParts,
  state: DrillState,
  run: Run,
): Promise<void> => {
  const place = { mail, mailboxes: [...mailboxes, outside], candidates: mailboxes };
  for (const webmail of state.webmails) {
    run.emit({ kind: 'phase', phase: 'drill: logging in to webmail' });
    try {
      await visitOne(webmail, place, { parts, state }, run);
    } catch (error) {
      const detail = asTold(error, run).message;
      state.tallies['webmail-login'].find({ kind: 'webmail-no-page', subject: webmail.tables.place, detail });
    }
  }
};
