import { userInfo } from 'node:os';
import type { StartedMail } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { MailServerWish } from '../../operation/drill/drill-parts.ts';
import { throwawayMail } from '../../registry/drill.ts';
import { createAccountNames } from '../../system/account-name.ts';
import type { SitesWish } from './drill-sites.ts';
import type { ScratchPlace } from './scratch-place.ts';

export interface MailStart extends MailServerWish {
  readonly scheme: string;
  readonly place: ScratchPlace;
  readonly sites: SitesWish;
}

/** By their names, as Dovecot wants them. */
const ownNames = (): { readonly name: string; readonly group: string } => {
  const { username, gid } = userInfo();
  return { name: username, group: createAccountNames().group(gid) };
};

/** Starts a mail server on restored mailboxes. Fault `server-unavailable`. */
export const startMail = async (
  { mailboxes, keys, scheme, place, sites }: MailStart,
  run: Run,
): Promise<StartedMail> => {
  const { environment, isRoot } = sites;
  const user = isRoot ? undefined : ownNames();
  const { dovecot: folder, noteService } = place;
  const mail = await throwawayMail({ folder, mailboxes, scheme, keys, environment, user, noteService }, run);
  return mail === undefined
    ? { kind: 'missing', reason: 'no-program', what: 'Dovecot (dovecot-imapd)' }
    : { kind: 'started', mail };
};
