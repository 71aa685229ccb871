import type { MailView, RestoredTree, ThrowawayMail } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { Base } from '../../contract/source.ts';
import { mailboxText } from '../../mail/mailbox-name.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import { compareFolder } from '../../model/drill/compare-folder.ts';
import { asTold } from './as-told.ts';
import { type ExpectedFolder, expectedFolder } from './expected-folder.ts';
import type { Sampling } from './sampled-source.ts';
import { folderPath, type SurveyedMaildir } from './survey-mail.ts';

/** The checks that a mailbox is part of. */
export interface MailTallies {
  readonly logins: CheckTally;
  readonly folders: CheckTally;
  readonly messages: CheckTally;
  readonly flags: CheckTally;
  readonly mailKey: CheckTally;
}

export interface CheckedMailbox {
  readonly maildir: SurveyedMaildir;
  /** What it is called to people, and to the mail server. */
  readonly address: string;
  /** The person's own; undefined: it is not known. */
  readonly password: string | undefined;
  readonly base: Pick<Base, 'children'>;
  readonly tree: RestoredTree;
  readonly sampling: Sampling;
  /** Whether the keys of encrypted mail are at hand. */
  readonly hasMailKey: boolean;
  /** Files that could not be restored are told already. */
  readonly isTold: (path: string) => boolean;
}

/** As the drill's own mail server calls it: levels parted by a slash. */
const servedName = (directory: ByteString): ByteString =>
  byteStringOfLatin1(directory === '' ? 'INBOX' : directory.slice(1).replaceAll('.', '/'));

const shownPath = ({ component, path }: SurveyedMaildir, folder: ByteString): string =>
  [component, ...folderPath(path, folder).map(displayText)].join('/');

/** With the person's own password where it is known; who is refused is looked at all the same. */
const login = async (
  mail: ThrowawayMail,
  { address, password }: CheckedMailbox,
  tally: CheckTally,
  run: Run,
): Promise<MailView | undefined> => {
  const attempt = async (own: string | undefined): Promise<MailView | undefined> => {
    tally.look();
    try {
      return await mail.login(address, own, run);
    } catch (error) {
      const fault = asTold(error, run);
      tally.find({ kind: 'login-refused', subject: address, detail: own === undefined ? fault.message : '' });
      return undefined;
    }
  };
  if (password === undefined) return attempt(undefined);
  return (await attempt(password)) ?? attempt(undefined);
};

interface FolderCheck {
  readonly mailbox: CheckedMailbox;
  readonly folder: ByteString;
  readonly expected: ExpectedFolder;
  readonly tallies: MailTallies;
}

/** What is told without a mail server: what was not restored, and keywords without a name. */
const tellRestored = ({ mailbox, folder, expected, tallies }: FolderCheck): void => {
  const { maildir, address } = mailbox;
  const place = `${address}: ${mailboxText(servedName(folder))}`;
  tallies.messages.look(expected.messages.length + expected.missing.length);
  const untold = expected.missing.filter(
    (name) => !mailbox.isTold(`${shownPath(maildir, folder)}/${displayText(name)}`),
  );
  if (untold.length > 0) {
    tallies.messages.find({
      kind: 'message-missing',
      subject: place,
      count: untold.length,
      detail: displayText(untold[0] ?? folder),
    });
  }
  for (const [letter, count] of expected.nameless) {
    tallies.flags.find({ kind: 'keyword-nameless', subject: place, count, detail: letter });
  }
};

const compareServed = async ({ mailbox, folder, expected, tallies }: FolderCheck, view: MailView, run: Run) => {
  const name = servedName(folder);
  const subject = `${mailbox.address}: ${mailboxText(name)}`;
  tallies.folders.look();
  if (!view.folders.includes(name)) {
    tallies.folders.find({ kind: 'folder-missing', subject });
    return;
  }
  const served = await view.look(name, run);
  const { unserved, flagsLost, moved } = compareFolder(expected.messages, served.messages);
  tallies.flags.look(expected.messages.length - unserved.length);
  if (unserved.length > 0) {
    tallies.messages.find({ kind: 'message-unserved', subject, count: unserved.length, detail: unserved[0] ?? '' });
  }
  const [lost] = flagsLost;
  if (lost !== undefined) {
    tallies.flags.find({ kind: 'flag-lost', subject, count: flagsLost.length, detail: lost.missing.join(' ') });
  }
  const isOther = expected.uidValidity !== undefined && served.uidValidity !== expected.uidValidity;
  if (isOther || moved.length > 0) {
    const count = isOther ? expected.messages.length : moved.length;
    tallies.folders.find({ kind: 'identity-changed', subject, count, detail: isOther ? 'UIDVALIDITY' : 'UID' });
  }
  if (expected.encrypted > 0) tallies.mailKey.look(expected.encrypted);
};

/** A folder that cannot be opened is a finding, and the others are looked at on a new connection. */
const lookAtFolder = async (
  check: FolderCheck,
  open: () => Promise<MailView | undefined>,
  run: Run,
): Promise<boolean> => {
  const { mailbox, folder, expected, tallies } = check;
  const subject = `${mailbox.address}: ${mailboxText(servedName(folder))}`;
  const view = await open();
  if (view === undefined) return false;
  if (expected.encrypted > 0 && !mailbox.hasMailKey) return true;
  try {
    await compareServed(check, view, run);
    return true;
  } catch (error) {
    const fault = asTold(error, run);
    if (expected.encrypted > 0) {
      tallies.mailKey.find({ kind: 'mail-undecryptable', subject, count: expected.encrypted, detail: fault.message });
    } else tallies.folders.find({ kind: 'folder-unreadable', subject, detail: fault.message });
    return false;
  }
};

/** Logs in to a mailbox, and compares all that it shows with what the backup says. Returns how many of its messages are encrypted. */
export const checkMailbox = async (
  mail: ThrowawayMail | undefined,
  mailbox: CheckedMailbox,
  tallies: MailTallies,
  run: Run,
): Promise<number> => {
  const { maildir, base, tree, sampling } = mailbox;
  let view: MailView | undefined;
  let hasTried = false;
  let encrypted = 0;
  const open = async (): Promise<MailView | undefined> => {
    if (view !== undefined || mail === undefined || hasTried) return view;
    hasTried = true;
    view = await login(mail, mailbox, tallies.logins, run);
    return view;
  };
  try {
    for (const folder of maildir.folders) {
      const place = { base, tree, folder: folderPath(maildir.path, folder), sampling };
      const expected = await expectedFolder(place, run);
      encrypted += expected.encrypted;
      const check = { mailbox, folder, expected, tallies };
      tellRestored(check);
      if (await lookAtFolder(check, open, run)) continue;
      await view?.close();
      view = undefined;
      hasTried = mail === undefined || tallies.logins.result().outcome === 'failed';
    }
  } finally {
    await view?.close();
  }
  return encrypted;
};
