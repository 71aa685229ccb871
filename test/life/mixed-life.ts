import assert from 'node:assert/strict';
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { randomFor } from '../../bench/mailbox/random.ts';
import { type Content, type ListedSnapshot, markOf, type Program, type Repository, World } from './world.ts';

/** What the repository must hold by now. */
interface Life {
  readonly world: World;
  /** By mark. */
  readonly expected: Map<string, Content>;
  readonly second: Repository;
  /** All that a snapshot of this mark ever held: the second repository keeps what was copied before a rewrite. */
  readonly history: Map<string, readonly Content[]>;
  steps: number;
  isOld: boolean;
}

type Step = (life: Life, program: Program) => Promise<void>;

const noQuestion = (program: Program): readonly string[] => (program === 'ours' ? ['--yes'] : []);

const pickSnapshot = async ({ world }: Life): Promise<ListedSnapshot> => world.random.pick(await world.snapshots());

const record = ({ expected, history }: Life, mark: string, content: Content): void => {
  expected.set(mark, content);
  history.set(mark, [...(history.get(mark) ?? []), content]);
};

const backup: Step = async (life, program) => {
  const { world, steps } = life;
  const mark = `life-${String(steps)}`;
  const content = await world.changeSource();
  await world.run(program, ['backup', world.source, '--tag', mark]);
  record(life, mark, content);
};

const forgetOne: Step = async (life, program) => {
  const { world, expected } = life;
  if (expected.size < 3) return backup(life, program);
  const snapshot = await pickSnapshot(life);
  await world.run(program, ['forget', snapshot.id, ...noQuestion(program)]);
  expected.delete(markOf(snapshot) ?? '');
};

const forgetByPolicy: Step = async ({ world, expected }, program) => {
  const keep = 3;
  const prune = world.random.unit() < 0.5 ? ['--prune', '--max-unused', '0'] : [];
  const gone = (await world.snapshots()).slice(0, -keep);
  const args = ['forget', '--keep-last', String(keep), '--group-by', '', ...prune];
  await world.run(program, [...args, ...noQuestion(program)]);
  for (const snapshot of gone) expected.delete(markOf(snapshot) ?? '');
};

const prune: Step = async ({ world }, program) => {
  const args = ['prune', '--max-unused', world.random.pick(['0', '5%', 'unlimited'])];
  const grace = world.random.unit() < 0.5 ? ['--grace', '0'] : [];
  await world.run(program, program === 'ours' ? [...args, ...grace, '--yes'] : args);
};

const tag: Step = async (life, program) => {
  const { id } = await pickSnapshot(life);
  const change = life.world.random.pick(['--add', '--remove']);
  await life.world.run(program, ['tag', change, life.world.random.pick(['one', 'two']), id]);
};

/** Leaves a file out of a snapshot. */
const rewrite: Step = async (life, program) => {
  const { world, expected } = life;
  const snapshot = await pickSnapshot(life);
  const left = `message-${String(world.random.below(12))}`;
  await world.run(program, ['rewrite', '--exclude', left, '--forget', snapshot.id, ...noQuestion(program)]);
  const mark = markOf(snapshot) ?? '';
  const before = expected.get(mark) ?? new Map<string, string>();
  record(life, mark, new Map([...before].filter(([path]) => path !== join('cur', left))));
};

const keyList = z.array(z.object({ id: z.string(), current: z.boolean() }));

const changeKeys: Step = async ({ world, steps }, program) => {
  const { repository, random } = world;
  const file = world.place('new-password');
  const password = `password ${String(steps)}`;
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const kind = random.pick(repository.passwords.length > 1 ? ['add', 'passwd', 'remove'] : ['add', 'passwd']);
  const [used = '', ...others] = repository.passwords;
  const alone = { ...repository, passwords: [used] };
  if (kind === 'add') {
    await world.run(program, ['key', 'add', '--new-password-file', file], alone);
    repository.passwords = [...repository.passwords, password];
  } else if (kind === 'passwd') {
    await world.run(program, ['key', 'passwd', '--new-password-file', file], alone);
    repository.passwords = [...others, password];
  } else {
    const [victim = '', ...kept] = others;
    const keys = keyList.parse(
      JSON.parse(await world.run(program, ['key', 'list', '--json'], { ...repository, passwords: [victim] })),
    );
    const id = keys.find(({ current }) => current)?.id ?? '';
    await world.run(program, ['key', 'remove', id, ...noQuestion(program)], alone);
    repository.passwords = [used, ...kept];
    const shut = await world.attempt('ours', ['snapshots'], { ...repository, passwords: [victim] });
    assert.equal(shut.code, 12, 'a key that was removed opens nothing');
  }
};

/** Some index files are lost, or none. */
const repairIndex: Step = async ({ world }, program) => {
  const folder = join(world.repository.folder, 'index');
  for (const name of readdirSync(folder)) {
    if (world.random.unit() < 0.5) continue;
    chmodSync(join(folder, name), 0o600);
    rmSync(join(folder, name));
  }
  await world.run(program, ['repair', 'index', ...noQuestion(program)]);
};

const repairSnapshots: Step = async ({ world }, program) => {
  await world.run(program, ['repair', 'snapshots', '--forget', ...noQuestion(program)]);
};

const copy: Step = async ({ world, second, expected }, program) => {
  await world.run(program, ['copy', '--from-repo', world.repository.folder], second);
  const marks = (await world.snapshots(second)).map(markOf);
  for (const mark of expected.keys()) assert.ok(marks.includes(mark), `${mark} was copied`);
};

const assertCopiesWhole = async ({ world, second, history }: Life): Promise<void> => {
  for (const program of ['restic', 'ours'] as const) await world.run(program, ['check', '--read-data'], second);
  for (const snapshot of await world.snapshots(second)) {
    const content = await world.restored(world.random.pick(['ours', 'restic'] as const), snapshot.id, second);
    const known = history.get(markOf(snapshot) ?? '') ?? [];
    const isKnown = known.some((one) => isDeepStrictEqual(one, content));
    assert.ok(isKnown, `the copy ${snapshot.id}`);
  }
};

const readBack: Step = async ({ world }, program) => {
  await world.run(program, ['check', '--read-data']);
};

const upgrade: Step = async (life, program) => {
  if (!life.isOld) return tag(life, program);
  await life.world.run(program, ['migrate', 'upgrade_repo_v2', ...noQuestion(program)]);
  life.isOld = false;
};

const steps: Readonly<Record<string, Step>> = {
  backup,
  'backup again': backup,
  'forget one': forgetOne,
  'forget by policy': forgetByPolicy,
  prune,
  tag,
  rewrite,
  'change keys': changeKeys,
  'repair index': repairIndex,
  'repair snapshots': repairSnapshots,
  copy,
  'read back': readBack,
  upgrade,
};

const begin = async (seed: number): Promise<Life> => {
  const world = await World.create(randomFor('mixed life', seed));
  const second = { folder: world.place('second'), passwords: ['of the second'] };
  const isOld = world.random.unit() < 0.5;
  await world.run('restic', ['init', '--repository-version', isOld ? '1' : '2']);
  await world.run('restic', ['init'], second);
  return { world, expected: new Map(), second, history: new Map(), steps: 0, isOld };
};

/**
 * Both programs take turns at random on one repository. After each step both find it whole, and every snapshot gives back
 * what was recorded of it. The seed makes the same life again.
 */
export const liveTogether = async (t: TestContext, seed: number, count: number): Promise<void> => {
  t.diagnostic(`seed ${String(seed)}`);
  const life = await begin(seed);
  const { world, expected } = life;
  const told: string[] = [];
  try {
    await backup(life, 'restic');
    await backup({ ...life, steps: -1 }, 'ours');
    for (life.steps = 1; life.steps <= count; life.steps++) {
      const name = world.random.pick(Object.keys(steps));
      const program = world.random.pick(['ours', 'restic'] as const);
      told.push(`${String(life.steps)}. ${name} by ${program}`);
      await steps[name]?.(life, program);
      await world.assertWhole(expected, `seed ${String(seed)}\n${told.slice(-8).join('\n')}`);
    }
    await assertCopiesWhole(life);
  } finally {
    await world.person.leave();
  }
};
