import type {
  MailRouting,
  ServedMailbox,
  StartedTransport,
  ThrowawayMail,
  TransportWish,
} from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import { asTold } from './as-told.ts';
import { usableLogins } from './check-accounts.ts';
import { checkMailFlow } from './check-mail-flow.ts';
import { checkUserLife } from './check-user-life.ts';
import type { DrillParts } from './drill-parts.ts';
import type { DrillState } from './drill-state.ts';
import type { Served } from './serve-mail.ts';
import { tryWebmail } from './try-webmail.ts';

/** What a server without known tables does: it takes mail for its mailboxes. */
const noTables: MailRouting = { place: '', domains: undefined, aliases: [], domainAliases: [] };

interface Living {
  readonly mail: ThrowawayMail;
  readonly mailboxes: readonly ServedMailbox[];
  readonly outside: ServedMailbox;
}

const tryFlow = async ({ mail, mailboxes, outside }: Living, parts: DrillParts, state: DrillState, run: Run) => {
  const { accounts, mailDatabase } = state;
  const tally = state.tallies['mail-flow'];
  run.emit({ kind: 'phase', phase: 'drill: starting the mail transport' });
  try {
    const routing = (await mailDatabase?.mailTables?.routing(run)) ?? noTables;
    const logins = usableLogins(accounts, parts.wish.logins);
    const start = async (wish: TransportWish, of: Run): Promise<StartedTransport> => {
      const started = await parts.startTransport(wish, of);
      if (started.kind === 'started') state.programs.push({ name: started.transport.description });
      return started;
    };
    await checkMailFlow({ mail, mailboxes, routing, accounts, logins, outside, start }, tally, run);
  } catch (error) {
    tally.find({ kind: 'mail-not-delivered', subject: 'Postfix', detail: asTold(error, run).message });
  }
};

const tryUser = async ({ mail, mailboxes, outside }: Living, parts: DrillParts, state: DrillState, run: Run) => {
  const { accounts, mailDatabase: database } = state;
  const tally = state.tallies.users;
  const [account] = accounts;
  if (database === undefined || account === undefined) {
    tally.skip('schema-unknown');
    return;
  }
  const { uid, gid } = outside;
  const domain = account.address.slice(account.address.lastIndexOf('@') + 1).toLowerCase();
  try {
    const home = { maildir: await parts.makeMailbox('user', { uid, gid }), uid, gid };
    const { accountsQuery } = parts.wish;
    await checkUserLife(
      { database, mail, mailboxes: [...mailboxes, outside], domain, home, accountsQuery },
      tally,
      run,
    );
  } catch (error) {
    tally.find({ kind: 'user-not-created', subject: domain, detail: asTold(error, run).message });
  }
};

/** Has the restored server do what it is for: mail comes and goes, a user comes and goes, somebody reads mail in webmail. After all else: it changes the mailboxes. */
export const tryMail = async (
  { mail, mailboxes, outside }: Served,
  parts: DrillParts,
  state: DrillState,
  run: Run,
): Promise<void> => {
  if (mail === undefined || outside === undefined) {
    if (state.webmails.length > 0) state.tallies['webmail-login'].skip('no-webmail-login');
    return;
  }
  const living = { mail, mailboxes, outside };
  await tryFlow(living, parts, state, run);
  await tryUser(living, parts, state, run);
  await tryWebmail(living, parts, state, run);
};
