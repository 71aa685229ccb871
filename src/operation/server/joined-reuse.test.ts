import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMemoryBackend } from '../../backend/memory.ts';
import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import { description as suiteDescription } from '../../contract/store-fixture.ts';
import type { StoredSnapshot } from '../../contract/store.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { byteStringOfText, type ByteString } from '../../model/byte-string.ts';
import { createFilesSource } from '../../protocol/files/files-source.ts';
import { seventhOf } from '../../protocol/maildir/folder-layout.ts';
import { initRepository } from '../../store/restic/init-repository.ts';
import { openRepository } from '../../store/restic/open-repository.ts';
import { isStoredDirectory } from '../../store/restic/read/stored-snapshot.ts';
import { testOptions } from '../../store/restic/repository-fixture.ts';
import { systemNow } from '../../system/clock.ts';
import { loadPosix } from '../../system/posix.ts';
import { joinSources } from './joined-sources.ts';

const posix = await loadPosix();
const needsKoffi = { skip: posix === undefined ? 'the quick look needs the package koffi' : false };

const hour = 3_600_000_000_000n;
const messages = 60;

interface Mailbox extends Disposable {
  readonly path: string;
  readonly cache: string;
  write(name: string): void;
  /** As if nothing had happened for an hour. */
  settle(): void;
}

const makeMailbox = (): Mailbox => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-joined-'));
  const path = join(folder, 'Maildir');
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(path, name), { recursive: true });
  const anHourAgo = Date.now() / 1000 - 3600;
  const write = (name: string): void => {
    const file = join(path, 'cur', name);
    writeFileSync(file, `Subject: ${name}\n\nOf ${name}\n`);
    utimesSync(file, anHourAgo, anHourAgo);
  };
  return {
    path,
    cache: join(folder, 'cache'),
    write,
    settle: () => {
      for (const name of ['cur', 'new']) utimesSync(join(path, name), anHourAgo, anHourAgo);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
};

const curOf = ({ path }: Mailbox): ByteString[] =>
  ['mail', ...join(path, 'cur').split('/').filter(Boolean)].map(byteStringOfText);

/** The mailbox as the only component of a server; `kinds` gets how its `cur` was listed. */
const serverOf = ({ path }: Mailbox, kinds: string[]): Source => {
  // It is this folder's night: its messages are looked at, one by one.
  const seventh = seventhOf(path.split('/').filter(Boolean).map(byteStringOfText));
  const maildir = { skipUnchangedFolders: true, rescan: false, seventh };
  const files = createFilesSource({ paths: [byteStringOfText(path)], posix, maildir });
  const source = joinSources([{ name: byteStringOfText('mail'), source: files }]);
  return {
    ...source,
    capture: async function* (base, run) {
      for await (const directory of source.capture(base, run)) {
        if (directory.path.at(-1) === 'cur') kinds.push(directory.listing.kind);
        yield directory;
      }
    },
  };
};

/** The id of the tree of `cur`; those above it have the times of the temporary folder. */
const treeOf = async (
  snapshot: StoredSnapshot | undefined,
  mailbox: Mailbox,
  run: Run,
): Promise<Uint8Array | undefined> => {
  const cur = await snapshot?.directory(curOf(mailbox), run);
  return cur !== undefined && isStoredDirectory(cur) ? cur.treeId : undefined;
};

const createPlace = async (mailbox: Mailbox) => {
  const memory = createMemoryBackend();
  const loaded: string[] = [];
  const backend: Backend = {
    ...memory,
    close: async () => {},
    load: (handle, range, run) => {
      if (handle.kind === 'pack') loaded.push(`${handle.name} ${range?.start}`);
      return memory.load(handle, range, run);
    },
  };
  const options = { ...testOptions, cacheDirectory: mailbox.cache };
  await initRepository(backend, options, createTestRun());

  /** A night; whether the tree of `cur` was read in it, and what was made of it. */
  const night = async (start: bigint, parentId?: string) => {
    const run = createTestRun({ start });
    const repository = await openRepository(backend, options, run);
    const parent = parentId === undefined ? undefined : await repository.open(parentId, run);
    const { table, packs } = await repository.index(run);
    const before = await treeOf(parent, mailbox, run);
    const slot = before === undefined ? undefined : table.find('tree', before);
    const place = slot === undefined ? undefined : table.location(slot);
    const kinds: string[] = [];
    const from = loaded.length;
    const description = { ...suiteDescription, time: { nanoseconds: start, offsetMinutes: 0 } };
    const given = parent === undefined ? { description } : { description, parent };
    const { snapshot } = await repository.write(serverOf(mailbox, kinds), given, run);
    const isRead = place !== undefined && loaded.slice(from).includes(`${packs.idOf(place.pack)} ${place.offset}`);
    const id = snapshot?.id ?? '';
    const after = await treeOf(await repository.open(id, run), mailbox, run);
    await repository.close();
    return { id, tree: after && Buffer.from(after).toString('hex'), kinds, isRead };
  };
  return { night };
};

test(
  'a server captured into a repository knows its mail folders again as a mailbox alone would',
  needsKoffi,
  async () => {
    using mailbox = makeMailbox();
    for (let number = 0; number < messages; number++) mailbox.write(`${1_700_000_000 + number}.M1P1.host:2,S`);
    mailbox.settle();
    const { night } = await createPlace(mailbox);
    const first = await night(systemNow() + hour);
    assert.ok(first.tree);
    const quiet = await night(systemNow() + 2n * hour, first.id);
    assert.equal(quiet.tree, first.tree);
    assert.deepEqual(quiet.kinds, ['same']);
    assert.equal(quiet.isRead, false, 'of a folder that looks as it did, the tree is not read');

    mailbox.write('1800000000.M1P1.host:2,');
    mailbox.settle();
    const changed = await night(systemNow() + 3n * hour, quiet.id);
    assert.deepEqual(changed.kinds, ['amended'], 'what stays of a folder is copied out of its old tree');
    const anew = await night(systemNow() + 4n * hour);
    assert.deepEqual(anew.kinds, ['listed']);
    assert.equal(changed.tree, anew.tree, 'the tree is the same whichever way it was made');
    assert.notEqual(changed.tree, first.tree);
  },
);
