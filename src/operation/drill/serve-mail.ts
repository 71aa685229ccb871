import type { RestoredTree, ServedMailbox, ThrowawayMail } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import { displayText } from '../../model/byte-string.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import { asTold } from './as-told.ts';
import type { DrillParts } from './drill-parts.ts';
import type { DrillState } from './drill-state.ts';
import type { MailKey } from './mail-key.ts';
import { matchAccounts } from './match-accounts.ts';
import type { SurveyedMaildir } from './survey-mail.ts';

/** Nobody can log in with it: it is no hash. */
const nobodysHash = '{PLAIN-MD5}-';

export interface SurveyedMailbox extends ServedMailbox {
  readonly surveyed: SurveyedMaildir;
}

export interface Served {
  /** Undefined: it could not be started. */
  readonly mail: ThrowawayMail | undefined;
  readonly mailboxes: readonly SurveyedMailbox[];
  /** A mailbox that stands for the rest of the world; undefined where there is nobody to write to it. */
  readonly outside: ServedMailbox | undefined;
}

const outsideOf = async (
  mailboxes: readonly ServedMailbox[],
  parts: DrillParts,
): Promise<ServedMailbox | undefined> => {
  const [first] = mailboxes;
  if (first === undefined) return undefined;
  const { uid, gid } = first;
  const maildir = await parts.makeMailbox('outside', { uid, gid });
  return { address: 'somebody@outside.drill.invalid', hash: nobodysHash, maildir, uid, gid };
};

const adopted = async (
  tree: RestoredTree,
  { component, path }: SurveyedMaildir,
  tally: CheckTally,
  run: Run,
): Promise<Awaited<ReturnType<RestoredTree['adopt']>> | undefined> => {
  try {
    return await tree.adopt(path);
  } catch (error) {
    const subject = [component, ...path.map(displayText)].join('/');
    tally.find({ kind: 'folder-unreadable', subject, detail: asTold(error, run).message });
    return undefined;
  }
};

const mailboxesOf = async (
  maildirs: readonly SurveyedMaildir[],
  { accounts, trees, tallies }: DrillState,
  run: Run,
): Promise<readonly SurveyedMailbox[]> => {
  const mailboxes: SurveyedMailbox[] = [];
  for (const [at, { maildir, account }] of matchAccounts(maildirs, accounts).entries()) {
    const tree = trees.get(maildir.component);
    if (tree === undefined) continue;
    const owned = await adopted(tree, maildir, tallies.folders, run);
    if (owned === undefined) continue;
    const known = account ?? { address: `mailbox-${at + 1}@drill.invalid`, hash: nobodysHash };
    mailboxes.push({ ...owned, ...known, surveyed: maildir });
  }
  return mailboxes;
};

/** Starts a mail server on what was restored. `key`: of encrypted mail. */
export const serveMail = async (
  { maildirs, key }: { readonly maildirs: readonly SurveyedMaildir[]; readonly key: MailKey | undefined },
  parts: DrillParts,
  state: DrillState,
  run: Run,
): Promise<Served> => {
  const { logins, folders } = state.tallies;
  const mailboxes = await mailboxesOf(maildirs, state, run);
  const keys = key === undefined ? undefined : await parts.keepKey(key);
  try {
    const outside = await outsideOf(mailboxes, parts);
    const all = outside === undefined ? mailboxes : [...mailboxes, outside];
    const started = await parts.startMail({ mailboxes: all, keys }, run);
    if (started.kind === 'missing') {
      for (const tally of [logins, folders]) tally.skip(started.reason, started.what);
      return { mail: undefined, mailboxes, outside };
    }
    state.programs.push(started.mail.program);
    return { mail: started.mail, mailboxes, outside };
  } catch (error) {
    folders.find({ kind: 'folder-unreadable', subject: 'Dovecot', detail: asTold(error, run).message });
    return { mail: undefined, mailboxes, outside: undefined };
  }
};
