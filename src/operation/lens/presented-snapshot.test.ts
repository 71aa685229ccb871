import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrowsableSnapshot, StoredChild, StoredFolder } from '../../contract/browse.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { directTree, type FixtureFolder, newHash } from '../../mail/direct/direct-fixture.ts';
import {
  createMemorySource,
  type MemoryDirectory,
  type MemoryFile,
  type MemoryNode,
} from '../../protocol/memory/source.ts';
import { mailboxTree } from '../browse/mailbox-tree.ts';
import { readContents } from '../read-contents.ts';
import { presentSnapshot } from './presented-snapshot.ts';

const name = byteStringOfLatin1;

const entryOf = (own: ByteString, node: MemoryNode): Entry => ({
  name: own,
  type: node.kind === 'directory' ? 'directory' : 'file',
  mode: 0o600,
  mtime: 0n,
  atime: 0n,
  ctime: 0n,
  uid: 1000,
  gid: 1000,
  user: 'alice',
  group: 'alice',
  inode: 1n,
  deviceId: 1n,
  size: node.kind === 'file' ? node.content.length : 0,
  links: 1,
  ...(node.kind === 'other' ? {} : node.metadata),
});

const folderOf = (tree: MemoryDirectory, path = ''): StoredFolder => {
  const children = Object.entries(tree.children)
    .map(([own, node]): StoredChild => ({
      entry: entryOf(byteStringOfText(own), node),
      folder: node.kind === 'directory' ? folderOf(node, `${path}/${own}`) : undefined,
      content: node.kind === 'file' ? { kind: 'delivered', key: node } : { kind: 'none' },
    }))
    .sort((left, right) => (left.entry.name < right.entry.name ? -1 : 1));
  return {
    identity: path,
    async *children() {
      if (tree.fault !== undefined) throw tree.fault;
      for (let at = 0; at < children.length; at += 100) yield children.slice(at, at + 100);
    },
    child: async (own) => children.find(({ entry }) => entry.name === own),
  };
};

const isFile = (key: unknown): key is MemoryFile => typeof key === 'object' && key !== null && 'content' in key;

const snapshotOf = (tree: MemoryDirectory): BrowsableSnapshot => ({
  root: folderOf(tree),
  source: createMemorySource(tree),
  beginningOf: (content) => content,
  versionOf: () => '1',
  open: async (content) => {
    const bytes = content.kind === 'delivered' && isFile(content.key) ? content.key.content : new Uint8Array(0);
    return {
      size: bytes.length,
      async *read(start, end) {
        yield bytes.subarray(start, end);
      },
    };
  },
});

const present = async (tree: MemoryDirectory, run = createTestRun()) =>
  presentSnapshot(snapshotOf(tree), { newHash, tooManyKeywords: (folder, count) => `${folder} ${count}` }, run);

/** Every file of the presented tree with its text, in the order of the walk. */
const filesOf = async (snapshot: BrowsableSnapshot, run = createTestRun()) => {
  const found: Record<string, string> = {};
  let last = '';
  for await (const { path, listing } of snapshot.source.capture(undefined, run)) {
    if (listing.kind !== 'listed') continue;
    last = '';
    for await (const page of listing.pages) {
      for (const child of page) {
        const own = child.kind === 'fresh' || child.kind === 'same' ? child.entry.name : child.name;
        assert.ok(own > last, `${own} comes after ${last}`);
        last = own;
        if (child.kind !== 'fresh') continue;
        const listed = { path: own, entry: child.entry, content: child.content };
        const pages = (async function* () {
          yield [listed];
        })();
        for await (const { bytes } of readContents(snapshot.source, pages, run)) {
          const pieces = await Array.fromAsync(bytes);
          found[[...path, own].join('/')] = Buffer.concat(pieces).toString('latin1');
        }
      }
    }
  }
  return found;
};

const folders: readonly FixtureFolder[] = [
  {
    name: 'INBOX',
    messages: [
      { uid: 3, content: 'a\r\n', flags: ['\\Seen', 'Work'] },
      { uid: 1030, content: 'bb\r\n', flags: ['$Forwarded', '\\Flagged'] },
    ],
  },
  { name: 'v1.2/Entw&APw-rfe', uidValidity: 9, messages: [{ uid: 7, content: 'c\r\n' }] },
  { name: 'Empty', subscribed: false, messages: [] },
];

test('A4 a direct snapshot is presented as a Maildir++ with UIDs, keywords and subscriptions', async () => {
  const files = await filesOf(await present(directTree(folders)));
  const inbox = Object.keys(files).filter((path) => path.startsWith('cur/'));
  const [first = '', second = ''] = inbox;
  assert.match(first, /^cur\/1700000000\.0000000003\.[0-9a-f]{8}\.mailkeep,S=3:2,Sb$/);
  assert.match(second, /^cur\/1700000000\.0000001030\.[0-9a-f]{8}\.mailkeep,S=4:2,FPa$/);
  assert.deepEqual([files[first], files[second]], ['a\r\n', 'bb\r\n']);
  assert.equal(files['dovecot-keywords'], '0 $Forwarded\n1 Work\n');
  const base = (path: string): string => path.slice('cur/'.length).replace(/:.*/, '');
  const [head, ...lines] = (files['dovecot-uidlist'] ?? '').trimEnd().split('\n');
  assert.match(head ?? '', /^3 V1700000000 N1031 G[0-9a-f]{32}$/);
  assert.deepEqual(lines, [`3 :${base(first)}`, `1030 :${base(second)}`]);
  assert.equal(files['subscriptions'], 'V\t2\n\nINBOX\nv1%2e2\tEntw&APw-rfe\n');
  assert.match(files['.v1%2e2.Entw&APw-rfe/dovecot-uidlist'] ?? '', /^3 V9 N8 G\w+\n7 :9\.0000000007\./);
  assert.equal(files['.Empty/maildirfolder'], '');
});

test('folders are called as people know them', async () => {
  const nodes = await mailboxTree(await present(directTree(folders)), createTestRun());
  const labels = (list: typeof nodes): unknown =>
    list.map((node) => [node.name, ...(node.below.length > 0 ? [labels(node.below)] : [])]);
  assert.deepEqual(labels(nodes), [['INBOX'], ['Empty'], ['v1.2', [[byteStringOfText('Entwürfe')]]]]);
});

test('a message is found by its presented name without a look at the other blocks', async () => {
  const presented = await present(directTree(folders));
  const cur = (await presented.root.child(name('cur'), createTestRun()))?.folder;
  const [page] = await Array.fromAsync(cur?.children(createTestRun()) ?? []);
  const own = page?.[0]?.entry.name ?? name('');
  assert.equal((await cur?.child(own, createTestRun()))?.entry.name, own);
  assert.equal(await cur?.child(name(`${own}T`), createTestRun()), undefined);
  assert.equal(await cur?.child(name('nothing'), createTestRun()), undefined);
});

test('a snapshot of another kind is left as it is', async () => {
  const snapshot = snapshotOf({ kind: 'directory', children: {} });
  const options = { newHash, tooManyKeywords: () => '' };
  assert.equal(await presentSnapshot(snapshot, options, createTestRun()), snapshot);
});

test('damage costs what it lies in, and is told', async () => {
  const tree = directTree(folders);
  const all = tree.children['folders'];
  assert.ok(all?.kind === 'directory');
  const inbox = all.children['INBOX'];
  assert.ok(inbox?.kind === 'directory');
  const block = inbox.children['1700000000.0000000'];
  assert.ok(block?.kind === 'directory');
  const harmed: MemoryDirectory = {
    ...tree,
    children: {
      ...tree.children,
      folders: {
        ...all,
        children: {
          ...all.children,
          INBOX: {
            ...inbox,
            children: {
              ...inbox.children,
              'mailbox.json': { kind: 'file', content: Buffer.from('{') },
              '1700000000.0000000': { ...block, fault: new Fault('blob-missing', 'a tree is lost') },
            },
          },
        },
      },
    },
  };
  const run = createTestRun();
  const files = await filesOf(await present(harmed, run), run);
  const messages = Object.keys(files).filter((path) => path.startsWith('cur/'));
  assert.equal(messages.length, 1);
  const codes = new Set(run.events.flatMap((event) => (event.kind === 'fault' ? [event.fault.code] : [])));
  assert.deepEqual(codes, new Set(['tree-damaged', 'blob-missing']));
});
