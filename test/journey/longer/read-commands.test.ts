import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, cp, link, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createTestRun } from '../../../src/contract/test-run.ts';
import { createEnvelope } from '../../../src/store/restic/sealing/envelope.ts';
import { createKeyFile, openKeyFile } from '../../../src/store/restic/sealing/key.ts';
import { loadPoly1305 } from '../../../src/store/restic/sealing/poly1305.ts';
import { type CommandResult, runCommand, succeed } from '../../requirement/command.ts';
import { createPerson, lockCount, type Person } from '../program.ts';
import { createResticRepository, type ResticRepository } from '../restic-repository.ts';

const example = fileURLToPath(new URL('../../../examples/Maildir', import.meta.url));
const listedSnapshots = z.array(z.object({ id: z.string(), short_id: z.string() }));
const message = z.object({ snapshot: z.string(), folder: z.string(), path: z.string(), flags: z.array(z.string()) });

let person: Person;
let restic: ResticRepository;
let first = '';
let second = '';

const ours = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<CommandResult> => {
  const repository = { RESTIC_REPOSITORY: join(person.folder, 'repository'), RESTIC_PASSWORD: 'only a test' };
  return person.run(args, { environment: { ...repository, ...environment } });
};

/** What we print, which must have been good and without a word beside it. */
const good = async (args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await ours(args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, args.join(' '));
  return stdout;
};

const theirs = (args: readonly string[]): Promise<string> => restic.run([...args, '--quiet=false']);

/** Both print the same bytes. */
const assertSame = async (args: readonly string[], options: { readonly sorted?: boolean } = {}): Promise<void> => {
  const [our, their] = await Promise.all([good(args), theirs(args)]);
  const inOrder = (text: string): string => (options.sorted === true ? text.split('\n').sort().join('\n') : text);
  assert.equal(inOrder(our), inOrder(their), args.join(' '));
};

const fillSource = async (source: string): Promise<void> => {
  await cp(example, join(source, 'Maildir'), { recursive: true, preserveTimestamps: true });
  for (const name of ['cur', 'new']) await mkdir(join(source, 'Maildir', '.Entw&APw-rfe', name), { recursive: true });
  await writeFile(join(source, 'large'), Buffer.alloc(3_000_000, 'abcdefg'));
  await link(join(source, 'large'), join(source, 'the same'));
  await symlink('large', join(source, 'link'));
  await writeFile(join(source, 'odd"<&>é'), 'x');
  await writeFile(Buffer.concat([Buffer.from(`${source}/no utf-8 `), Buffer.from([0xff])]), '');
  await succeed('mkfifo', [join(source, 'pipe')]);
};

const changeSource = async (source: string): Promise<void> => {
  const maildir = join(source, 'Maildir');
  const [fresh = ''] = (await readdir(join(maildir, 'new'))).filter((name) => !name.startsWith('.'));
  await rename(join(maildir, 'new', fresh), join(maildir, 'cur', `${fresh}:2,S`));
  await rm(join(source, 'link'));
  await mkdir(join(source, 'link'));
  await writeFile(join(source, 'link', 'inside'), 'new');
  await chmod(join(source, 'large'), 0o600);
  await writeFile(join(source, 'odd"<&>é'), 'y');
};

/** Another key for the same password that costs little: every run here has to derive it. */
const takeCheapKey = async (repository: string): Promise<void> => {
  const run = createTestRun();
  const [name = ''] = await readdir(join(repository, 'keys'));
  const json = await readFile(join(repository, 'keys', name));
  const poly1305 = await loadPoly1305();
  const master = await openKeyFile(json, 'only a test', poly1305);
  assert.ok(master !== undefined);
  const cheap = await createKeyFile(
    'only a test',
    master,
    {
      created: { nanoseconds: run.now(), offsetMinutes: 0 },
      username: 'somebody',
      hostname: 'here',
      cost: 'generated-password',
    },
    (derived) => createEnvelope(derived, poly1305),
  );
  await writeFile(join(repository, 'keys', hash('sha256', cheap, 'hex')), cheap);
  await rm(join(repository, 'keys', name), { force: true });
};

before(async () => {
  person = await createPerson();
  restic = await createResticRepository(person.folder, 'Asia/Tokyo');
  await takeCheapKey(join(person.folder, 'repository'));
  const source = join(person.folder, 'source');
  await mkdir(source);
  await fillSource(source);
  await restic.run(['backup', 'source', '--host', 'mx1', '--tag', 'full,nightly']);
  await changeSource(source);
  await restic.run(['backup', 'source', '--host', 'mx2']);
  const snapshots = listedSnapshots.parse(JSON.parse(await restic.run(['snapshots', '--json'])));
  [first = '', second = ''] = snapshots.map(({ id }) => id);
});

after(() => person.leave());

describe('the commands that only read, beside restic 0.19 on its own repository', () => {
  test('snapshots --json is the same, filtered and grouped or not', async () => {
    await assertSame(['snapshots', '--json']);
    await assertSame(['snapshots', '--json', '--tag', 'full,nightly']);
    await assertSame(['snapshots', '--json', '--host', 'mx2', 'latest']);
    await assertSame(['snapshots', '--json', '--group-by', 'tags', first]);
  });

  test('ls --json is the same, of the whole, of folders and from a folder on', async () => {
    await assertSame(['ls', '--json', 'latest']);
    await assertSame(['ls', '--json', first.slice(0, 8), '/source/Maildir/cur', '/source/Maildir/.Sent']);
    await assertSame(['ls', '--json', 'latest:source/Maildir', '--sort', 'size', '--reverse']);
    await assertSame(['ls', '--json', '--recursive', 'latest', '/source/Maildir/.Sent']);
  });

  test('find --json by name is the same', async () => {
    for (const args of [['*.org*'], ['/source/Maildir/cur'], ['-i', 'LARGE', 'Odd*'], ['cur', '-s', first, '-R']]) {
      const [our, their] = await Promise.all([good(['find', '--json', ...args]), theirs(['find', '--json', ...args])]);
      assert.equal(our, their, args.join(' '));
    }
    assert.equal((await good(['find', '--json', '-O', '2199-01-01', '*'])).trim(), '[]');
  });

  test('diff --json is the same, with statistics', async () => {
    for (const more of [[], ['--metadata']]) {
      await assertSame(['diff', '--json', first, second, ...more]);
      await assertSame(['diff', '--json', second, first, ...more]);
    }
    await assertSame(['diff', '--json', `${first}:source/Maildir`, `${second}:source/Maildir/.Sent`]);
  });

  test('stats --json is the same in every mode', async () => {
    for (const mode of ['restore-size', 'files-by-contents', 'raw-data', 'blobs-per-file']) {
      await assertSame(['stats', '--json', '--mode', mode]);
      await assertSame(['stats', '--json', '--mode', mode, second]);
    }
  });

  test('cat and list are the same', async () => {
    for (const what of ['blobs', 'packs', 'index', 'snapshots', 'keys'])
      await assertSame(['list', what], { sorted: true });
    const idOf = async (what: string): Promise<string> => (await restic.run(['list', what])).split('\n')[0] ?? '';
    await assertSame(['cat', 'config']);
    await assertSame(['cat', 'snapshot', first]);
    await assertSame(['cat', 'tree', `${second}:source/Maildir`]);
    await assertSame(['cat', 'index', await idOf('index')]);
    await assertSame(['cat', 'key', await idOf('keys')]);
    assert.equal(await good(['cat', 'masterkey', '--show-secret']), await theirs(['cat', 'masterkey']));
    const withoutFlag = await ours(['cat', 'masterkey']);
    assert.deepEqual([withoutFlag.code, withoutFlag.stdout], [2, '']);
  });

  test('dump of a file is the same bytes, and an archive holds what restic’s holds', async () => {
    await assertSame(['dump', 'latest', '/source/large']);
    const unpacked = async (name: string, print: (file: string) => Promise<unknown>): Promise<unknown> => {
      const folder = join(person.folder, name);
      await mkdir(folder);
      await print(join(person.folder, `${name}.tar`));
      await succeed('tar', ['-xpf', join(person.folder, `${name}.tar`), '-C', folder]);
      const files = ['find', folder, '-mindepth', '1', '!', '-name', 'pipe'];
      const described = await succeed('find', [...files.slice(1), '-printf', '%P|%M|%U:%G|%l\\n']);
      const digests = await succeed('find', [...files.slice(1), '-type', 'f', '-exec', 'sha256sum', '{}', '+']);
      return [described, digests.replaceAll(folder, '')].map((text) => text.split('\n').sort());
    };
    const our = await unpacked('ours', (file) => good(['dump', first, '/', '--target', file]));
    const their = await unpacked('theirs', (file) => restic.run(['dump', first, '/', '--target', file]));
    // restic's tar makes a plain file of a pipe, and rounds times to seconds.
    assert.deepEqual(our, their);
    const zip = join(person.folder, 'ours.zip');
    await good(['dump', 'latest', '/source/Maildir', '--archive', 'zip', '--target', zip]);
    const listing = await succeed('python3', [
      '-c',
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()))',
      zip,
    ]);
    const listed = (await good(['ls', '--quiet', '--recursive', 'latest', '/source/Maildir'])).trim().split('\n');
    assert.equal(Number(listing), listed.length - 1);
  });
});

describe('mail in a snapshot', () => {
  const found = async (args: readonly string[]): Promise<z.infer<typeof message>[]> =>
    (await good(['find', '--json', ...args]))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => message.parse(JSON.parse(line)));

  test('a message is found by sender, date and subject, with its folder and flags', async () => {
    const messages = await found(['--from', 'email_test@', '--subject', 'outlook', '--before', '2008-01-01']);
    assert.deepEqual(
      messages.map(({ path, ...rest }) => ({ ...rest, path: path.replace(/[^/]*$/, '') })),
      [
        { snapshot: second, folder: 'Lists/ruby-talk', path: '/source/Maildir/.Lists.ruby-talk/cur/', flags: ['seen'] },
        { snapshot: second, folder: 'INBOX', path: '/source/Maildir/cur/', flags: ['seen'] },
      ],
    );
    assert.deepEqual(await found(['--from', 'email_test@', '--since', '2008-01-01']), []);
  });

  test('one that is in both snapshots is told once, of the newer; one with other flags is the same message', async () => {
    const newest = await found(['--since', '1970-01-02']);
    const all = await found(['--since', '1970-01-02', '--all-snapshots']);
    assert.ok(newest.length > 10);
    assert.deepEqual(all, newest);
    const earlier = await found(['--since', '1970-01-02', '--snapshot', first]);
    assert.equal(earlier.length, newest.length);
    assert.ok(
      earlier.some(({ flags }) => flags.includes('new')) && earlier.every(({ snapshot }) => snapshot === first),
    );
  });

  test('attachments are found by their decoded names', async () => {
    assert.equal((await found(['--attachment', 'てすと*'])).length, 1);
    assert.ok((await found(['--attachment', '*.pdf'])).length >= 2);
    assert.deepEqual(await found(['--attachment', '*.nothing']), []);
  });

  test('a message is dumped raw, byte for byte, and readable', async () => {
    const byId = ['dump', 'latest', '--message-id', '009601c813c6$19df3510$0437d30a@mikel091a'];
    const [one] = await found(['--message-id', '<009601c813c6$19df3510$0437d30a@mikel091a>']);
    const file = await readFile(join(person.folder, one?.path.slice(1) ?? ''), 'utf8');
    assert.equal(await good(byId), file);
    const readable = await good([...byId, '--readable']);
    assert.match(readable, /^From: Mikel Lindsaar <email_test@me\.nowhere>$/m);
    assert.match(readable, /^Subject: Testing outlook$/m);
    assert.match(readable, /^Just attaching another PDF, here/m);
  });

  test('mail folders have the names that people know in a long listing', async () => {
    const listing = await good(['ls', '-l', '--quiet', 'latest', '/source/Maildir']);
    for (const name of ['INBOX', 'Entwürfe', 'Lists/ruby-talk']) assert.ok(listing.includes(`  [${name}]\n`), name);
  });
});

describe('what goes wrong', () => {
  const failing = async (args: readonly string[], code: number, said: RegExp): Promise<void> => {
    const result = await ours(args);
    assert.equal(result.code, code, args.join(' '));
    assert.equal(result.stdout, '', args.join(' '));
    assert.match(result.stderr, said);
    assert.doesNotMatch(result.stderr, /defect/);
  };

  test('each bad input has its own words and the exit code 2', async () => {
    const id = first.slice(0, 8);
    await Promise.all([
      failing(['ls', 'fade0000'], 2, /no snapshot “fade0000”/),
      failing(['ls', ''], 2, /no snapshot/),
      failing(['ls', 'latest~9'], 2, /only 2 are there/),
      failing(['ls', 'latest:nowhere'], 2, /\/nowhere is not in the snapshot/),
      failing(['ls', 'latest', 'source'], 2, /does not begin at the root/),
      failing(['snapshots', '--host', 'mx1', id], 2, /no effect/),
      failing(['snapshots', `${id}:/source`], 2, /whole snapshots/),
      failing(['dump', 'latest', '/source/pipe'], 2, /is no file/),
      failing(['dump', 'latest', '/source/Maildir/nowhere'], 2, /is not in the snapshot/),
      failing(['dump', 'latest', '--message-id', 'a@b'], 2, /no message/),
      failing(['find'], 2, /nothing to search for/),
      failing(['find', '[', '--json'], 2, /malformed/),
      failing(['cat', 'blob', '12'], 2, /whole id/),
      failing(['cat', 'index', 'f'.repeat(64)], 2, /no index/),
      failing(['list', 'keys', 'latest'], 2, /list packs/),
      failing(['diff', 'latest'], 2, /missing required argument/),
    ]);
  });

  test('a fault under --json is an object on standard error', async () => {
    const { stdout, stderr } = await ours(['ls', '--json', 'fade0000']);
    assert.equal(stdout, '');
    const fault = z.object({ message_type: z.literal('exit_error'), fault: z.string() }).parse(JSON.parse(stderr));
    assert.equal(fault.fault, 'snapshot-missing');
  });

  test('a folder that is not there is told, the others are listed, and the exit code is 1', async () => {
    const { code, stdout, stderr } = await ours(['ls', '--quiet', 'latest', '/source/link', '/nowhere']);
    assert.deepEqual([code, stdout], [1, '/source/link\n/source/link/inside\n']);
    assert.match(stderr, /\/nowhere: this is not in the snapshot/);
  });

  test('a reader that has had enough ends the program quietly, and no lock stays', async () => {
    const environment = {
      ...person.environment,
      RESTIC_REPOSITORY: join(person.folder, 'repository'),
      RESTIC_PASSWORD: 'only a test',
    };
    const launcher = fileURLToPath(new URL('../../../bin/mailkeep.js', import.meta.url));
    const program = `for i in 1 2 3 4 5 6 7 8 9; do "$0" "$1" dump latest /source/large; echo "code $?" >&2; break; done | head -c 5`;
    const child = spawn('sh', ['-c', program, process.execPath, launcher], { env: environment, stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    await once(child, 'close');
    assert.deepEqual([stdout, stderr], ['abcde', 'code 141\n']);
    assert.equal(lockCount(join(person.folder, 'repository')), 0);
  });

  test('a result that cannot be written is no success', async () => {
    const environment = {
      ...person.environment,
      RESTIC_REPOSITORY: join(person.folder, 'repository'),
      RESTIC_PASSWORD: 'only a test',
    };
    const launcher = fileURLToPath(new URL('../../../bin/mailkeep.js', import.meta.url));
    const result = await runCommand('sh', ['-c', '"$0" "$1" snapshots > /dev/full', process.execPath, launcher], {
      env: environment,
    });
    assert.equal(result.code, 2);
    assert.match(result.stderr, /no space is left/);
  });
});

describe('the rest', () => {
  test('a Japanese speaks to the program in Japanese', async () => {
    const { stdout, code } = await ours(['snapshots'], { LANG: 'ja_JP.UTF-8' });
    assert.equal(code, 0);
    assert.match(stdout, /日時/);
    assert.match(stdout, /スナップショット 2 件（日時は Asia\/Tokyo）/);
  });

  test('the completion for bash completes commands, choices and paths', async () => {
    const script = join(person.folder, 'completion.bash');
    await writeFile(script, await good(['completion', 'bash']));
    const complete = (words: readonly string[]): Promise<string> =>
      succeed('bash', [
        '-c',
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _mailkeep; echo "${COMPREPLY[*]}"',
        script,
        'mailkeep',
        ...words,
      ]);
    assert.equal(await complete(['sn']), 'snapshots\n');
    assert.equal(await complete(['stats', '--mode', 'f']), 'files-by-contents\n');
    assert.equal(await complete(['cat', 'ma']), 'masterkey\n');
    assert.equal(await complete(['find', '--message']), '--message-id\n');
    assert.equal(await complete(['dump', '--target', script.slice(0, -2)]), `${script}\n`);
  });

  test('every command has examples in its help', async () => {
    const commands = ['snapshots', 'ls', 'find', 'dump', 'diff', 'stats', 'cat', 'list', 'completion'];
    const helps = await Promise.all(commands.map((command) => good([command, '--help'])));
    for (const help of helps) assert.match(help, /\nExamples:\n {2}mailkeep /);
  });
});
