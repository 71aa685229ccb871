import type { Run } from '../../../contract/run.ts';
import type { ServerBackup } from '../../../contract/server-backup.ts';
import { byteStringOfText, displayText } from '../../../model/byte-string.ts';
import type { Metadata, Path } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { findPersonMailboxes } from '../../../operation/person-mail/find-mailbox.ts';

/** A person's Maildir in a backup of a server. */
export interface PersonMailbox {
  /** With the name of the component in front. */
  readonly path: Path;
  readonly metadata: Metadata;
}

export interface MailboxWish {
  readonly address: string;
  /** Its path in the component `mail`, or from the root of the backup. */
  readonly mailbox: string | undefined;
}

const textOf = (path: Path): string => path.map((name) => displayText(name)).join('/');

/** Faults: `path-missing`, `usage` where several may be the person's. */
export const findMailbox = async (backup: ServerBackup, wish: MailboxWish, run: Run): Promise<PersonMailbox> => {
  const trees = backup.components.filter(({ form }) => form === 'tree').map(({ name }) => name);
  const components = trees.includes('mail') ? ['mail'] : trees;
  const candidates: PersonMailbox[] = [];
  for (const component of components) candidates.push(...(await inComponent(backup, { ...wish, component }, run)));
  const [first] = candidates;
  if (first === undefined) throw notFound(backup, wish);
  if (candidates.length === 1) return first;
  throw new Fault('usage', `several mailboxes may be those of ${wish.address}`, {
    hint: `Name one with --mailbox: ${candidates.map(({ path }) => textOf(path.slice(1))).join(', ')}`,
  });
};

const notFound = ({ description }: ServerBackup, { address, mailbox }: MailboxWish): Fault =>
  mailbox === undefined
    ? new Fault('path-missing', `${description} has no mailbox that is called after ${address}`, {
        hint: 'Name its Maildir with --mailbox, as vmail/example.com/alice.',
      })
    : new Fault('path-missing', `${description} has no folder ${mailbox} among its mail`, {
        hint: 'Leave out --mailbox to have it looked for.',
      });

const inComponent = async (
  backup: ServerBackup,
  { address, mailbox, component }: MailboxWish & { readonly component: string },
  run: Run,
): Promise<readonly PersonMailbox[]> => {
  const root = byteStringOfText(component);
  const tree = await backup.open([root], run);
  try {
    const { found } =
      mailbox === undefined
        ? await findPersonMailboxes(tree, address, run)
        : { found: [pathOf(mailbox, component)].filter((path) => path.length > 0) };
    const mailboxes: PersonMailbox[] = [];
    for (const path of found) {
      const directory = await tree.directory(path, run);
      if (directory?.metadata !== undefined) mailboxes.push({ path: [root, ...path], metadata: directory.metadata });
    }
    return mailboxes;
  } finally {
    await tree.close();
  }
};

const pathOf = (mailbox: string, component: string): Path => {
  const names = mailbox.split('/').filter((name) => name !== '' && name !== '.');
  return (names[0] === component ? names.slice(1) : names).map(byteStringOfText);
};
