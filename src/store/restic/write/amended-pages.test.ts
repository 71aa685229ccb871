import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Base, BaseEntry, Child, Listing } from '../../../contract/source.ts';
import { createTestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { noCounts } from '../../../model/entry.ts';
import type { EntryFilter } from '../../../protocol/files/capture-context.ts';
import { createFilesSource } from '../../../protocol/files/files-source.ts';
import { systemNow } from '../../../system/clock.ts';
import { loadPosix } from '../../../system/posix.ts';
import { BlobTable } from '../index/blob-table.ts';
import { packStoredFiles } from '../read/stored-files.ts';
import { isStoredReference, type StoredReference } from '../read/stored-snapshot.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { validateTree } from '../format/tree-validate.ts';
import { amendedPages, type CopiedNodes, listedName } from './amended-pages.ts';
import { type BuiltNode, DirectoryBuilder } from './directory-builder.ts';

const posix = await loadPosix();
const options = { skip: posix === undefined ? 'the quick look needs the package koffi' : false };

/** What a night makes of `cur`. */
interface Night {
  readonly json: Uint8Array;
  readonly look: string | undefined;
  readonly kind: Listing['kind'];
  /** Messages that were looked at by themselves. */
  readonly single: number;
}

interface Mailbox extends Disposable {
  readonly cur: string;
  night(before: Night | undefined): Promise<Night>;
}

const entryOf = (node: TreeNode): BaseEntry => ({
  entry: node.entry,
  held: true,
  reference: { kind: 'stored', node } satisfies StoredReference,
});

const nodesOf = (json: Uint8Array): TreeNode[] => {
  const nodes: TreeNode[] = [];
  readTree(json, (node) => {
    nodes.push(node);
  });
  return nodes;
};

/** A base that knows of nothing but `cur`, and offers it packed. */
const baseOf = ({ json, look }: Night): Base => {
  const isCur = (path: readonly string[]): boolean => path.at(-1) === 'cur';
  const nodes = nodesOf(json);
  return {
    scannedAt: systemNow(),
    directory: async (path) =>
      isCur(path)
        ? {
            path,
            metadata: undefined,
            settled: true,
            held: async () => true,
            counts: async () => noCounts,
            ...(look === undefined ? {} : { look }),
          }
        : undefined,
    async *children(path) {
      if (isCur(path)) yield nodes.map(entryOf);
    },
    async *contents() {},
    packed: async (path) =>
      isCur(path) ? packStoredFiles(json, { table: new BlobTable([]), knownComplete: () => true, entryOf }) : undefined,
  };
};

const builtOf = (cur: string, child: Child): BuiltNode => {
  assert.ok(child.kind === 'fresh' || child.kind === 'same', child.kind);
  if (child.kind === 'same') {
    const { reference } = child.base;
    assert.ok(isStoredReference(reference));
    return { node: { entry: child.entry, content: reference.node.content, subtree: undefined }, below: noCounts };
  }
  const bytes = readFileSync(join(cur, Buffer.from(child.entry.name, 'latin1').toString()));
  const content = bytes.length === 0 ? new Uint8Array(0) : new Uint8Array(hash('sha256', bytes, 'buffer'));
  return { node: { entry: child.entry, content, subtree: undefined }, below: noCounts };
};

const build = async (cur: string, listing: Listing): Promise<Night> => {
  assert.ok(listing.kind === 'listed' || listing.kind === 'amended', listing.kind);
  const builder = new DirectoryBuilder(0);
  let single = 0;
  for await (const page of listing.kind === 'amended' ? amendedPages(listing) : listing.pages) {
    const slots = page.map((child: Child | CopiedNodes) => ('copied' in child ? child : builtOf(cur, child)));
    single += slots.filter((slot) => !('copied' in slot)).length;
    builder.addPage(slots, page.map(listedName));
  }
  const { json } = await builder.finish();
  assert.deepEqual(validateTree(json), []);
  return { json: json.slice(), look: listing.look?.(), kind: listing.kind, single };
};

const makeMailbox = (filter?: EntryFilter): Mailbox => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-amended-'));
  const cur = join(folder, 'cur');
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(folder, name));
  const night: Mailbox['night'] = async (before) => {
    const anHourAgo = Date.now() / 1000 - 3600.5;
    utimesSync(cur, anHourAgo, anHourAgo);
    const maildir = { skipUnchangedFolders: false, rescan: false, seventh: -1 };
    const paths = [byteStringOfText(folder)];
    const source = createFilesSource({ paths, posix, maildir, ...(filter === undefined ? {} : { filter }) });
    const run = { ...createTestRun(), now: systemNow };
    let made: Night | undefined;
    for await (const { path, listing } of source.capture(before && baseOf(before), run)) {
      if (path.at(-1) === 'cur') made = await build(cur, listing);
      else if (listing.kind === 'listed') await Array.fromAsync(listing.pages);
    }
    assert.ok(made !== undefined);
    return made;
  };
  return { cur, night, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
};

/** A night after another must come to the tree and the look of a first night. */
const compareNights = async (mailbox: Mailbox, before: Night): Promise<Night> => {
  const next = await mailbox.night(before);
  const first = await mailbox.night(undefined);
  assert.equal(Buffer.from(next.json).toString('latin1'), Buffer.from(first.json).toString('latin1'));
  assert.equal(next.look, first.look);
  return next;
};

const bodyOf = (number: number): string => `Subject: ${number}\n\n${'text '.repeat(number % 9)}\n`;
const nameOf = (number: number): string => `17000${String(number).padStart(5, '0')}.M${number}P1.host,S=100`;

const fill = (cur: string, from: number, to: number): void => {
  for (let number = from; number < to; number++) writeFileSync(join(cur, `${nameOf(number)}:2,`), bodyOf(number));
};

test(
  'S4: what has changed in a mail folder is put among what has not, to the very tree of a first night',
  options,
  async () => {
    using mailbox = makeMailbox();
    const { cur, night } = mailbox;
    fill(cur, 0, 1500);
    const before = await night(undefined);
    writeFileSync(join(cur, `${nameOf(5000)}:2,`), bodyOf(5000));
    writeFileSync(join(cur, '0-comes-first:2,'), 'Subject: first\n\n');
    renameSync(join(cur, `${nameOf(3)}:2,`), join(cur, `${nameOf(3)}:2,FS`));
    for (const number of [0, 50, 51, 1499]) rmSync(join(cur, `${nameOf(number)}:2,`));
    // Rewritten in place, with a time of its own and with the old one; replaced by another file; a permission; a second name.
    writeFileSync(join(cur, `${nameOf(60)}:2,`), 'Subject: changed\n\n');
    const { mtime } = statSync(join(cur, `${nameOf(61)}:2,`));
    writeFileSync(join(cur, `${nameOf(61)}:2,`), bodyOf(61).toUpperCase());
    utimesSync(join(cur, `${nameOf(61)}:2,`), mtime, mtime);
    writeFileSync(join(cur, 'other'), bodyOf(62));
    renameSync(join(cur, 'other'), join(cur, `${nameOf(62)}:2,`));
    chmodSync(join(cur, `${nameOf(63)}:2,`), 0o600);
    linkSync(join(cur, `${nameOf(64)}:2,`), join(cur, `${nameOf(64)}b:2,`));
    // No plain nodes.
    writeFileSync(join(cur, `${nameOf(70)}é<&>:2,`), 'Subject: name\n\n');
    writeFileSync(join(cur, `${nameOf(71)}empty:2,`), '');
    const changed = await compareNights(mailbox, before);
    assert.equal(changed.kind, 'amended');
    assert.equal(changed.single, 11);
    // Again, with nodes among the known that are not plain.
    rmSync(join(cur, `${nameOf(199)}:2,`));
    renameSync(join(cur, `${nameOf(71)}empty:2,`), join(cur, `${nameOf(71)}empty:2,S`));
    const again = await compareNights(mailbox, changed);
    assert.equal(again.kind, 'amended');
    assert.equal(again.single, 2);
  },
);

test('S4: night after night at random, what is amended is what a look at each message finds', options, async () => {
  using mailbox = makeMailbox();
  const { cur } = mailbox;
  fill(cur, 0, 120);
  let last = await mailbox.night(undefined);
  let next = 1000;
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
  let amended = 0;
  for (let round = 0; round < 25; round++) {
    for (let change = 0; change < 1 + random(12); change++) {
      const names = readdirSync(cur);
      const file = join(cur, names[random(names.length)] ?? '');
      const kind = random(5);
      if (kind === 0) rmSync(file);
      else if (kind === 1)
        renameSync(file, `${file.replace(/:2,.*$/, '')}:2,${['S', 'FS', 'RS', ''][random(4)] ?? ''}`);
      else if (kind === 2) writeFileSync(file, bodyOf(random(100)));
      else fill(cur, next, (next += 1 + random(3)));
    }
    last = await compareNights(mailbox, last);
    if (last.kind === 'amended') amended++;
  }
  assert.ok(amended > 15, `${amended} of 25 nights`);
});

test(
  'A1: a message that has moved on from new, and one that waits in both, are told as a look at each message tells them',
  options,
  async () => {
    using mailbox = makeMailbox();
    const { cur } = mailbox;
    const arrivals = join(cur, '..', 'new');
    fill(cur, 0, 60);
    writeFileSync(join(arrivals, nameOf(70)), bodyOf(70));
    writeFileSync(join(arrivals, nameOf(71)), bodyOf(71));
    const before = await mailbox.night(undefined);
    renameSync(join(arrivals, nameOf(70)), join(cur, `${nameOf(70)}:2,S`));
    linkSync(join(arrivals, nameOf(71)), join(cur, `${nameOf(71)}:2,`));
    const after = await compareNights(mailbox, before);
    assert.equal(after.kind, 'amended');
    assert.equal(nodesOf(after.json).length, 62);
  },
);

test('a filter is asked for each message, also of what has not changed', options, async () => {
  let largest = 1_000_000;
  using mailbox = makeMailbox((_file, { type, size }) => type !== 'file' || size <= largest);
  fill(mailbox.cur, 0, 90);
  const before = await mailbox.night(undefined);
  largest = 50;
  fill(mailbox.cur, 90, 92);
  const narrowed = await compareNights(mailbox, before);
  assert.equal(narrowed.kind, 'amended');
  assert.ok(nodesOf(narrowed.json).length < 92);
});

test(
  'a folder of which most has changed, or that holds no file of the base, is looked at message by message',
  options,
  async () => {
    using mailbox = makeMailbox();
    const { cur } = mailbox;
    fill(cur, 0, 20);
    const before = await mailbox.night(undefined);
    for (const name of readdirSync(cur).slice(0, 15)) writeFileSync(join(cur, name), 'Subject: new\n\n');
    const rewritten = await compareNights(mailbox, before);
    assert.equal(rewritten.kind, 'listed');
    for (const name of readdirSync(cur)) rmSync(join(cur, name));
    fill(cur, 100, 130);
    assert.equal((await compareNights(mailbox, rewritten)).kind, 'listed');
  },
);
