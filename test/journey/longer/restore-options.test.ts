import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand, succeed as command } from '../../requirement/command.ts';
import { createPerson, type Person } from '../program.ts';

describe('options of restore', { concurrency: 1 }, () => {
  let person: Person;
  let source = '';
  let access: string[] = [];
  let target = '';
  let number = 0;

  before(async () => {
    person = await createPerson();
    source = join(person.folder, 'source');
    for (const folder of ['box/cur', 'box/new', 'etc']) await mkdir(join(source, folder), { recursive: true });
    const files = ['box/cur/1.M1.host:2,S', 'box/cur/2.M2.host:2,', 'box/new/3.M3.host', 'etc/Main.CF', 'etc/other'];
    for (const name of files) await writeFile(join(source, name), `this is ${name}\n`);
    await writeFile(join(source, 'zeros'), Buffer.alloc(4_000_000));
    const password = join(person.folder, 'password');
    access = ['-r', join(person.folder, 'repository'), '-p', password];
    await succeed(['init', '--generate-password', password, '-r', join(person.folder, 'repository')]);
    await cp(join(person.folder, 'repository'), join(person.folder, 'empty'), { recursive: true });
    await succeed(['backup', 'source', '--host', 'one', '--tag', 'first', ...access]);
    await writeFile(join(source, 'etc/other'), 'it has changed\n');
    await succeed(['backup', 'source', '--host', 'two', ...access]);
  });
  after(() => person.leave());

  const succeed = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await person.run(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  /** Restores into a new folder; the names of the files that are there then. */
  const restored = async (snapshot: string, options: readonly string[]): Promise<readonly string[]> => {
    target = join(person.folder, `target-${++number}`);
    await succeed(['restore', snapshot, '-t', target, ...options, ...access]);
    const entries = await readdir(target, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
      .sort();
  };

  test('patterns choose what is restored', async () => {
    const messages = ['box/cur/1.M1.host:2,S', 'box/cur/2.M2.host:2,', 'box/new/3.M3.host'];
    assert.deepEqual(await restored('latest:/source', ['-i', '/box']), messages);
    assert.deepEqual(await restored('latest:/source', ['-e', 'etc', '-e', 'zeros']), messages);
    assert.deepEqual(await restored('latest:/source', ['--iinclude', 'main.cf']), ['etc/Main.CF']);
    assert.deepEqual(await restored('latest:/source', ['-i', 'box', '--iexclude', 'CUR']), ['box/new/3.M3.host']);
    await writeFile(join(person.folder, 'patterns'), '# these\n/source/etc/*\n');
    assert.deepEqual(await restored('latest', ['--include-file', 'patterns']), [
      'source/etc/Main.CF',
      'source/etc/other',
    ]);
  });

  test('host, tag and path say which snapshot is the latest', async () => {
    await restored('latest:/source', ['--host', 'one', '-i', 'other']);
    assert.match(await readFile(join(target, 'etc/other'), 'utf8'), /^this is/);
    await restored('latest:/source', ['--tag', 'first', '-i', 'other']);
    assert.match(await readFile(join(target, 'etc/other'), 'utf8'), /^this is/);
    await restored('latest:/source', ['--path', source, '-i', 'other']);
    assert.match(await readFile(join(target, 'etc/other'), 'utf8'), /^it has changed/);
  });

  test('a dry run shows the plan and makes nothing', async () => {
    const nowhere = join(person.folder, 'nowhere');
    const said = await succeed(['restore', 'latest', '-t', nowhere, '--dry-run', ...access]);
    assert.match(said, /new: +6 files, 5 folders/);
    assert.match(said, /dry run: nothing was written/);
    assert.ok(!existsSync(nowhere));
  });

  test('the JSON summary has restic’s members', async () => {
    const place = join(person.folder, 'json');
    const lines = (await succeed(['restore', 'latest', '-t', place, '--json', ...access])).trim().split('\n');
    const last: unknown = JSON.parse(lines.at(-1) ?? '');
    assert.ok(typeof last === 'object' && last !== null);
    const wanted = { message_type: 'summary', total_files: 6, files_restored: 6, files_skipped: 0, complete: true };
    assert.partialDeepStrictEqual(last, wanted);
  });

  test('sparse files take no room', async () => {
    await restored('latest:/source', ['-i', 'zeros', '--sparse', '--verify']);
    const { size, blocks } = statSync(join(target, 'zeros'));
    assert.equal(size, 4_000_000);
    assert.ok(blocks * 512 < 100_000, `${blocks} blocks`);
  });

  test('a verification finds what differs, looks at nothing else, and ends with 1', async () => {
    await restored('latest:/source', []);
    const wrong = join(target, 'etc/other');
    // Of the same size and time to the nanosecond, so that it is taken for unchanged and left.
    await command('touch', ['-r', wrong, join(person.folder, 'time')]);
    await writeFile(wrong, 'IT HAS CHANGED\n');
    await command('touch', ['-r', join(person.folder, 'time'), wrong]);
    await mkdir(join(target, 'beside/deeper'), { recursive: true });
    const again = ['restore', 'latest:/source', '-t', target, '--verify', '--yes', ...access];
    const { code, stdout, stderr } = await person.run(again);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, /etc\/other: its content after the restore is not that of the source/);
    assert.match(stdout, /verified: 1 entry differs from the snapshot/);
    await succeed([...again, '--overwrite', 'always']);
  });

  test('an ordinary user is told once, with counts, what only root could restore', async (context) => {
    if (process.getuid?.() !== 0) {
      context.skip('this needs root to begin with');
      return;
    }
    const launcher = fileURLToPath(new URL('../../../bin/mailkeep.js', import.meta.url));
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    if ((await runCommand('setpriv', [...nobody, process.execPath, launcher, '--version'])).code !== 0) {
      context.skip('somebody else cannot run the program where it lies');
      return;
    }
    // Readable for somebody else: a copy of the repository and the password.
    const open = join('/tmp', `mailkeep-open-${process.pid}`);
    await mkdir(open, { mode: 0o777 });
    try {
      await chmod(open, 0o777);
      await cp(join(person.folder, 'repository'), join(open, 'repository'), { recursive: true });
      await cp(join(person.folder, 'password'), join(open, 'password'));
      await runCommand('chown', ['-R', '65534:65534', open]);
      const restore = ['restore', 'latest', '-t', join(open, 'back'), '--no-cache', '--verify'];
      const from = ['-r', join(open, 'repository'), '-p', join(open, 'password')];
      const result = await runCommand('setpriv', [...nobody, process.execPath, launcher, ...restore, ...from], {
        env: { ...person.environment, HOME: open },
        cwd: open,
      });
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.equal(result.stdout.match(/not restored here: owner or group of 11 entries/g)?.length, 1, result.stdout);
      assert.match(result.stdout, /verified: what was restored equals the snapshot/);
    } finally {
      await rm(open, { recursive: true, force: true });
    }
  });

  test('a damaged folder is told, and everything else is restored', async () => {
    const password = access.at(-1) ?? '';
    const repository = join(person.folder, 'damaged');
    const own = ['-r', repository, '-p', password, '--no-cache'];
    const packs = async (): Promise<string[]> => {
      const entries = await readdir(join(repository, 'data'), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    };
    await rename(join(person.folder, 'empty'), repository);
    // The first backup puts this one folder into packs of its own, the second takes it over from there.
    await succeed(['backup', 'source/etc', ...own]);
    const first = await packs();
    await succeed(['backup', 'source', ...own]);
    for (const pack of first) {
      const bytes = await readFile(pack);
      for (let at = 0; at < bytes.length; at += 20) bytes[at] = (bytes[at] ?? 0) ^ 1;
      await chmod(pack, 0o600);
      await writeFile(pack, bytes);
    }
    const place = join(person.folder, 'from-damaged');
    const { code, stdout, stderr } = await person.run(['restore', 'latest:/source', '-t', place, ...own]);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, /warning: etc: .*damaged/);
    assert.equal((await readdir(join(place, 'box/cur'))).length, 2);
    assert.ok(existsSync(join(place, 'zeros')));
  });
});
