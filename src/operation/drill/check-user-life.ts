import { randomBytes } from 'node:crypto';
import type { ServedMailbox, StoredAccount, ThrowawayDatabase, ThrowawayMail } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import type { DrillFinding } from '../../model/drill/drill-record.ts';
import { isFault } from '../../model/fault.ts';
import { asTold } from './as-told.ts';
import { type MadeUpPassword, makeUpPassword } from './made-up-password.ts';

/** Where a user of the drill lives, from its first day to its last. */
export interface UserLife {
  readonly database: ThrowawayDatabase;
  readonly mail: ThrowawayMail;
  /** Those that are served besides. */
  readonly mailboxes: readonly ServedMailbox[];
  /** Of the new user: a domain of the server. */
  readonly domain: string;
  /** An empty Maildir for it, with its owner. */
  readonly home: Pick<ServedMailbox, 'maildir' | 'uid' | 'gid'>;
  readonly accountsQuery: string | undefined;
}

const isLetIn = async ({ mail }: UserLife, address: string, password: string, run: Run): Promise<boolean> => {
  try {
    await (await mail.login(address, password, run)).close();
    return true;
  } catch (error) {
    if (!isFault(error, 'credentials-refused')) throw error;
    return false;
  }
};

/** The mail server knows of the user what the database says now. Returns whether it has one. */
const passOn = async (life: UserLife, address: string, run: Run): Promise<boolean> => {
  const { database, mail, mailboxes, home, accountsQuery } = life;
  const tables = await database.accounts(accountsQuery, run);
  const account = tables.flatMap(({ accounts }) => accounts).find((one) => one.address === address);
  const own = account === undefined ? [] : [{ ...home, ...account }];
  await mail.serve([...mailboxes, ...own], run);
  return account !== undefined;
};

type Trouble = Pick<DrillFinding, 'kind'> & Partial<DrillFinding>;

/** Does one step; what it throws is found as `kind`. Returns whether the next makes sense. */
const step = async (
  kind: DrillFinding['kind'],
  { subject, tally }: { readonly subject: string; readonly tally: CheckTally },
  work: () => Promise<Trouble | undefined>,
  run: Run,
): Promise<boolean> => {
  tally.look();
  let trouble: Trouble | undefined;
  try {
    trouble = await work();
  } catch (error) {
    trouble = { kind, detail: asTold(error, run).message };
  }
  if (trouble !== undefined) tally.find({ subject, ...trouble });
  return trouble === undefined;
};

/** Creates a user in the restored database, changes the password, deletes the user; each time the mail server is asked for a login. */
export const checkUserLife = async (life: UserLife, tally: CheckTally, run: Run): Promise<void> => {
  const { database, domain } = life;
  const known = await database.mailTables?.accountTable(run);
  if (known === undefined || known.kind === 'unknown') {
    tally.skip('schema-unknown', known?.detail);
    return;
  }
  const { table } = known;
  const address = `mailkeep-drill-${randomBytes(4).toString('hex')}@${domain}`;
  const [first, second] = [makeUpPassword(), makeUpPassword()];
  const at = { subject: table.place, tally };
  const user = ({ hash }: MadeUpPassword): StoredAccount => ({ address, hash });
  run.emit({ kind: 'phase', phase: 'drill: creating, changing and deleting a user' });
  const isCreated = await step(
    'user-not-created',
    at,
    async () => {
      await table.create(user(first), run);
      if (!(await passOn(life, address, run))) return { kind: 'user-not-created' };
      return (await isLetIn(life, address, first.password, run)) ? undefined : { kind: 'user-not-let-in' };
    },
    run,
  );
  if (!isCreated) return;
  await step(
    'user-not-changed',
    at,
    async () => {
      await table.change(user(second), run);
      await passOn(life, address, run);
      if (await isLetIn(life, address, first.password, run)) return { kind: 'old-password-accepted' };
      return (await isLetIn(life, address, second.password, run)) ? undefined : { kind: 'user-not-changed' };
    },
    run,
  );
  await step(
    'user-not-deleted',
    at,
    async () => {
      await table.remove(address, run);
      await passOn(life, address, run);
      return (await isLetIn(life, address, second.password, run)) ? { kind: 'user-not-deleted' } : undefined;
    },
    run,
  );
};
