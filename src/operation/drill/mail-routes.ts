import type { MailAlias, MailRouting } from '../../contract/drill.ts';

const lower = (text: string): string => text.toLowerCase();
const domainOf = (address: string): string => lower(address.slice(address.lastIndexOf('@') + 1));

/** Mail for `user+box@example.com` is the user's. */
export const withoutExtension = (address: string): string => address.replace(/\+[^@]*(?=@)/, '');

/** How the tables of a server lead mail to mailboxes. */
export interface MailRoutes {
  /** Whom mail for this address comes to in the end, in small letters; those elsewhere are left out. */
  readonly ends: (address: string) => ReadonlySet<string>;
  /** Aliases that lead to an address of this server that is nobody's, with that address. */
  readonly nowhere: readonly { readonly address: string; readonly target: string }[];
}

/** `mailboxes`: addresses of accounts. Sense and order of the look-ups are those of Postfix's virtual(5). */
export const mailRoutes = (
  { aliases, domains, domainAliases }: MailRouting,
  mailboxes: readonly string[],
): MailRoutes => {
  const people = new Set(mailboxes.map(lower));
  const own = new Set(domains === undefined ? mailboxes.map(domainOf) : domains.map(lower));
  const stands = new Map(domainAliases.map(({ domain, target }) => [lower(domain), lower(target)]));
  const leads = new Map(aliases.map(({ address, targets }) => [lower(address), targets.map(lower)]));
  const next = (address: string): readonly string[] | undefined => {
    const exact = leads.get(address) ?? leads.get(withoutExtension(address));
    if (exact !== undefined) return exact;
    const domain = domainOf(address);
    const all = leads.get(`@${domain}`);
    if (all !== undefined && !people.has(withoutExtension(address))) return all;
    const target = stands.get(domain);
    return target === undefined ? undefined : [`${address.slice(0, address.lastIndexOf('@'))}@${target}`];
  };
  const ends = (address: string): ReadonlySet<string> => {
    const found = new Set<string>();
    const seen = new Set<string>();
    const open = [lower(address)];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const to = next(at);
      // One that leads to itself too keeps a copy.
      if (people.has(withoutExtension(at)) && (to === undefined || to.includes(at))) found.add(withoutExtension(at));
      open.push(...(to ?? []));
    }
    return found;
  };
  const isNowhere = (target: string): boolean => {
    const domain = domainOf(target);
    if (!target.includes('@') || !(own.has(domain) || stands.has(domain))) return false;
    if (people.has(withoutExtension(target))) return false;
    const to = next(target);
    // Another alias is judged by itself; a domain that stands for another has none.
    const isAlias = leads.has(target) || leads.has(withoutExtension(target)) || leads.has(`@${domain}`);
    return to === undefined || (!isAlias && !own.has(domain) && to.every((one) => isNowhere(one)));
  };
  const nowhere = aliases.flatMap(({ address, targets }) =>
    targets.filter((target) => isNowhere(lower(target))).map((target) => ({ address, target })),
  );
  return { ends, nowhere };
};

/** One that is more than the address of a mailbox itself. */
export const isForwarding = ({ address, targets }: MailAlias): boolean =>
  !address.startsWith('@') && !(targets.length === 1 && targets.every((target) => lower(target) === lower(address)));
