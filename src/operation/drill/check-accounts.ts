import type { StoredAccount } from '../../contract/drill.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import { isForeignHash, isUsableHash } from '../../model/drill/usable-hash.ts';
import type { DrillWish } from './drill-parts.ts';

/** Passwords that this drill's mail server can compare with their hashes. */
export const usableLogins = (accounts: readonly StoredAccount[], logins: DrillWish['logins']): DrillWish['logins'] => {
  const foreign = accounts.filter(({ hash }) => isForeignHash(hash)).map(({ address }) => address.toLowerCase());
  return new Map([...logins].filter(([address]) => !foreign.includes(address)));
};

/** What of the accounts can be told before anybody logs in: hashes that can be nobody's, and people who have no account any more. */
export const checkAccounts = (
  accounts: readonly StoredAccount[],
  { logins, scheme }: Pick<DrillWish, 'logins' | 'scheme'>,
  tally: CheckTally,
): void => {
  for (const { address, hash } of accounts) {
    if (isForeignHash(hash)) {
      if (logins.has(address.toLowerCase())) tally.skip('hash-foreign', address);
    } else if (!isUsableHash(hash, scheme)) tally.find({ kind: 'hash-unusable', subject: address });
  }
  const known = new Set(accounts.map(({ address }) => address.toLowerCase()));
  // An account that was to log in, and is none any more.
  for (const address of known.size === 0 ? [] : logins.keys()) {
    if (!known.has(address)) tally.find({ kind: 'login-refused', subject: address });
  }
  if (logins.size === 0) tally.skip('no-password');
};
