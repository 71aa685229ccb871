import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { type Content, locksOf, markOf, type Repository, type World } from './world.ts';

/* Commands that are to be disturbed while they change a repository, and what must be true whatever comes of them. */

export const disturbed = ['backup', 'forget', 'prune', 'copy'] as const;
export type Disturbed = (typeof disturbed)[number];

export interface Victim {
  readonly world: World;
  /** What the command works on; each time a copy. */
  readonly base: Repository;
  readonly args: readonly string[];
  /** Marks that must be there at any time. */
  readonly always: readonly string[];
  /** Marks that must be there, and no others, once the command has run to its end. */
  readonly finally: readonly string[];
  readonly content: ReadonlyMap<string, Content>;
}

const rounds = 5;

const marks = (from: number): readonly string[] =>
  Array.from({ length: rounds - from }, (_, at) => `life-${String(from + at)}`);

/** Five snapshots, made by both programs in turn. */
const makeRepository = async (world: World): Promise<Map<string, Content>> => {
  await world.run('restic', ['init']);
  const content = new Map<string, Content>();
  for (let round = 0; round < rounds; round++) {
    content.set(`life-${String(round)}`, await world.changeSource());
    await world.run(round % 2 === 0 ? 'ours' : 'restic', ['backup', world.source, '--tag', `life-${String(round)}`]);
  }
  return content;
};

export const prepare = async (command: Disturbed, world: World): Promise<Victim> => {
  const content = await makeRepository(world);
  const base = world.repository;
  const common = { world, base, content, always: marks(0), finally: marks(0) };
  switch (command) {
    case 'backup': {
      content.set('life-new', await world.changeSource());
      const args = ['backup', world.source, '--tag', 'life-new', '--force'];
      return { ...common, args, finally: [...marks(0), 'life-new'] };
    }
    case 'forget': {
      const args = ['forget', '--keep-last', '2', '--group-by', '', '--yes'];
      return { ...common, args, always: marks(3), finally: marks(3) };
    }
    case 'prune': {
      await world.run('restic', ['forget', '--keep-last', '2', '--group-by', '']);
      const args = ['prune', '--max-unused', '0', '--grace', '0', '--yes'];
      return { ...common, args, always: marks(3), finally: marks(3) };
    }
    case 'copy': {
      const second = { folder: world.place('second'), passwords: ['of the second'] };
      await world.run('restic', ['init'], second);
      return { ...common, base: second, args: ['copy', '--from-repo', base.folder], always: [] };
    }
  }
};

/** Whatever lock was left, restic finds every byte good, and one of the snapshots gives back what was recorded. */
export const assertSound = async (victim: Victim, repository: Repository, when: string): Promise<readonly string[]> => {
  const { world, content } = victim;
  const checked = await world.attempt('restic', ['check', '--read-data', '--no-lock'], repository);
  assert.equal(checked.code, 0, `${when}: ${checked.stdout}${checked.stderr}`);
  const there = await world.snapshots(repository);
  const found = there.flatMap((snapshot) => markOf(snapshot) ?? []);
  for (const mark of victim.always) assert.ok(found.includes(mark), `${when}: ${mark} is there`);
  if (there.length > 0) {
    const snapshot = world.random.pick(there);
    const restored = await world.restored(world.random.pick(['ours', 'restic'] as const), snapshot.id, repository);
    assert.deepEqual(restored, content.get(markOf(snapshot) ?? ''), `${when}: ${snapshot.id}`);
  }
  return found;
};

/** The command's repository as it was before it, in another folder. */
export const copyOf = async ({ world, base }: Victim, name: string): Promise<Repository> => {
  const folder = world.place(name);
  rmSync(folder, { recursive: true, force: true });
  await cp(base.folder, folder, { recursive: true });
  return { ...base, folder };
};

/** The command runs again, to its end: what should be there is, whole, and nothing is locked. */
export const assertContinues = async (victim: Victim, repository: Repository, when: string): Promise<void> => {
  await victim.world.run('ours', victim.args, repository);
  const found = await assertSound(victim, repository, `${when}, then run again`);
  // A backup that had just made its snapshot makes another one.
  assert.deepEqual([...new Set(found)].sort(), [...victim.finally].sort(), when);
  assert.deepEqual(locksOf(repository), [], `${when}: nothing is left locked`);
};
