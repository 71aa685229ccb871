import type { ByteString } from '../../model/byte-string.ts';

/** What a file beside `cur` and `new` is to the mail server, and so what becomes of it where the folder lives. */
export type LivingFile =
  /** Which UID each message has: never changed by us. */
  | 'uid-list'
  /** Which letter stands for which keyword. */
  | 'keywords'
  | 'subscriptions'
  /** The server's own, true of its own state alone: comes only where there is none. */
  | 'state'
  /** The server makes it again: never comes. */
  | 'derived'
  /** Everything else, such as scripts of Sieve. */
  | 'ordinary';

const derived =
  /^(dovecot\.index(?!\.pvt).*|dovecot\.list\.index.*|dovecot\.mailbox\.log.*|dovecot-acl-list|maildirsize|.*\.svbin|.*\.lock)$/;
const state = /^(dovecot-uidvalidity.*|dovecot\.index\.pvt.*|dovecot-(acl|shared|attributes)|maildirfolder|courier.*)$/;

export const livingFileOf = (name: ByteString): LivingFile => {
  if (name === 'dovecot-uidlist' || name === 'courierimapuiddb') return 'uid-list';
  if (name === 'dovecot-keywords') return 'keywords';
  if (name === 'subscriptions' || name === 'courierimapsubscribed') return 'subscriptions';
  if (derived.test(name)) return 'derived';
  return state.test(name) ? 'state' : 'ordinary';
};

/**
 * Where Dovecot keeps mail in a format of its own (sdbox, mdbox): the folder that holds all of it, for a path in one.
 * Its index names the messages in its files, so that the parts of two of them cannot be put together.
 */
export const boxStoreOf = (path: readonly ByteString[]): readonly ByteString[] | undefined => {
  const at = path.findIndex((name) => name === 'dbox-Mails');
  if (at < 0) return undefined;
  const mailboxes = path.findIndex((name, depth) => depth < at && name === 'mailboxes');
  return path.slice(0, mailboxes < 0 ? Math.max(0, at - 1) : mailboxes);
};
