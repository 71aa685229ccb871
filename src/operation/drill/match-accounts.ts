import type { StoredAccount } from '../../contract/drill.ts';
import { matchMailbox } from '../../mail/person-mailbox.ts';
import type { SurveyedMaildir } from './survey-mail.ts';

/** A Maildir, and whose it is as far as accounts tell. */
export interface MatchedMaildir {
  readonly maildir: SurveyedMaildir;
  readonly account: StoredAccount | undefined;
}

/** Which Maildir is whose. One that nobody of the accounts has is kept, without an account. */
export const matchAccounts = (
  maildirs: readonly SurveyedMaildir[],
  accounts: readonly StoredAccount[],
): readonly MatchedMaildir[] => {
  const owners = new Map<SurveyedMaildir, StoredAccount>();
  for (const account of accounts) {
    const free = maildirs.filter((maildir) => !owners.has(maildir));
    const sure = free.find(({ path }) => matchMailbox(path, account.address) === 'sure');
    const found = sure ?? free.find(({ path }) => matchMailbox(path, account.address) === 'perhaps');
    if (found !== undefined) owners.set(found, account);
  }
  return maildirs.map((maildir) => ({ maildir, account: owners.get(maildir) }));
};
