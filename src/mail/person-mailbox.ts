import type { Path } from '../model/entry.ts';
import { displayText } from '../model/byte-string.ts';

/** Names of the Maildir itself, below the folder that is called after the person. */
const ownNames = /^(maildir|\.maildir|mail|inbox)$/i;

export type MailboxMatch =
  /** The folder is the person's, and that of the domain is on the way, or it is called after the whole address. */
  | 'sure'
  /** It has the person's name, and nothing tells the domain, as with users of the system. */
  | 'perhaps';

/**
 * Whether a Maildir at this path is a person's, as mail servers lay them out: `example.com/alice`, `example.com/alice/Maildir`,
 * `alice@example.com`, `home/alice/Maildir`, `example.com/a/l/i/alice-2026.01.31/Maildir` (iRedMail). Without regard to case.
 *
 * @param address `alice@example.com`, or `alice` alone.
 */
export const matchMailbox = (path: Path, address: string): MailboxMatch | undefined => {
  const names = path.map((name) => displayText(name).toLowerCase());
  while (names.length > 1 && ownNames.test(names.at(-1) ?? '')) names.pop();
  const own = names.pop();
  const whole = address.toLowerCase();
  const at = whole.lastIndexOf('@');
  const [user, domain] = at < 0 ? [whole, undefined] : [whole.slice(0, at), whole.slice(at + 1)];
  if (own === undefined || user === '') return undefined;
  if (own === whole) return 'sure';
  const stamped = own.startsWith(`${user}-`) && /^\d{4}[.\d-]*$/.test(own.slice(user.length + 1));
  if (own !== user && !stamped) return undefined;
  if (domain !== undefined && names.includes(domain)) return 'sure';
  return names.some((name) => /^[^.].*\.[a-z]{2,}$/.test(name)) ? undefined : 'perhaps';
};
