import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Call, type Mishap, powerCutAt, withFaults } from '../../src/backend/with-faults.ts';
import type { Backend } from '../../src/contract/backend.ts';
import { createTestRun, type TestRun } from '../../src/contract/test-run.ts';
import { Fault } from '../../src/model/fault.ts';
import { checkRepository } from '../../src/store/restic/check/check.ts';
import { copySnapshots } from '../../src/store/restic/copy/copy-snapshots.ts';
import { addKey, changePassword, listKeys, removeKey } from '../../src/store/restic/keys/keys.ts';
import {
  addSnapshot,
  copyOf,
  type Files,
  makeRepository,
  onBackend,
  readFiles,
  removeLocks,
} from '../../src/store/restic/prune/prune-fixture.ts';
import { openRepository } from '../../src/store/restic/open-repository.ts';
import type { Repository } from '../../src/store/restic/repository.ts';
import { rewriteSnapshots } from '../../src/store/restic/rewrite/rewrite-snapshots.ts';
import { changeTags } from '../../src/store/restic/snapshots/change-tags.ts';
import { removeSnapshots } from '../../src/store/restic/snapshots/remove-snapshots.ts';

/* Commands that change a repository, stopped by a power cut at each call of its storage. */

const password = 'only a test';
const newKey = { password: 'another', cost: 'generated-password', username: 'bob', hostname: 'desk' } as const;

const old: readonly Files[] = [
  { a: 'the first message', b: 'the second' },
  { a: 'the first message', c: 'c'.repeat(5_000) },
  { d: 'd'.repeat(7_000), secret: 'to be left out' },
];
const without = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => name !== 'secret'));

interface World {
  readonly repository: Repository;
  readonly other: Repository;
  readonly run: TestRun;
  /** Original ids, in the order of `old`. */
  readonly ids: readonly string[];
}

const makeWorld = async (): Promise<World> => {
  const run = createTestRun();
  const repository = await makeRepository(run);
  const other = await makeRepository(run);
  const ids: string[] = [];
  for (const files of old) {
    ids.push(await addSnapshot(repository, files, { time: run.now() }, run));
    await addSnapshot(other, { ...files, own: 'of the other' }, { time: run.now() }, run);
    run.advance(1000);
  }
  await addKey(repository, { ...newKey, password: 'of somebody who leaves' }, run);
  return { repository, other, run, ids };
};

interface Command {
  readonly name: string;
  readonly act: (repository: Repository, world: World) => Promise<unknown>;
  /** Places in `old` that may be gone. */
  readonly mayGo?: readonly number[];
  readonly mayBecome?: (files: Files) => Files;
}

const rewriteOptions = {
  rules: {
    keeps: ({ entry }: { readonly entry: { readonly name: string } }) => entry.name !== 'secret',
    onUnreadable: (fault: Fault) => {
      throw fault;
    },
    exact: true,
  },
  tag: 'rewrite',
  forget: true,
  dryRun: false,
};

const strangerIn = async (repository: Repository, run: TestRun): Promise<string> =>
  (await listKeys(repository, run)).find(({ current }) => !current)?.id ?? repository.keyId;

const commands: readonly Command[] = [
  {
    name: 'forget',
    mayGo: [0, 1],
    act: (repository, { ids, run }) => removeSnapshots(repository, ids.slice(0, 2), run),
  },
  {
    name: 'tag',
    act: (repository, { run }) =>
      changeTags(repository, { kind: 'edit', add: ['seen'], remove: [] }, () => repository.snapshots(run), run),
  },
  {
    name: 'rewrite',
    mayBecome: without,
    act: async (repository, { run }) =>
      repository.locked(
        'exclusive',
        async () => rewriteSnapshots(repository, await repository.snapshots(run), rewriteOptions, run),
        run,
      ),
  },
  {
    name: 'copy',
    act: async (repository, { other, run }) => copySnapshots(other, repository, await other.snapshots(run), run),
  },
  { name: 'key add', act: (repository, { run }) => addKey(repository, newKey, run) },
  { name: 'key passwd', act: (repository, { run }) => changePassword(repository, newKey, run) },
  {
    name: 'key remove',
    act: async (repository, { run }) => removeKey(repository, await strangerIn(repository, run), run),
  },
];

const opensWithEither = async (backend: Backend, { repository, run }: World): Promise<Repository> => {
  const { options } = repository.session;
  const open = (password: string): Promise<Repository> => openRepository(backend, { ...options, password }, run);
  return open(newKey.password).catch(() => open(password));
};

const assertWhole = async (repository: Repository, command: Command, { ids, run }: World, when: string) => {
  const { mayGo = [], mayBecome = (files: Files) => files } = command;
  const there = await repository.snapshots(run);
  for (const [at, files] of old.entries()) {
    const ofThis = there.filter(({ originalId }) => originalId === ids[at]);
    assert.ok(ofThis.length > 0 || mayGo.includes(at), `${when}: snapshot ${at}`);
    for (const { id } of ofThis) {
      const found = await readFiles(repository, id, run);
      assert.ok(
        [files, mayBecome(files)].some((one) => JSON.stringify(one) === JSON.stringify(found)),
        when,
      );
    }
  }
  const { damage } = await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run);
  assert.equal(damage, 0, when);
};

const attempt = async (world: World, command: Command, decide: (call: Call) => Mishap | undefined) => {
  const storage = await copyOf(world.repository.session.backend, world.run);
  const faulty = withFaults(storage, decide);
  const repository = onBackend(world.repository, faulty.backend);
  await command.act(repository, world).catch((error: unknown) => assert.ok(error instanceof Fault, String(error)));
  return { storage, calls: faulty.calls };
};

const atATime = 32;

describe('a command that a power cut stops at any call', { concurrency: true }, () => {
  for (const command of commands) {
    test(`S5: ${command.name} loses nothing, and runs to its end the next time`, async () => {
      const world = await makeWorld();
      const { calls } = await attempt(world, command, () => undefined);
      assert.ok(calls.length > 5);
      const cutAt = async (at: number): Promise<void> => {
        const when = `${command.name}, ${calls[at]?.operation ?? ''} ${calls[at]?.kind ?? ''} (call ${at})`;
        const { storage } = await attempt(world, command, powerCutAt(at));
        await removeLocks(storage, world.run);
        const next = await opensWithEither(storage, world);
        await assertWhole(next, command, world, when);
        await command
          .act(next, world)
          .catch((error: unknown) => assert.ok(isDone(error, command), `${when}: ${String(error)}`));
        await assertWhole(next, command, world, `${when}, then run again`);
        await next.close();
      };
      for (let from = 0; from < calls.length; from += atATime) {
        await Promise.all(Array.from({ length: Math.min(atATime, calls.length - from) }, (_, at) => cutAt(from + at)));
      }
    });
  }
});

/** The key may have been removed just before the cut. */
const isDone = (error: unknown, { name }: Command): boolean =>
  name === 'key remove' && error instanceof Fault && error.code === 'usage';
