import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMemoryBackend } from '../../src/backend/memory.ts';
import { type Call, type Mishap, type RecordedCall, withFaults } from '../../src/backend/with-faults.ts';
import type { Backend, ObjectHandle, ObjectKind } from '../../src/contract/backend.ts';
import { description } from '../../src/contract/store-fixture.ts';
import type { WriteResult } from '../../src/contract/store.ts';
import { createTestRun, type TestRun } from '../../src/contract/test-run.ts';
import { Fault } from '../../src/model/fault.ts';
import { compare } from '../../src/operation/compare.ts';
import {
  createMemorySource,
  type MemoryDirectory,
  memoryDirectory,
  memoryFile,
} from '../../src/protocol/memory/source.ts';
import { checkRepository } from '../../src/store/restic/check/check.ts';
import { testOptions } from '../../src/store/restic/repository-fixture.ts';
import { initRepository } from '../../src/store/restic/init-repository.ts';
import { openRepository } from '../../src/store/restic/open-repository.ts';
import type { Repository } from '../../src/store/restic/repository.ts';
import { noise } from './mixed-source.ts';

const kinds: readonly ObjectKind[] = ['config', 'key', 'lock', 'snapshot', 'index', 'pack'];

/** Small packs, so that several are under way. */
const options = { ...testOptions, packSize: 300_000 };

const kept = Object.fromEntries(
  Array.from({ length: 6 }, (_, at) => [`kept ${at}`, memoryFile(noise(90_000, at + 1))]),
);
const treeBefore = memoryDirectory({ ...kept, folder: memoryDirectory({ gone: memoryFile('before') }) });
const treeAfter = memoryDirectory({
  ...kept,
  folder: memoryDirectory({ come: memoryFile(noise(400_000, 50)) }),
  more: memoryFile(noise(400_000, 60)),
});

async function* objectsOf(backend: Backend, run: TestRun): AsyncGenerator<{ handle: ObjectHandle; bytes: Uint8Array }> {
  for (const kind of kinds) {
    const listed = kind === 'config' ? [{ name: '' }] : (await Array.fromAsync(backend.list(kind, run))).flat();
    for (const { name } of listed) {
      const handle = { kind, name };
      const bytes = await backend.load(handle, undefined, run).catch(() => undefined);
      if (bytes !== undefined) yield { handle, bytes };
    }
  }
}

/** The same objects in another memory. */
export const copyOf = async (backend: Backend, run: TestRun): Promise<Backend> => {
  const copy = createMemoryBackend();
  for await (const { handle, bytes } of objectsOf(backend, run)) await copy.save(handle, [bytes], run);
  return copy;
};

const folders = {
  config: '.',
  key: 'keys',
  lock: 'locks',
  snapshot: 'snapshots',
  index: 'index',
  pack: 'data',
} as const;

/** The same objects as files, as restic has them. */
export const copyToFolder = async (backend: Backend, folder: string): Promise<void> => {
  for (const each of Object.values(folders)) await mkdir(join(folder, each), { recursive: true });
  for await (const { handle, bytes } of objectsOf(backend, createTestRun())) {
    const { kind, name } = handle;
    const parent = join(folder, folders[kind], kind === 'pack' ? name.slice(0, 2) : '.');
    await mkdir(parent, { recursive: true });
    await writeFile(join(parent, kind === 'config' ? 'config' : name), bytes);
  }
};

const openOn = (backend: Backend, run: TestRun): Promise<Repository> => openRepository(backend, options, run);

const differencesOf = async (
  repository: Repository,
  id: string,
  tree: MemoryDirectory,
  run: TestRun,
): Promise<unknown[]> =>
  Array.fromAsync(
    compare(createMemorySource(tree), await repository.open(id, run), { metadata: true, contents: 'read' }, run),
  );

const writeAfter = async (repository: Repository, parent: string, run: TestRun): Promise<WriteResult> =>
  repository.guarded(async () => {
    const base = await repository.open(parent, run);
    const later = { ...description.time, nanoseconds: description.time.nanoseconds + 1_000_000_000n };
    return repository.write(
      createMemorySource(treeAfter),
      { description: { ...description, time: later }, parent: base },
      run,
    );
  }, run);

export interface Prepared {
  readonly backend: Backend;
  readonly first: string;
}

/** A repository with one snapshot. */
export const prepare = async (): Promise<Prepared> => {
  const run = createTestRun();
  const backend = createMemoryBackend();
  await initRepository(backend, options, run);
  const repository = await openOn(backend, run);
  const { snapshot } = await repository.write(createMemorySource(treeBefore), { description }, run);
  await repository.close();
  assert.ok(snapshot !== undefined);
  return { backend, first: snapshot.id };
};

export interface Attempt {
  /** The calls of the write alone, from the lock to its removal, counted from 0. */
  readonly calls: readonly RecordedCall[];
  readonly outcome: Fault | WriteResult;
  /** What is left behind. */
  readonly backend: Backend;
  readonly run: TestRun;
}

/** Writes onto a copy, with mishaps counted from the first call of the write. */
export const attempt = async (
  { backend, first }: Prepared,
  decide: (call: Call, around: { readonly storage: Backend; readonly run: TestRun }) => Mishap | undefined,
  wrap: (faulty: Backend, run: TestRun) => Backend = (faulty) => faulty,
): Promise<Attempt> => {
  const run = createTestRun();
  const copy = await copyOf(backend, run);
  let begun = Number.POSITIVE_INFINITY;
  const faulty = withFaults(copy, (call) =>
    call.index < begun ? undefined : decide({ ...call, index: call.index - begun }, { storage: copy, run }),
  );
  const repository = await openOn(wrap(faulty.backend, run), run);
  begun = faulty.calls.length;
  let outcome: Fault | WriteResult;
  try {
    outcome = await writeAfter(repository, first, run);
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    outcome = error;
  }
  await repository.close().catch((error: unknown) => assert.ok(error instanceof Fault));
  const from = begun;
  const calls = faulty.calls.slice(from).map((call) => ({ ...call, index: call.index - from }));
  return { calls, outcome, backend: copy, run };
};

/** Nothing that was there is lost, nothing is damaged, and the next write succeeds. */
export const assertUnharmed = async ({ first }: Prepared, { backend, outcome }: Attempt): Promise<void> => {
  const run = createTestRun();
  const repository = await openOn(backend, run);
  const ids = (await repository.snapshots(run)).map(({ id }) => id);
  assert.equal(ids[0], first);
  if (!(outcome instanceof Fault)) assert.deepEqual(ids.slice(1), [outcome.snapshot?.id]);
  assert.deepEqual(await differencesOf(repository, first, treeBefore, run), []);
  for (const id of ids.slice(1)) assert.deepEqual(await differencesOf(repository, id, treeAfter, run), []);
  const { damage } = await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run);
  assert.equal(damage, 0);
  const again = await writeAfter(repository, first, run);
  assert.deepEqual(await differencesOf(repository, again.snapshot?.id ?? '', treeAfter, run), []);
  const checked = await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run);
  assert.equal(checked.damage, 0);
  await repository.close();
};

/** Some at once: most of the time is waiting for locks to settle. */
export const eachOf = async <Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> => {
  const queue = [...items];
  const one = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 4 }, one));
};
