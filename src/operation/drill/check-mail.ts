import type { Run } from '../../contract/run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { checkAccounts, usableLogins } from './check-accounts.ts';
import { checkMailbox } from './check-mailbox.ts';
import type { DrillParts } from './drill-parts.ts';
import { addTime, type DrillState, moment } from './drill-state.ts';
import { findMailKey } from './mail-key.ts';
import type { Sampling } from './sampled-source.ts';
import { type Served, serveMail } from './serve-mail.ts';
import type { SurveyedMaildir } from './survey-mail.ts';
import { tryMail } from './try-mail.ts';

interface HowToLook {
  readonly sampling: Sampling;
  /** Whether the keys of encrypted mail are at hand. */
  readonly hasMailKey: boolean;
}

const lookAtMailboxes = async (
  { mail, mailboxes }: Served,
  how: HowToLook,
  { parts, state }: { readonly parts: DrillParts; readonly state: DrillState },
  run: Run,
): Promise<void> => {
  const { backup, wish } = parts;
  const { logins, folders, messages, flags, 'mail-key': mailKey } = state.tallies;
  const passwords = usableLogins(state.accounts, wish.logins);
  let encrypted = 0;
  for (const [component, tree] of state.trees) {
    const own = mailboxes.filter(({ surveyed }) => surveyed.component === component);
    if (own.length === 0) continue;
    const base = await backup.open([byteStringOfText(component)], run);
    try {
      for (const { surveyed, address } of own) {
        run.emit({ kind: 'phase', phase: `drill: looking at ${address}` });
        const password = passwords.get(address.toLowerCase());
        const isTold = (path: string): boolean => state.told.has(path);
        const mailbox = { ...how, maildir: surveyed, address, password, base, tree, isTold };
        encrypted += await checkMailbox(mail, mailbox, { logins, folders, messages, flags, mailKey }, run);
      }
    } finally {
      await base.close();
    }
  }
  if (encrypted > 0 && !how.hasMailKey) {
    mailKey.find({ kind: 'mail-key-missing', subject: 'mail_crypt', count: encrypted });
  }
};

/** Starts a mail server on the restored mail, looks at every mailbox as a mail program would, and has it live for a while. */
export const checkMail = async (
  { maildirs, sampling }: { readonly maildirs: readonly SurveyedMaildir[]; readonly sampling: Sampling },
  parts: DrillParts,
  state: DrillState,
  run: Run,
): Promise<void> => {
  if (maildirs.length === 0) {
    if (state.webmails.length > 0) state.tallies['webmail-login'].skip('no-webmail-login');
    return;
  }
  run.emit({ kind: 'phase', phase: 'drill: starting the mail server' });
  checkAccounts(state.accounts, parts.wish, state.tallies.logins);
  const key = await findMailKey(state.trees, run);
  const began = moment(run);
  const served = await serveMail({ maildirs, key }, parts, state, run);
  try {
    addTime('start', began, state, run);
    await lookAtMailboxes(served, { sampling, hasMailKey: key !== undefined }, { parts, state }, run);
    await tryMail(served, parts, state, run);
  } finally {
    await served.mail?.stop();
  }
};
