import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Random } from '../../bench/mailbox/random.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, runCommand } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';

/* A repository that two programs share: what each has to be told, and what it must hold. */

export type Program = 'ours' | 'restic';

/** Content of every file below a folder, by its path. */
export type Content = ReadonlyMap<string, string>;

export interface Repository {
  readonly folder: string;
  /** Of all keys that open it. */
  passwords: string[];
}

const listed = z.array(z.object({ id: z.string(), time: z.string(), tags: z.array(z.string()).optional() }));

export type ListedSnapshot = z.infer<typeof listed>[number];

/** Marks by which a snapshot is known for life, whatever becomes of its id. */
export const markOf = ({ tags = [] }: ListedSnapshot): string | undefined =>
  tags.find((tag) => tag.startsWith('life-'));

export const contentOf = (folder: string): Content => {
  const content = new Map<string, string>();
  const look = (path: string): void => {
    const place = join(folder, path);
    if (lstatSync(place).isDirectory()) for (const name of readdirSync(place).sort()) look(join(path, name));
    else content.set(path, createHash('sha256').update(readFileSync(place)).digest('hex'));
  };
  look('.');
  return content;
};

/** Without half-written files, which nobody takes for locks. */
export const locksOf = ({ folder }: Repository): readonly string[] =>
  readdirSync(join(folder, 'locks')).filter((name) => /^[0-9a-f]{64}$/.test(name));

export class World {
  readonly person: Person;
  readonly restic: string;
  readonly source: string;
  readonly random: Random;
  readonly repository: Repository;

  private constructor(person: Person, restic: string, random: Random) {
    this.person = person;
    this.restic = restic;
    this.random = random;
    this.source = join(person.folder, 'source');
    this.repository = { folder: join(person.folder, 'repository'), passwords: ['the first'] };
  }

  static async create(random: Random): Promise<World> {
    const world = new World(await createPerson(), await resticBinary('0.19'), random);
    await mkdir(join(world.source, 'cur'), { recursive: true });
    return world;
  }

  place(name: string): string {
    return join(this.person.folder, name);
  }

  /** Runs either program, both without a cache but ours with its records of locks. */
  async attempt(program: Program, args: readonly string[], { folder, passwords }: Repository): Promise<CommandResult> {
    const password = this.random.pick(passwords);
    if (program === 'restic') {
      const env = { ...this.person.environment, RESTIC_PASSWORD: password, RESTIC_FROM_PASSWORD: this.#fromPassword };
      return runCommand(this.restic, [...args, '--no-cache', '-r', folder], { env });
    }
    const environment = { MAILKEEP_PASSWORD: password, MAILKEEP_FROM_PASSWORD: this.#fromPassword };
    return this.person.run([...args, '-r', folder], { environment });
  }

  /** Only starts our program. */
  start(args: readonly string[], repository: Repository): ChildProcess {
    const [password = ''] = repository.passwords;
    const environment = { MAILKEEP_PASSWORD: password, MAILKEEP_FROM_PASSWORD: this.#fromPassword };
    return this.person.start([...args, '-r', repository.folder], { environment });
  }

  /** The same, and it must succeed. Returns what it printed. */
  async run(program: Program, args: readonly string[], repository = this.repository): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(program, args, repository);
    assert.equal(code, 0, `${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  get #fromPassword(): string {
    return this.repository.passwords[0] ?? '';
  }

  /** All but our own notes, oldest first. */
  async snapshots(repository = this.repository): Promise<readonly ListedSnapshot[]> {
    const all = listed.parse(JSON.parse(await this.run('restic', ['snapshots', '--json', '--no-lock'], repository)));
    return all
      .filter((snapshot) => markOf(snapshot) !== undefined)
      .sort((left, right) => Date.parse(left.time) - Date.parse(right.time));
  }

  /** Some files come, some change, some go. */
  async changeSource(): Promise<Content> {
    for (let file = 0; file < 12; file++) {
      const name = join(this.source, 'cur', `message-${String(file)}`);
      const size = this.random.pick([0, 10, 5_000, 80_000]);
      if (this.random.unit() < 0.4) await writeFile(name, this.random.bytes(size));
      else if (this.random.unit() < 0.1) rmSync(name, { force: true });
    }
    await writeFile(join(this.source, 'always'), this.random.bytes(30));
    return contentOf(this.source);
  }

  /** What a snapshot gives when a program restores it. */
  async restored(program: Program, id: string, repository = this.repository, source = this.source): Promise<Content> {
    const target = this.place('restored');
    rmSync(target, { recursive: true, force: true });
    const lock = program === 'restic' ? ['--no-lock'] : [];
    await this.run(program, ['restore', id, '--target', target, ...lock], repository);
    return contentOf(join(target, source));
  }

  /** Both programs find nothing wrong, every snapshot that should be there is, and gives back what was recorded. */
  async assertWhole(expected: ReadonlyMap<string, Content>, when: string, repository = this.repository): Promise<void> {
    for (const program of ['restic', 'ours'] as const) {
      const { code, stdout, stderr } = await this.attempt(program, ['check'], repository);
      assert.equal(code, 0, `${when}: check of ${program}:\n${stdout}${stderr}`);
    }
    const there = await this.snapshots(repository);
    assert.deepEqual(there.flatMap((one) => markOf(one) ?? []).sort(), [...expected.keys()].sort(), when);
    for (const snapshot of there) {
      const program = this.random.pick(['ours', 'restic'] as const);
      const content = await this.restored(program, snapshot.id, repository);
      assert.deepEqual(content, expected.get(markOf(snapshot) ?? ''), `${when}: ${snapshot.id} by ${program}`);
    }
    assert.deepEqual(locksOf(repository), [], `${when}: nothing is left locked`);
  }
}
