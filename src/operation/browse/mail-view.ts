import type { BrowsableSnapshot, BrowsedFolder, BrowsedNode } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import type { OpenSnapshot } from './file-view.ts';
import { madeFolder, type Members, membersOf } from './folder.ts';
import { type MailboxNode, mailboxTree } from './mailbox-tree.ts';
import { createMessageList, type MailboxFolders, type MessageList, type SummaryCache } from './message-list.ts';

/** Messages of lists that are kept, all together; the list that was asked for last always is. */
const keptMessages = 100_000;
const keptTrees = 8;

/** What was found out about the mail of snapshots, bounded. */
export interface MailMemory {
  readonly summaries: SummaryCache;
  list(snapshot: BrowsableSnapshot, mailbox: MailboxFolders, run: Run): Promise<MessageList>;
  tree(snapshot: BrowsableSnapshot, run: Run): Promise<readonly MailboxNode[]>;
}

export const createMailMemory = (summaries: SummaryCache): MailMemory => {
  const lists = new Map<string, { readonly list: Promise<MessageList>; count: number }>();
  const trees = new Map<string, Promise<readonly MailboxNode[]>>();

  const trim = (): void => {
    let messages = 0;
    for (const { count } of lists.values()) messages += count;
    for (const [key, { count }] of lists) {
      if (messages <= keptMessages || lists.size <= 1) return;
      lists.delete(key);
      messages -= count;
    }
  };

  return {
    summaries,
    list(snapshot, mailbox, run) {
      const key = `${mailbox.cur.identity} ${mailbox.new.identity}`;
      const known = lists.get(key);
      if (known !== undefined) {
        lists.delete(key);
        lists.set(key, known);
        return known.list;
      }
      const entry = { list: createMessageList(snapshot, mailbox, summaries, run), count: 0 };
      lists.set(key, entry);
      entry.list.then(
        ({ count }) => {
          entry.count = count;
          trim();
        },
        () => lists.delete(key),
      );
      return entry.list;
    },
    tree(snapshot, run) {
      const key = snapshot.root.identity;
      let tree = trees.get(key);
      if (tree !== undefined) return tree;
      tree = mailboxTree(snapshot, run);
      trees.set(key, tree);
      tree.catch(() => trees.delete(key));
      for (const oldest of trees.keys()) {
        if (trees.size <= keptTrees) break;
        trees.delete(oldest);
      }
      return tree;
    },
  };
};

interface MailParts {
  readonly snapshot: BrowsableSnapshot;
  readonly memory: MailMemory;
  /** Of the snapshot: for folders that are nowhere stored. */
  readonly time: Nanoseconds;
}

const mailboxFolder = (node: MailboxNode, parts: MailParts): BrowsedFolder => {
  const { mailbox, below } = node;
  const folders = membersOf(below.map((child) => mailboxFolder(child, parts)));
  const modified = node.modified ?? parts.time;
  if (mailbox === undefined) return madeFolder(node.name, modified, () => folders);
  const list = (run: Run): Promise<MessageList> => parts.memory.list(parts.snapshot, mailbox, run);
  return {
    kind: 'folder',
    name: node.name,
    modified,
    async *children(run): AsyncGenerator<readonly BrowsedNode[]> {
      if (folders.size > 0) yield [...folders.values()];
      for await (const page of (await list(run)).pages(run)) yield page.filter((file) => !folders.has(file.name));
    },
    child: async (name, run) => folders.get(name) ?? (await list(run)).find(name, run),
  };
};

/** The mail of a snapshot: its mailboxes as people know them, and their messages as files to be opened. */
export const mailView = (
  { name, modified }: { readonly name: ByteString; readonly modified: Nanoseconds },
  open: OpenSnapshot,
  memory: MailMemory,
): BrowsedFolder =>
  madeFolder(name, modified, async (run): Promise<Members> => {
    const snapshot = await open(run);
    const nodes = await memory.tree(snapshot, run);
    return membersOf(nodes.map((node) => mailboxFolder(node, { snapshot, memory, time: modified })));
  });
