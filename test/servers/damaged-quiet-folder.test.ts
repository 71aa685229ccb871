import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openLocalBackend } from '../../src/backend/local.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { foldersName } from '../../src/mail/direct/block-name.ts';
import { byteStringOfText } from '../../src/model/byte-string.ts';
import { isNote } from '../../src/model/snapshot.ts';
import { openRepository } from '../../src/store/restic/open-repository.ts';
import { flippedAt, replaceObject, testOptions } from '../../src/store/restic/repository-fixture.ts';
import { createPerson, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { openWriter, serverOf, type Writer } from './imap-account.ts';

const count = 30;

/** A night without news in a folder reads nothing of it, so damage of what is known of it must be met in another way. */
describe('damage of a folder in which nothing is new', () => {
  let dovecot: Dovecot;
  let writer: Writer;
  let person: Person;
  let number = 0;

  const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);
  /** One more message somewhere else, and the run of that night. */
  const night = async (...more: readonly string[]): Promise<CommandResult> => {
    await writer.append('INBOX', [{ content: `Subject: news ${number++}\r\n\r\nnews\r\n` }]);
    return mailkeep('run', ...more);
  };
  const newRepository = async (name: string): Promise<void> => {
    const lines = [
      'version: 1',
      `repositories: {main: {location: ${name}, password: {file: repository-password}}}`,
      'accounts:',
      `  alice: {host: 127.0.0.1, port: ${dovecot.port}, security: none, user: alice, login: {password: {file: imap-password}}}`,
    ];
    await writeFile(join(person.folder, 'mailkeep.yaml'), lines.join('\n'), { mode: 0o600 });
    assert.equal((await mailkeep('init', '-r', 'main')).code, 0);
  };

  before(async () => {
    person = await createPerson();
    dovecot = await startDovecot({ logCommands: false });
    writer = await openWriter(serverOf(dovecot));
    await writer.create('Quiet');
    const quiet = Array.from({ length: count }, (_, at) => ({ content: `Subject: quiet ${at}\r\n\r\nbody ${at}\r\n` }));
    await writer.append('Quiet', quiet);
    for (const [name, secret] of [
      ['repository-password', testOptions.password],
      ['imap-password', 'secret'],
    ] as const) {
      await writeFile(join(person.folder, name), `${secret}\n`, { mode: 0o600 });
    }
  });
  after(async () => {
    await writer.close();
    await dovecot.stop();
    await person.leave();
  });

  /** Harms the tree that names the messages of the folder. Returns the pack that it lies in. */
  const harm = async (location: string, how: 'flipped' | 'removed'): Promise<string> => {
    const run = createTestRun();
    const backend = openLocalBackend(join(person.folder, location));
    const repository = await openRepository(backend, testOptions, run);
    const newest = (await repository.snapshots(run)).filter((snapshot) => !isNote(snapshot)).at(-1);
    assert.ok(newest);
    const trees = await repository.trees(run);
    let tree = Uint8Array.from(Buffer.from(newest.tree, 'hex'));
    for (const name of [foldersName, byteStringOfText('Quiet')]) {
      const below = (await trees.folders(tree, run)).get(name)?.subtree;
      assert.ok(below);
      tree = Uint8Array.from(below);
    }
    const [block] = (await trees.folders(tree, run)).values();
    const { table, packs } = await repository.index(run);
    const [place, ...more] = table.places('tree', block?.subtree ?? new Uint8Array(32));
    assert.ok(place !== undefined && more.length === 0);
    const name = packs.idOf(place.pack) ?? '';
    if (how === 'removed') await backend.remove({ kind: 'pack', name }, run);
    else await replaceObject(backend, { kind: 'pack', name }, flippedAt(place.offset + 20), run);
    await repository.close();
    return name;
  };
  const snapshots = async (): Promise<readonly string[]> =>
    [...(await mailkeep('snapshots', '--json')).stdout.matchAll(/"id":"(\w{64})"/g)].map(([, id = '']) => id);
  /** What a restore of the newest snapshot has of the folder, however damaged the rest may be. */
  const restored = async (): Promise<number> => {
    const target = join(person.folder, `restored-${number}`);
    const { code, stderr } = await mailkeep('restore', 'latest', '--target', target, '--verify', '--yes');
    assert.equal(code, 0, stderr);
    const found = await mailkeep('find', '--subject', 'quiet', '--snapshot', 'latest', '--json');
    await rm(target, { recursive: true });
    return found.stdout.match(/"uid":|"subject":/g)?.length ?? 0;
  };
  /** The night fails, names the pack and says what to do. */
  const assertTold = ({ code, stdout, stderr }: CommandResult, pack: string): void => {
    assert.equal(code, 1, stdout);
    assert.match(stdout, new RegExp(`verified: FAILED: .*${pack.slice(0, 8)}`));
    assert.match(stdout, /the next backup stores again what is still at its source; then .*mailkeep repair/, stderr);
  };
  const assertGood = ({ code, stdout, stderr }: CommandResult): void => assert.equal(code, 0, stdout + stderr);
  const assertStillThere = async (before: readonly string[]): Promise<void> => {
    const now = new Set(await snapshots());
    assert.ok(before.length > 1 && before.every((id) => now.has(id)), 'no older snapshot is touched');
  };

  for (const flags of [[], ['--no-cache']] as const) {
    const name = `flipped${flags.join('')}`;
    test(`S4 B3: a tree with a wrong byte is told, and the next night is whole again ${flags.join('')}`, async () => {
      await newRepository(name);
      for (let quiet = 0; quiet < 2; quiet++) assertGood(await night(...flags));
      const before = await snapshots();
      const pack = await harm(name, 'flipped');
      assertTold(await night(...flags), pack);
      const second = await night(...flags);
      assertTold(second, pack);
      // Without a cache nothing is remembered, so that all trees are read, and the damage is met by the first night already.
      if (flags.length === 0) assert.match(second.stderr, /the last check found a pack damaged.*stored again/);
      assert.equal(await restored(), count);
      await assertStillThere(before);
      const mended = await mailkeep('repair', 'packs', pack.slice(0, 8), '--yes');
      assert.match(mended.stdout, /next: mailkeep repair snapshots/);
      assertGood(await mailkeep('repair', 'snapshots', '--forget', '--yes'));
      assertGood(await mailkeep('check', '--read-data'));
      assertGood(await night(...flags));
      assert.equal(await restored(), count);
    });
  }

  test('S4 B3: a lost pack of trees is told, and the same night is whole', async () => {
    await newRepository('removed');
    for (let quiet = 0; quiet < 2; quiet++) assertGood(await night());
    const before = await snapshots();
    const pack = await harm('removed', 'removed');
    assertTold(await night(), pack);
    assert.equal(await restored(), count);
    await assertStillThere(before);
    assertGood(await mailkeep('repair', 'index', '--yes'));
    // Of the first snapshot nothing is left.
    assert.equal((await mailkeep('repair', 'snapshots', '--forget', '--yes')).code, 1);
    assertGood(await night());
    assertGood(await mailkeep('check', '--read-data'));
  });
});
