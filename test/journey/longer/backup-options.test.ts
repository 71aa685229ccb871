import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { succeed as execute } from '../../requirement/command.ts';
import { resticBinary } from '../../requirement/restic.ts';
import { createPerson, type Person } from '../program.ts';

const cacheTag = 'Signature: 8a477f597d28d172789f06886806bc55\n# a cache\n';

/** Every option of `backup` that says what is kept makes the same tree as with restic 0.19. */
describe('options of backup', { concurrency: 1 }, () => {
  let person: Person;
  let source = '';
  let ours: string[] = [];
  let theirs: string[] = [];
  let restic = '';

  before(async () => {
    person = await createPerson();
    restic = await resticBinary('0.19');
    source = join(person.folder, 'source');
    for (const folder of ['a/cache', 'a/keep', 'b/tagged/deep', 'ärger'])
      await mkdir(join(source, folder), { recursive: true });
    const files: Readonly<Record<string, string>> = {
      'a/one.txt': 'one',
      'a/two.TMP': 'two',
      'a/three.tmp': 'three',
      'a/cache/CACHEDIR.TAG': cacheTag,
      'a/cache/rubbish': 'rubbish',
      'a/keep/CACHEDIR.TAG': 'not the signature',
      'a/keep/it': 'it',
      'b/large': 'x'.repeat(5000),
      'b/tagged/.nobackup': 'header of it',
      'b/tagged/deep/inside': 'inside',
      'b/tagged/beside': 'beside',
      'ärger/ümlaut.txt': 'ü',
      'with space': 'space',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text);
    await symlink('one.txt', join(source, 'a/link'));
    await utimes(join(source, 'a/one.txt'), 1_600_000_000.5, 1_500_000_000.123_456);
    const password = join(person.folder, 'password');
    ours = ['-r', join(person.folder, 'ours'), '-p', password];
    theirs = ['-r', join(person.folder, 'theirs'), '--password-file', password, '--no-cache'];
    await succeed(['init', '--generate-password', password, '-r', join(person.folder, 'ours')]);
    await execute(restic, ['init', ...theirs], { env: person.environment });
  });
  after(() => person.leave());

  const succeed = async (args: readonly string[], input: string | Uint8Array = ''): Promise<string> => {
    const { code, stdout, stderr } = await person.run(args, { input });
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  interface Listed {
    readonly tree: string;
    readonly paths: readonly string[];
    readonly time: string;
    readonly tags?: readonly string[];
    readonly hostname: string;
    readonly excludes?: readonly string[];
  }

  const isListed = (value: unknown): value is Listed => typeof value === 'object' && value !== null && 'tree' in value;

  /** restic's own word on what a repository holds, by host. */
  const snapshotsIn = async (repository: string): Promise<ReadonlyMap<string, Listed>> => {
    const args = ['snapshots', '--json', '-r', repository, ...theirs.slice(2)];
    const all: unknown = JSON.parse(await execute(restic, args, { env: person.environment }));
    assert.ok(Array.isArray(all));
    return new Map(all.filter(isListed).map((listed) => [listed.hostname, listed]));
  };

  const lists = async (): Promise<void> => {
    await writeFile(join(person.folder, 'excludes'), '# rubbish\n\n  *.tmp  \n$HOME/x\n/**/deep\n!*.TMP\n');
    await writeFile(join(person.folder, 'names'), '# names\nsource/[ab]\nsource/with*\n');
    await writeFile(join(person.folder, 'verbatim'), 'source/with space\nsource/a/keep\n');
    await writeFile(join(person.folder, 'raw'), 'source/with space\0source/ärger\0');
  };

  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['nothing more', ['source']],
    ['--exclude', ['source', '-e', '*.tmp', '-e', 'b/**/inside', '--exclude', '!three*']],
    ['--iexclude', ['source', '--iexclude', '*.tmp', '--iexclude', 'ÄRGER']],
    ['--exclude-file', ['source', '--exclude-file', 'excludes']],
    ['--exclude-caches', ['source', '--exclude-caches']],
    ['--exclude-if-present', ['source', '--exclude-if-present', '.nobackup']],
    ['--exclude-if-present with a header', ['source', '--exclude-if-present', '.nobackup:header']],
    ['--exclude-if-present with another header', ['source', '--exclude-if-present', '.nobackup:other']],
    ['--exclude-larger-than', ['source', '--exclude-larger-than', '4k']],
    ['--one-file-system', ['source', '-x']],
    ['--files-from', ['--files-from', 'names']],
    ['--files-from-verbatim and a path', ['--files-from-verbatim', 'verbatim', 'source/b']],
    ['--files-from-raw', ['--files-from-raw', 'raw']],
  ];
  test('S1: each of them makes the tree that restic makes, and records what restic records', async () => {
    await lists();
    for (const [what, args] of cases) {
      const fixed = ['--host', what, '--time', '2026-01-31 03:04:05', '--tag', 'a,b', '--tag', 'c'];
      await succeed(['backup', '-q', ...args, ...fixed, ...ours]);
      await execute(restic, ['backup', '-q', ...args, ...fixed, ...theirs], {
        env: person.environment,
        cwd: person.folder,
      });
    }
    const all = { ours: await snapshotsIn(ours[1] ?? ''), theirs: await snapshotsIn(theirs[1] ?? '') };
    for (const [what] of cases) {
      const [mine, its] = [all.ours.get(what), all.theirs.get(what)];
      assert.ok(mine !== undefined && its !== undefined, what);
      assert.equal(mine.tree, its.tree, what);
      assert.deepEqual([...mine.paths].sort(), [...its.paths].sort(), what);
      assert.deepEqual(mine.tags, its.tags);
      assert.equal(mine.time, its.time, 'the time that was given is local, and recorded with its offset');
      assert.match(mine.time, /^2026-01-31T03:04:05\+09:00$/);
      for (const rule of its.excludes ?? []) assert.ok(mine.excludes?.includes(rule), `${what} records ${rule}`);
    }
  });

  test('the time of now carries the local offset, too', async () => {
    await succeed(['backup', 'source', '--host', 'now', ...ours]);
    assert.match((await snapshotsIn(ours[1] ?? '')).get('now')?.time ?? '', /\+09:00$/);
  });

  test('--stdin keeps every byte under the name that was given, and says when nothing came', async () => {
    const bytes = Buffer.alloc(3_000_000, 'some bytes\n');
    await succeed(['backup', '--stdin', '--stdin-filename', 'dumps/all.sql', ...ours], bytes);
    const env = person.environment;
    const access = ['-r', join(person.folder, 'ours'), ...theirs.slice(2)];
    assert.equal(await execute(restic, ['dump', 'latest', '/dumps/all.sql', ...access], { env }), bytes.toString());
    const { code, stdout, stderr } = await person.run(['backup', '--stdin', ...ours]);
    assert.equal(code, 1, stdout);
    assert.match(stderr, /nothing came before the end of the input/);
    assert.match(stdout, /snapshot [0-9a-f]{8} saved/);
    assert.match(await succeed(['snapshots', 'latest', ...ours]), /mailkeep:incomplete/);
    await succeed(['backup', '--stdin', '--allow-empty', ...ours]);
    assert.doesNotMatch(await succeed(['snapshots', 'latest', ...ours]), /mailkeep:incomplete/);
  });

  test('--dry-run, --skip-if-unchanged, --parent and --force do what they say', async () => {
    const snapshots = async (): Promise<number> => (await readdir(join(person.folder, 'ours', 'snapshots'))).length;
    const summary = async (args: readonly string[]): Promise<string> =>
      (await succeed(['backup', 'source', '--host', 'four', '--json', ...args, ...ours])).trim().split('\n').at(-1) ??
      '';
    const first = await summary([]);
    const id = /"snapshot_id":"([0-9a-f]{64})"/.exec(first)?.[1] ?? '';
    const count = await snapshots();
    assert.match(await summary(['--dry-run']), /"dry_run":true/);
    assert.doesNotMatch(await summary(['--skip-if-unchanged']), /snapshot_id/);
    assert.equal(await snapshots(), count);
    assert.match(await summary(['--parent', id.slice(0, 10), '--host', 'five']), new RegExp(`"parent":"${id}"`));
    const forced = await summary(['--force']);
    assert.doesNotMatch(forced, /"parent"/);
    assert.match(forced, /"files_new":14,.*"data_added":0,/);
  });

  test('the repository and the cache are never backed up into themselves', async () => {
    const other = await createPerson();
    try {
      await writeFile(join(other.home, 'file'), 'mine');
      const { code, stderr } = await other.run(['backup', other.home]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /Left out, since it is Mailkeep's own: .*\.local\/share\/mailkeep\/repository/);
      const again = await other.run(['ls', 'latest']);
      assert.match(again.stdout, /\/file$/m);
      assert.doesNotMatch(again.stdout, /repository\//);
    } finally {
      await other.leave();
    }
  });

  test('a filter that is taken away again shows what it hid, in mail folders too', async () => {
    const box = join(person.folder, 'box');
    for (const name of ['cur', 'new', 'tmp']) await mkdir(join(box, name), { recursive: true });
    await writeFile(join(box, 'cur', '1700000000.M1P1.host:2,S'), `Subject: large\n\n${'x'.repeat(9000)}\n`);
    for (const name of ['cur', 'new']) await utimes(join(box, name), 1_700_000_000, 1_700_000_000);
    await succeed(['backup', 'box', '--exclude-larger-than', '1k', ...ours]);
    await succeed(['backup', 'box', '--exclude-larger-than', '1k', ...ours]);
    await succeed(['backup', 'box', ...ours]);
    const target = join(person.folder, 'unhidden');
    await succeed(['restore', 'latest:/box', '-t', target, ...ours]);
    assert.match(await readFile(join(target, 'cur', '1700000000.M1P1.host:2,S'), 'utf8'), /^Subject: large/);
  });
});
