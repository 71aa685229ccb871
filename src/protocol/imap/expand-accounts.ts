import { join } from 'node:path';
import type { ImapAccount, ImapAccountEntry } from './config.ts';

/** Finds the users of a domain in the provider's directory. */
export type ListUsers = (entry: ImapAccountEntry, domain: string) => Promise<readonly string[]>;

/** One entry of the configuration as the accounts that it stands for: itself, or one for each of its users. */
export const expandAccounts = async (
  name: string,
  entry: ImapAccountEntry,
  listUsers: ListUsers,
): Promise<readonly ImapAccount[]> => {
  const { user, users, ...common } = entry;
  if (users === undefined) return user === undefined ? [] : [{ ...common, name, user }];
  const addresses = Array.isArray(users) ? users : await ofDomain(entry, users, listUsers);
  return [...new Set(addresses)].map((address) => accountOf(name, address, common));
};

const ofDomain = async (
  entry: ImapAccountEntry,
  { domain, exclude }: { readonly domain: string; readonly exclude: readonly string[] },
  listUsers: ListUsers,
): Promise<readonly string[]> => {
  const left = new Set(exclude.map((address) => address.toLowerCase()));
  return (await listUsers(entry, domain)).filter((address) => !left.has(address.toLowerCase()));
};

const accountOf = (name: string, user: string, common: Omit<ImapAccountEntry, 'user' | 'users'>): ImapAccount => ({
  ...common,
  name: `${name}/${user}`,
  user,
  store: common.store.kind === 'direct' ? common.store : { kind: 'mirror', folder: join(common.store.folder, user) },
});
