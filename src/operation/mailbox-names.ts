import type { Base } from '../contract/source.ts';
import type { LevelText } from '../contract/browse.ts';
import type { Run } from '../contract/run.ts';
import { byteStringOfLatin1 } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import { type DirectoryNames, findMailboxes, type Mailbox } from '../mail/mailbox.ts';

/** The mail folders of a tree, looked up one by one: only what is asked for is read. */
export interface MailboxNames {
  /** The mailbox whose directory this is; undefined when it is no Maildir. */
  mailboxAt(path: Path, run: Run): Promise<Mailbox | undefined>;
  /** Its name for people. */
  nameOf(path: Path, run: Run): Promise<string | undefined>;
}

const name = byteStringOfLatin1;
const ownNames = [name('cur'), name('new')];
const inboxNames = [name('INBOX'), name('Inbox'), name('inbox')];

export const createMailboxNames = (
  base: Pick<Base, 'directory'> & { readonly levelText?: LevelText },
): MailboxNames => {
  const maildirs = new Map<string, Promise<boolean>>();
  const found = new Map<string, Promise<Mailbox | undefined>>();

  const looksLikeMaildir = async (path: Path, run: Run): Promise<boolean> => {
    for (const own of ownNames) if ((await base.directory([...path, own], run)) === undefined) return false;
    return true;
  };

  const isMaildir = (path: Path, run: Run): Promise<boolean> => {
    const key = path.join('/');
    let known = maildirs.get(key);
    if (known === undefined) maildirs.set(key, (known = looksLikeMaildir(path, run)));
    return known;
  };

  const look = async (path: Path, run: Run): Promise<Mailbox | undefined> => {
    if (!(await isMaildir(path, run))) return undefined;
    // What a folder is called depends on the Maildirs above it, and on an INBOX beside them.
    const directories: DirectoryNames[] = [{ path, names: ownNames }];
    for (let depth = 0; depth < path.length; depth++) {
      const above = path.slice(0, depth);
      const candidates = [above, ...inboxNames.map((inbox) => [...above, inbox])];
      for (const candidate of candidates) {
        if (await isMaildir(candidate, run)) directories.push({ path: candidate, names: ownNames });
      }
    }
    return findMailboxes(directories, base.levelText).find((mailbox) => mailbox.path.join('/') === path.join('/'));
  };

  const mailboxAt = (path: Path, run: Run): Promise<Mailbox | undefined> => {
    const key = path.join('/');
    let known = found.get(key);
    if (known === undefined) found.set(key, (known = look(path, run)));
    return known;
  };

  return { mailboxAt, nameOf: async (path, run) => (await mailboxAt(path, run))?.name };
};
