import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { succeed as execute } from '../../requirement/command.ts';
import { resticBinary } from '../../requirement/restic.ts';
import { createPerson, describeTree, lockCount, type Person, repositoryContent } from '../program.ts';
import { addLock, setVersion } from '../repository-maker.ts';

interface Expected {
  readonly code: number;
  readonly sentence: RegExp;
  readonly hint: RegExp;
}

const isRoot = process.getuid?.() === 0;
const needsRoot = { skip: isRoot ? false : 'mounting needs root' };

/** Requirement B7 and item 7 of the first issue: each kind of bad input has its own fault, exit code and hint. */
describe('bad input', { concurrency: 1 }, () => {
  let person: Person;
  let good = '';
  let passwordFile = '';
  let mail = '';
  let snapshot = '';

  before(async () => {
    person = await createPerson();
    good = join(person.folder, 'repository');
    passwordFile = join(person.folder, 'password');
    mail = join(person.folder, 'mail');
    await mkdir(join(mail, 'folder'), { recursive: true });
    for (const name of ['a', 'b', 'folder/c']) await writeFile(join(mail, name), `this is ${name}\n`.repeat(100));
    await succeed(['init', '--generate-password', passwordFile, '-r', good]);
    await succeed(['backup', mail, ...of(good)]);
    await writeFile(join(mail, 'd'), 'this is d\n');
    await succeed(['backup', mail, ...of(good)]);
    snapshot = (await readdir(join(good, 'snapshots')))[0] ?? '';
  });
  after(() => person.leave());

  const of = (repository: string): string[] => ['-r', repository, '-p', passwordFile, '--no-cache'];

  const succeed = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await person.run(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  const seenAsJson = new Set<number>();

  const fails = async (args: readonly string[], { code, sentence, hint }: Expected, input = ''): Promise<void> => {
    const result = await person.run(args, { input });
    const said = `${args.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`;
    assert.equal(result.code, code, said);
    assert.match(result.stderr, sentence, said);
    assert.match(result.stderr, hint, said);
    assert.doesNotMatch(result.stderr, /^\s+at |defect in Mailkeep/m, 'no stack, and no defect');
    // The same as JSON, once for each kind of exit.
    if (seenAsJson.has(code)) return;
    seenAsJson.add(code);
    const json = await person.run([...args, '--json'], { input });
    assert.equal(json.code, code);
    const last: unknown = JSON.parse(json.stderr.trim().split('\n').at(-1) ?? '');
    assert.ok(typeof last === 'object' && last !== null && 'message_type' in last && 'code' in last, json.stderr);
    assert.deepEqual([last.message_type, last.code], ['exit_error', code]);
  };

  /** A copy of the good repository to be harmed. */
  const copyOf = async (name: string): Promise<string> => {
    const copy = join(person.folder, name);
    await rm(copy, { recursive: true, force: true });
    await cp(good, copy, { recursive: true, preserveTimestamps: true });
    return copy;
  };

  const unharmed = async (repository: string, work: () => Promise<void>): Promise<void> => {
    const before = repositoryContent(repository);
    await work();
    assert.deepEqual(repositoryContent(repository), before, 'the repository is as it was');
    assert.equal(lockCount(repository), 0, 'no lock is left');
  };

  const filesOf = async (repository: string, folder: string): Promise<string[]> => {
    const all = await readdir(join(repository, folder), { recursive: true, withFileTypes: true });
    return all
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  };

  const flip = async (file: string, at: number): Promise<void> => {
    const bytes = await readFile(file);
    const position = at < 0 ? bytes.length + at : at;
    bytes[position] = (bytes[position] ?? 0) ^ 0x10;
    await chmod(file, 0o600);
    await writeFile(file, bytes);
  };

  test('a wrong password: 12, whatever the command', async () => {
    const wrong = join(person.folder, 'wrong');
    await writeFile(wrong, 'not this\n');
    await unharmed(good, async () => {
      for (const command of [
        ['backup', mail],
        ['snapshots'],
        ['check'],
        ['restore', 'latest', '-t', join(person.folder, 'x')],
      ]) {
        await fails([...command, '-r', good, '-p', wrong], {
          code: 12,
          sentence: /^mailkeep: the password opens no key of the repository/m,
          hint: /Check --password-file/,
        });
      }
    });
    assert.ok(!existsSync(join(person.folder, 'x')));
  });

  test('no password, an empty one, and a file of it that is not there: 2', async () => {
    const empty = join(person.folder, 'empty');
    await writeFile(empty, '\n');
    await fails(['snapshots', '-r', good], { code: 2, sentence: /no password is given/, hint: /--password-file/ });
    await fails(['snapshots', '-r', good, '-p', empty], { code: 2, sentence: /is empty/, hint: /never used without/ });
    await fails(['snapshots', '-r', good, '-p', join(person.folder, 'nothing')], {
      code: 2,
      sentence: /password file .* cannot be read \(ENOENT\)/,
      hint: /who may read the file/,
    });
  });

  test('no repository: 10, and nothing is made', async () => {
    const nowhere = join(person.folder, 'nowhere');
    for (const command of [['backup', mail], ['snapshots'], ['check'], ['unlock']]) {
      await fails([...command, ...of(nowhere)], {
        code: 10,
        sentence: /there is no repository at .*nowhere/,
        hint: /disk is mounted.*mailkeep init/,
      });
    }
    assert.ok(!existsSync(nowhere));
    await fails(['snapshots'], { code: 10, sentence: /no repository is named/, hint: /mailkeep backup FOLDER/ });
    assert.deepEqual(await readdir(person.home), []);
  });

  test('a repository where one is to be made: 2', async () => {
    await unharmed(good, () =>
      fails(['init', ...of(good)], { code: 2, sentence: /already a repository/, hint: /nothing has been changed/ }),
    );
  });

  test('an exclusive lock of somebody else: 11, until it is removed', async () => {
    const repository = await copyOf('locked');
    const time = { nanoseconds: BigInt(Date.now()) * 1_000_000n, offsetMinutes: 0 };
    await addLock(repository, passwordFile, { exclusive: true, hostname: 'elsewhere', pid: 4711, time });
    const before = repositoryContent(repository);
    await fails(['backup', mail, ...of(repository)], {
      code: 11,
      sentence: /locked exclusively by .*@elsewhere/,
      hint: /mailkeep unlock/,
    });
    assert.match(await succeed(['unlock', ...of(repository)]), /no lock was removed\n1 lock is left/);
    await fails(['unlock', '--remove-all', ...of(repository)], { code: 2, sentence: /nobody to ask/, hint: /--yes/ });
    assert.match(await succeed(['unlock', '--remove-all', '--yes', ...of(repository)]), /1 lock was removed/);
    assert.deepEqual(repositoryContent(repository), before);
    await succeed(['backup', mail, ...of(repository)]);
  });

  test('a repository of a newer version: 2', async () => {
    const repository = await copyOf('newer');
    await setVersion(repository, passwordFile, 3);
    await unharmed(repository, () =>
      fails(['backup', mail, ...of(repository)], {
        code: 2,
        sentence: /has version 3 of its format, Mailkeep knows 1 and 2/,
        hint: /look for a newer Mailkeep/,
      }),
    );
  });

  test('a damaged config: 2', async () => {
    const repository = await copyOf('config');
    await flip(join(repository, 'config'), 40);
    await unharmed(repository, () =>
      fails(['backup', mail, ...of(repository)], {
        code: 2,
        sentence: /the config .* is damaged/,
        hint: /from a copy/,
      }),
    );
  });

  test('a damaged index: 2, and check names it', async () => {
    const repository = await copyOf('index');
    const [file = ''] = await filesOf(repository, 'index');
    await flip(file, 50);
    await unharmed(repository, async () => {
      await fails(['backup', mail, ...of(repository)], { code: 2, sentence: /index/, hint: /./ });
      await finds(repository, /damaged: .*index/);
    });
  });

  /** The check ends with 1 and says what is damaged and what to do. */
  const finds = async (repository: string, what: RegExp, more: readonly string[] = []): Promise<void> => {
    const { code, stdout, stderr } = await person.run(['check', ...more, ...of(repository)]);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout, what);
    assert.match(stdout, /^DAMAGE was found: \d+ places?$/m);
    assert.match(stdout, /^What to do:\n {2}- ./m);
  };

  test('a damaged snapshot: told by name, and all others are as good as before', async () => {
    const repository = await copyOf('snapshot');
    await flip(join(repository, 'snapshots', snapshot), 30);
    await unharmed(repository, async () => {
      const listed = await person.run(['snapshots', ...of(repository)]);
      assert.equal(listed.code, 1);
      assert.match(listed.stderr, new RegExp(snapshot.slice(0, 8)));
      assert.match(listed.stdout, /^1 snapshot;/m);
      await fails(['restore', snapshot, '-t', join(person.folder, 'none'), ...of(repository)], {
        code: 2,
        sentence: new RegExp(`snapshot ${snapshot.slice(0, 8)}`),
        hint: /./,
      });
      await finds(repository, new RegExp(`damaged: .*${snapshot.slice(0, 8)}`));
    });
    await succeed(['backup', mail, ...of(repository)]).catch((error: unknown) =>
      assert.match(String(error), /snapshot/),
    );
  });

  test('damaged packs: check finds them, a restore says what is lost, and the next backup is not kept from its work', async () => {
    const repository = await copyOf('pack');
    for (const file of await filesOf(repository, 'data')) await flip(file, 20);
    const before = repositoryContent(repository);
    await finds(repository, /damaged: .*(?:pack|blob|tree)/, ['--read-data']);
    const target = join(person.folder, 'from-damaged');
    const { code, stdout, stderr } = await person.run(['restore', 'latest', '-t', target, ...of(repository)]);
    assert.ok(code === 1 || code === 2, stdout + stderr);
    assert.match(stderr, /damaged/);
    const again = await person.run(['backup', mail, ...of(repository)]);
    // It is made, and a person is told: 1. Where nothing could be made of what is there, 2.
    assert.ok(again.code === 1 || again.code === 2, again.stderr);
    assert.match(again.stderr, /damaged/);
    const after = new Set(repositoryContent(repository));
    for (const line of before) assert.ok(after.has(line), `${line} is as it was`);
  });

  test('a missing pack: it is named, and the next backup stores again what is still at its source, once', async () => {
    const repository = await copyOf('missing-pack');
    const box = join(person.folder, 'box');
    for (const name of ['cur', 'new', 'tmp']) await mkdir(join(box, name), { recursive: true });
    await writeFile(join(box, 'cur', '1700000000.M1P1.host:2,S'), 'Subject: one\n\none\n');
    for (const name of ['cur', 'new']) await utimes(join(box, name), 1_700_000_000, 1_700_000_000);
    const cached = ['-r', repository, '-p', passwordFile];
    const before = new Set(await filesOf(repository, 'data'));
    await succeed(['backup', box, ...cached]);
    // A second one, so that the cache knows the first to be complete.
    await succeed(['backup', box, ...cached]);
    for (const file of await filesOf(repository, 'data')) if (!before.has(file)) await rm(file);
    await finds(repository, /damaged: the pack [0-9a-f]{8} is missing/);
    const again = await person.run(['backup', box, ...cached]);
    assert.equal(again.code, 1, again.stderr);
    assert.match(again.stderr, /packs? (?:is|are) missing/);
    const third = await person.run(['backup', box, '--json', ...cached]);
    assert.match(third.stdout, /"data_blobs":0,/, third.stdout);
    const target = join(person.folder, 'from-mended');
    await succeed(['restore', 'latest', '-t', target, '--verify', ...cached]);
    const restic = await resticBinary('0.19');
    const args = [
      'restore',
      'latest',
      '--target',
      `${target}-restic`,
      '-r',
      repository,
      '--password-file',
      passwordFile,
    ];
    await execute(restic, [...args, '--no-cache'], { env: person.environment });
    assert.deepEqual(describeTree(`${target}-restic`).slice(1), describeTree(target).slice(1));
  });

  test('a vanished source: 2 when nothing of it is there, 1 when a part is, and the earlier one is carried on', async () => {
    const repository = await copyOf('vanished');
    const gone = join(person.folder, 'gone');
    await unharmed(repository, () =>
      fails(['backup', gone, ...of(repository)], { code: 2, sentence: /gone is not there/, hint: /is mounted/ }),
    );
    await cp(mail, gone, { recursive: true });
    await succeed(['backup', mail, gone, ...of(repository)]);
    await rename(gone, `${gone}-away`);
    const { code, stderr, stdout } = await person.run(['backup', mail, gone, ...of(repository)]);
    assert.equal(code, 1, stdout);
    assert.match(stderr, /gone is not there/);
    assert.match(stdout, /marked incomplete/);
    const target = join(person.folder, 'carried');
    await succeed(['restore', `latest:${gone}`, '-t', target, ...of(repository)]);
    assert.deepEqual((await readdir(target)).sort(), ['a', 'b', 'd', 'folder']);
  });

  test('a snapshot or a path that is not there: 2, with what to do', async () => {
    const target = join(person.folder, 'nothing');
    await unharmed(good, async () => {
      const sentence = /there is no snapshot/;
      await fails(['restore', '00000000', '-t', target, ...of(good)], {
        code: 2,
        sentence,
        hint: /mailkeep snapshots/,
      });
      await fails(['restore', 'latest:/nope', '-t', target, ...of(good)], {
        code: 2,
        sentence: /\/nope is not in the snapshot/,
        hint: /mailkeep ls/,
      });
      await fails(['restore', 'latest', '-i', 'nope', '-t', target, ...of(good)], {
        code: 2,
        sentence: /nothing in the snapshot matches/,
        hint: /mailkeep ls/,
      });
    });
    assert.ok(!existsSync(target));
  });

  test('wrong use: 2, with the sentence of what is wrong', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['backup', ...of(good)], /nothing is named/],
      [['backup', mail, '--stdin', ...of(good)], /--stdin/],
      [['backup', mail, '-e', '[', ...of(good)], /malformed/],
      [['backup', mail, '--exclude-file', join(person.folder, 'no-file'), ...of(good)], /no-file/],
      [['restore', 'latest', '-t', 'x', '--dry-run', '--verify', ...of(good)], /--verify/],
      [['check', '--read-data', '--read-data-subset', '1/2', ...of(good)], /--read-data/],
      [['restore', 'latest', ...of(good)], /where to restore to/],
      [['snapshots', '-r', 'b2:bucket:folder'], /cannot be opened by this version/],
    ];
    for (const [args, sentence] of cases) {
      const { code, stderr } = await person.run(args);
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, sentence);
    }
    for (const args of [
      ['backup', mail, '--ignore-inode'],
      ['restore', 'latest', '-t', 'x', '--delete'],
      ['check', '--read-data-subset', '3/2'],
      ['init', '--repository-version', '1'],
      ['nonsense'],
    ]) {
      const { code, stderr } = await person.run(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /^error: /);
    }
  });

  test('overwriting without a person to ask needs --yes', async () => {
    const target = join(person.folder, 'mine');
    await mkdir(join(target), { recursive: true });
    await writeFile(join(target, 'a'), 'my own\n');
    const args = ['restore', `latest:${mail}`, '-t', target, ...of(good)];
    await fails(args, { code: 2, sentence: /1 of the files in .*mine would be overwritten/, hint: /--yes/ });
    assert.deepEqual(await readdir(target), ['a']);
    await succeed([...args, '--overwrite', 'never']);
    assert.equal(await readFile(join(target, 'a'), 'utf8'), 'my own\n');
    await succeed([...args, '--yes']);
    assert.match(await readFile(join(target, 'a'), 'utf8'), /^this is a/);
    await fails(['restore', `latest:${mail}`, '-t', mail, ...of(good)], {
      code: 2,
      sentence: /is where the snapshot was taken from/,
      hint: /--yes/,
    });
  });

  const mounted = async (options: readonly string[], work: (place: string) => Promise<void>): Promise<void> => {
    const place = join(person.folder, 'mounted');
    await mkdir(place, { recursive: true });
    execFileSync('mount', [...options, place]);
    try {
      await work(place);
    } finally {
      execFileSync('umount', [place]);
    }
  };

  test(
    'a full disk under the repository: 2, no snapshot, no lock, all that was there is whole',
    needsRoot,
    async () => {
      await mounted(['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs'], async (place) => {
        const repository = join(place, 'repository');
        await cp(good, repository, { recursive: true });
        const big = join(person.folder, 'big');
        await writeFile(big, randomBytes(6_000_000));
        const before = repositoryContent(repository);
        await fails(['backup', big, '--pack-size', '4M', '--compression', 'off', ...of(repository)], {
          code: 2,
          sentence: /no space is left on the device/,
          hint: /./,
        });
        assert.equal(lockCount(repository), 0);
        const after = new Set(repositoryContent(repository));
        for (const line of before) assert.ok(after.has(line), `${line} is as it was`);
        assert.equal((await readdir(join(repository, 'snapshots'))).length, 2);
        await succeed(['check', '--read-data', ...of(repository)]);
      });
    },
  );

  test('a full disk under the target: 2, and what is told is true', needsRoot, async () => {
    await mounted(['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs'], async (place) => {
      const big = join(person.folder, 'big2');
      await writeFile(big, Buffer.alloc(2_000_000, 'x'));
      const repository = await copyOf('for-full-target');
      await succeed(['backup', big, ...of(repository)]);
      await fails(['restore', 'latest', '-t', join(place, 'target'), '--yes', ...of(repository)], {
        code: 2,
        sentence: /no space is left on the device/,
        hint: /./,
      });
    });
  });

  test('a repository on a read-only disk: 2, and --no-lock reads it', needsRoot, async () => {
    await mounted(['--bind', good], async (place) => {
      execFileSync('mount', ['-o', 'remount,ro,bind', place]);
      await fails(['backup', mail, ...of(place)], { code: 2, sentence: /read-only/, hint: /./ });
      assert.match(await succeed(['snapshots', '--no-lock', ...of(place)]), /^2 snapshots;/m);
      const target = join(person.folder, 'from-read-only');
      await succeed(['restore', 'latest', '-t', target, '--no-lock', ...of(place)]);
    });
  });
});
