import type { BrowsableSnapshot, LevelText, StoredFolder } from '../../contract/browse.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Nanoseconds, Path } from '../../model/entry.ts';
import { isFault } from '../../model/fault.ts';
import { type DirectoryNames, findMailboxes, type Mailbox } from '../../mail/mailbox.ts';
import { mailboxText } from '../../mail/mailbox-name.ts';
import type { MailboxFolders } from './message-list.ts';
import { createUniqueNames, safeName } from './safe-name.ts';

/** A mail folder as a person knows it: it may hold messages, folders, or both. */
export interface MailboxNode {
  readonly name: ByteString;
  readonly modified: Nanoseconds | undefined;
  /** Absent where a name has a level above it that is no mailbox itself. */
  readonly mailbox: MailboxFolders | undefined;
  readonly below: readonly MailboxNode[];
}

interface FoundMaildir extends MailboxFolders {
  readonly modified: Nanoseconds;
}

const name = byteStringOfLatin1;
const [cur, fresh, temporary] = [name('cur'), name('new'), name('tmp')];
const keyOf = (path: Path): string => path.join('/');

/** Finds all Maildirs, without a look at their messages. A folder that cannot be read is told and passed over. */
const findMaildirs = async (root: StoredFolder, run: Run): Promise<ReadonlyMap<string, FoundMaildir>> => {
  const found = new Map<string, FoundMaildir>();
  const waiting: { readonly path: Path; readonly folder: StoredFolder }[] = [{ path: [], folder: root }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    throwIfInterrupted(run);
    const { path, folder } = next;
    const below = new Map<ByteString, { readonly folder: StoredFolder; readonly modified: Nanoseconds }>();
    try {
      for await (const page of folder.children(run)) {
        for (const { entry, folder: child } of page)
          if (child !== undefined) below.set(entry.name, { folder: child, modified: entry.mtime });
      }
    } catch (error) {
      if (!isFault(error, 'tree-damaged', 'blob-missing', 'blob-damaged', 'pack-damaged', 'object-missing'))
        throw error;
      run.emit({ kind: 'fault', fault: error, path: name(`/${keyOf(path)}`) });
    }
    const [inCur, inNew] = [below.get(cur), below.get(fresh)];
    if (inCur !== undefined && inNew !== undefined) {
      const modified = inCur.modified > inNew.modified ? inCur.modified : inNew.modified;
      found.set(keyOf(path), { path, cur: inCur.folder, new: inNew.folder, modified });
      for (const own of [cur, fresh, temporary]) below.delete(own);
    }
    for (const [own, { folder: child }] of below) waiting.push({ path: [...path, own], folder: child });
  }
  return found;
};

/** What tells accounts apart in their paths: without what all have in common before and behind it. */
export const accountNames = (roots: readonly Path[]): readonly string[] => {
  const [first] = roots;
  if (first === undefined || roots.length === 1) return roots.map(() => '');
  const shortest = Math.min(...roots.map((root) => root.length));
  let before = 0;
  while (before < shortest && roots.every((root) => root[before] === first[before])) before++;
  let behind = 0;
  while (before + behind < shortest && roots.every((root) => root.at(-1 - behind) === first.at(-1 - behind))) behind++;
  return roots.map((root) =>
    root
      .slice(before, root.length - behind)
      .map(displayText)
      .join(' '),
  );
};

interface GrowingNode {
  readonly label: string;
  found: FoundMaildir | undefined;
  readonly below: Map<string, GrowingNode>;
}

const grow = (top: GrowingNode, labels: readonly string[], found: FoundMaildir | undefined): void => {
  let node = top;
  for (const label of labels) {
    let next = node.below.get(label);
    if (next === undefined) node.below.set(label, (next = { label, found: undefined, below: new Map() }));
    node = next;
  }
  // Two folders of one name (`INBOX` twice): each is shown, the second under a name of its own.
  if (node.found === undefined) node.found = found;
  else node.below.set(`${keyOf(found?.path ?? [])}\0`, { label: labels.at(-1) ?? '', found, below: new Map() });
};

const finish = (nodes: Iterable<GrowingNode>): readonly MailboxNode[] => {
  const unique = createUniqueNames();
  return [...nodes].map(({ label, found, below }) => ({
    name: unique(safeName(label)),
    modified: found?.modified,
    mailbox: found,
    below: finish(below.values()),
  }));
};

const labelsOf = ({ levels }: Mailbox, levelText: LevelText): readonly string[] =>
  levels.length === 0 ? ['INBOX'] : levels.map((level) => levelText(level));

/** The mail folders of a snapshot, with the names that people know; each account in a folder of its own if there are more. */
export const mailboxTree = async (
  snapshot: Pick<BrowsableSnapshot, 'root' | 'levelText'>,
  run: Run,
): Promise<readonly MailboxNode[]> => {
  const maildirs = await findMaildirs(snapshot.root, run);
  const directories: DirectoryNames[] = [...maildirs.values()].map(({ path }) => ({ path, names: [cur, fresh] }));
  const mailboxes = findMailboxes(directories);
  const roots = [...new Map(mailboxes.map(({ root }) => [keyOf(root), root])).values()];
  const accounts = new Map(accountNames(roots).map((account, at) => [keyOf(roots[at] ?? []), account]));
  const top: GrowingNode = { label: '', found: undefined, below: new Map() };
  for (const mailbox of mailboxes) {
    const account = accounts.get(keyOf(mailbox.root)) ?? '';
    const above = roots.length > 1 ? [account] : [];
    grow(top, [...above, ...labelsOf(mailbox, snapshot.levelText ?? mailboxText)], maildirs.get(keyOf(mailbox.path)));
  }
  return finish(top.below.values());
};
