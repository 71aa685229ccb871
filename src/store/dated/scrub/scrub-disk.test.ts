import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DatedStore, MendWish, Rescue } from '../../../contract/component.ts';
import { datedPlace } from '../../../model/dated-name.ts';
import {
  checkWithCoreutils,
  type DatedFixture,
  mailComponent,
  makeDatedFixture,
  placeMessages,
} from '../dated-fixture.ts';

const withFixture = (name: string, work: (fixture: DatedFixture) => Promise<void>): void => {
  test(name, async () => {
    const fixture = await makeDatedFixture();
    try {
      await work(fixture);
    } finally {
      fixture.close();
    }
  });
};

/** Changes one byte in place, as a disk that goes bad does it: nothing else of the file changes. */
const flip = (path: string): void => {
  const { mode, atime, mtime } = statSync(path);
  chmodSync(path, 0o600);
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, 0);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 0);
  closeSync(file);
  chmodSync(path, mode);
  utimesSync(path, atime, mtime);
};

const withStore = async <Result>({ open }: DatedFixture, work: (store: DatedStore) => Promise<Result>) => {
  const store = open();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
};

const scrub = (fixture: DatedFixture) =>
  withStore(fixture, (store) => store.scrub({ amount: { kind: 'all' } }, fixture.run));
const mend = (fixture: DatedFixture, wish: Partial<MendWish> = {}) =>
  withStore(fixture, (store) => store.mend({ dryRun: false, ...wish }, fixture.run));
const backups = (fixture: DatedFixture) => withStore(fixture, (store) => store.backups(fixture.run));
const file = 'mail/vmail/alice/cur/1.host:2,S';

const twoDays = async ({ mail, night }: DatedFixture): Promise<void> => {
  placeMessages(join(mail, 'alice'), { 'cur/1.host:2,S': 'first\n', 'cur/2.host:2,S': 'second\n' });
  await night('2025-11-07');
  placeMessages(join(mail, 'alice'), { 'new/3.host': 'third\n' });
  await night('2025-11-08');
};

withFixture(
  'OR-06: a scrub reads each file once, and of all that was read since then says verified',
  async (fixture) => {
    const { run, mail, night } = fixture;
    await twoDays(fixture);
    run.advance(1000);
    const now = Number(run.now() / 1_000_000n);
    const { files, bad, since, slices } = await scrub(fixture);
    // Two days have two files in common; each has its two files of a manifest.
    assert.deepEqual([files, bad, slices], [7, [], 256]);
    assert.ok(since !== undefined && since >= now);
    assert.deepEqual(
      (await backups(fixture)).map(({ verified }) => verified),
      [since, since],
    );
    // What is linked has been read then; what is written was read back just now.
    placeMessages(join(mail, 'alice'), { 'new/4.host': 'fourth\n' });
    assert.equal((await night('2025-11-09')).backup.verified, since);
  },
);

withFixture('a share at a time comes round, and proves nothing before', async (fixture) => {
  const { run } = fixture;
  await twoDays(fixture);
  await withStore(fixture, async (store) => {
    let files = 0;
    for (let night = 1; night <= 4; night++) {
      run.advance(86_400_000);
      const done = await store.scrub({ amount: { kind: 'share', share: 1 / 4 } }, run);
      files += done.files;
      assert.equal(done.since === undefined, night < 4);
    }
    assert.equal(files, 7);
  });
});

withFixture('OR-06: a flipped byte in a file that days share is named for each of them', async (fixture) => {
  const { root } = fixture;
  await twoDays(fixture);
  flip(join(root, 'daily/2025-11-08', file));
  const { bad } = await scrub(fixture);
  assert.deepEqual(
    bad.map(({ kind, names }) => [kind, names.map(({ backup, path }) => `${datedPlace(backup)}/${path}`).sort()]),
    [['differs', [`daily/2025-11-07/${file}`, `daily/2025-11-08/${file}`]]],
  );
  assert.deepEqual(
    (await backups(fixture)).map(({ damaged, verified }) => [damaged, verified]),
    [
      [true, undefined],
      [true, undefined],
    ],
  );
  const plan = await mend(fixture, { dryRun: true });
  assert.deepEqual(
    plan.map(({ outcome }) => outcome),
    [{ kind: 'lost' }],
  );
});

withFixture(
  'a file is mended from another with its bytes, under all of its names, and keeps its metadata',
  async (fixture) => {
    const { root, mail, run } = fixture;
    placeMessages(join(mail, 'alice'), { 'cur/1.host:2,S': 'first\n' });
    placeMessages(join(mail, 'bob'), { 'cur/9.host:2,S': 'first\n' });
    await fixture.night('2025-11-07');
    await fixture.night('2025-11-08');
    const bad = join(root, 'daily/2025-11-08', file);
    flip(bad);
    const before = lstatSync(bad);
    const folder = statSync(join(bad, '..')).mtimeMs;
    await scrub(fixture);
    const [planned] = await mend(fixture, { dryRun: true });
    assert.deepEqual(planned?.outcome, { kind: 'mendable', from: 'daily/2025-11-08' });
    assert.equal(lstatSync(bad).ino, before.ino, 'a plan does nothing');
    const [mended] = await mend(fixture);
    assert.deepEqual(mended?.outcome, { kind: 'mended', from: 'daily/2025-11-08' });
    const after = lstatSync(bad);
    assert.notEqual(after.ino, before.ino);
    assert.equal(after.ino, lstatSync(join(root, 'daily/2025-11-07', file)).ino);
    assert.deepEqual(
      [after.mode, after.uid, after.gid, after.mtimeMs],
      [before.mode, before.uid, before.gid, before.mtimeMs],
    );
    assert.equal(statSync(join(bad, '..')).mtimeMs, folder);
    for (const { folder: one, damaged } of await backups(fixture)) {
      assert.equal(damaged, undefined);
      checkWithCoreutils(one);
    }
    assert.deepEqual(
      readdirSync(join(root, '.mailkeep')).filter((name) => name.startsWith('.mailkeep-mend')),
      [],
    );
    assert.deepEqual((await scrub(fixture)).bad, []);
    assert.equal(
      (await withStore(fixture, async (store) => store.verify((await store.backups(run))[1] ?? fail(), run))).length,
      0,
    );
  },
);

const fail = (): never => assert.fail('there is no such backup');

withFixture('a file that is missing in one day comes back with the metadata of the manifest', async (fixture) => {
  const { root } = fixture;
  await twoDays(fixture);
  const gone = join(root, 'daily/2025-11-08', file);
  const { mode, mtimeMs } = lstatSync(gone);
  rmSync(gone);
  const { bad } = await scrub(fixture);
  assert.deepEqual(
    bad.map(({ kind, names }) => [kind, names.length]),
    [['missing', 1]],
  );
  await mend(fixture);
  assert.equal(readFileSync(gone, 'utf8'), 'first\n');
  assert.deepEqual([lstatSync(gone).mode, Math.trunc(lstatSync(gone).mtimeMs)], [mode, Math.trunc(mtimeMs)]);
  assert.deepEqual((await scrub(fixture)).bad, []);
});

/** Kills itself in the middle of mending, when the new file has a second name and has not taken the place of the bad one yet. */
const dyingMender = (root: string): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const rename = fs.renameSync;
  fs.renameSync = (from, to) => {
    if (String(to).endsWith('1.host:2,S')) process.kill(process.pid, 'SIGKILL');
    rename(from, to);
  };
  syncBuiltinESMExports();
  const { openDatedStore } = await import(${JSON.stringify(new URL('../dated-store.ts', import.meta.url).href)});
  const { createTestRun } = await import(${JSON.stringify(new URL('../../../contract/test-run.ts', import.meta.url).href)});
  const { loadPosix } = await import(${JSON.stringify(new URL('../../../system/posix.ts', import.meta.url).href)});
  const store = openDatedStore({ root: ${JSON.stringify(root)}, posix: await loadPosix(), threads: 1 });
  await store.mend({ dryRun: false }, createTestRun());
`;

/** Everything on the disk that mending has made and not finished. */
const unfinished = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.mailkeep-mend-'));

withFixture(
  'S5: a kill in the middle of mending leaves nothing in a backup, and the next scrub clears the rest',
  async (fixture) => {
    const { root } = fixture;
    await twoDays(fixture);
    placeMessages(join(fixture.mail, 'bob'), { 'cur/7.host:2,': 'first\n' });
    await fixture.night('2025-11-09');
    flip(join(root, 'daily/2025-11-08', file));
    assert.equal((await scrub(fixture)).bad.length, 1);
    const killed = spawnSync(process.execPath, ['--input-type=module', '--eval', dyingMender(root)], {
      encoding: 'utf8',
    });
    assert.equal(killed.signal, 'SIGKILL', killed.stderr);
    const left = unfinished(root);
    assert.equal(left.length, 2);
    assert.deepEqual(
      left.filter((name) => name.split('/').length > 2),
      [],
    );
    for (const day of ['07', '08', '09']) {
      assert.deepEqual(readdirSync(join(root, `daily/2025-11-${day}/mail/vmail/alice/cur`)).length, 2);
    }
    assert.equal((await scrub(fixture)).bad.length, 1);
    assert.deepEqual(unfinished(root), []);
    assert.deepEqual((await mend(fixture))[0]?.outcome, { kind: 'mended', from: 'daily/2025-11-09' });
    for (const day of ['07', '08', '09']) checkWithCoreutils(join(root, `daily/2025-11-${day}`));
    assert.deepEqual((await scrub(fixture)).bad, []);
  },
);

withFixture('what comes from elsewhere is believed only when it has the checksum', async (fixture) => {
  const { root } = fixture;
  await twoDays(fixture);
  flip(join(root, 'daily/2025-11-08', file));
  await scrub(fixture);
  const rescue =
    (text: string): Rescue =>
    async () => ({
      from: 'snapshot 1a2b3c4d',
      bytes: (async function* () {
        yield Buffer.from(text);
      })(),
    });
  assert.equal((await mend(fixture, { rescue: rescue('worse\n') }))[0]?.outcome.kind, 'lost');
  const [mended] = await mend(fixture, { rescue: rescue('first\n') });
  assert.deepEqual(mended?.outcome, { kind: 'mended', from: 'snapshot 1a2b3c4d' });
  assert.equal(readFileSync(join(root, 'daily/2025-11-07', file), 'utf8'), 'first\n');
});

withFixture(
  'what the source still has is captured anew, and what was bad and was read again is bad no more',
  async (fixture) => {
    const { root, night, mail } = fixture;
    await twoDays(fixture);
    const bad = join(root, 'daily/2025-11-08', file);
    flip(bad);
    await scrub(fixture);
    const { backup } = await night('2025-11-09', [mailComponent(mail)]);
    checkWithCoreutils(backup.folder);
    assert.notEqual(lstatSync(join(backup.folder, file)).ino, lstatSync(bad).ino);
    // The new day has the bytes that the older ones lack.
    const [mended] = await mend(fixture);
    assert.deepEqual(mended?.outcome, { kind: 'mended', from: 'daily/2025-11-09' });
    flip(bad);
    await scrub(fixture);
    flip(bad);
    assert.deepEqual((await scrub(fixture)).bad, []);
    assert.ok((await backups(fixture)).every(({ damaged }) => damaged === undefined));
  },
);

withFixture('a list that is not what was written is a damage of its own', async (fixture) => {
  const { root } = fixture;
  await twoDays(fixture);
  const list = join(root, 'daily/2025-11-07/checksums.sha256');
  writeFileSync(`${list}.new`, `${readFileSync(list, 'utf8')}\n`);
  renameSync(`${list}.new`, list);
  const { bad } = await scrub(fixture);
  assert.deepEqual(
    bad.map(({ names }) => names.map(({ backup, path }) => `${datedPlace(backup)}/${path}`)),
    [['daily/2025-11-07/checksums.sha256']],
  );
  assert.deepEqual(
    (await mend(fixture)).map(({ outcome }) => outcome),
    [{ kind: 'lost' }],
  );
});
