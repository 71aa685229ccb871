import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type CommandResult, runCommand, succeed } from '../requirement/command.ts';
import { installPackages } from '../requirement/debian.ts';
import { createPerson, ended, lockCount, type Person } from './program.ts';

const example = fileURLToPath(new URL('../../examples/Maildir', import.meta.url));
const mounted = z.object({
  message_type: z.literal('mounted'),
  url: z.string(),
  origin: z.string(),
  token: z.string(),
});

let person: Person;
let repository: string;
let source: string;
let mount: Mounted;
const big = randomBytes(20_000_000);

interface Mounted {
  readonly url: string;
  readonly origin: string;
  readonly token: string;
  readonly program: ChildProcess;
  readonly end: Promise<CommandResult>;
}

/** Starts it, and waits until it says where. */
const startMount = async (args: readonly string[] = []): Promise<Mounted> => {
  const program = person.start(['mount', '--json', ...args]);
  const end = ended(program);
  const { stdout } = program;
  assert.ok(stdout !== null);
  const line = await Promise.race([
    new Promise((resolve) => stdout.once('data', resolve)),
    end.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]);
  const { url, origin, token } = mounted.parse(JSON.parse(String(line)));
  return { url, origin, token, program, end };
};

const backUp = async (...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await person.run(['backup', '--quiet', source, ...args]);
  assert.equal(code, 0, stderr);
};

const curl = (args: readonly string[]): Promise<string> =>
  succeed('curl', ['--silent', '--show-error', '--fail', '--path-as-is', ...args]);

const status = async (args: readonly string[]): Promise<number> => {
  const answer = await runCommand('curl', [
    '--silent',
    '--path-as-is',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    ...args,
  ]);
  return Number(answer.stdout);
};

const hrefsIn = async (url: string): Promise<readonly string[]> => {
  const body = await curl(['-X', 'PROPFIND', '-H', 'Depth: 1', url]);
  return [...body.matchAll(/<D:href>([^<]*)/g)].map(([, href = '']) => href);
};

/** The files of a snapshot lie below the path that was backed up. */
const inLatest = (path: string): string => `${mount.url}latest${source}/${path}`;

before(async () => {
  assert.deepEqual(await installPackages([{ name: 'curl', command: 'curl' }]), []);
  person = await createPerson();
  source = join(person.folder, 'source');
  repository = join(person.home, '.local/share/mailkeep/repository');
  await cp(example, join(source, 'Maildir'), { recursive: true, preserveTimestamps: true });
  // What lies in tmp is not yet delivered, and is left out of backups.
  for (const folder of ['', '.Sent', '.Lists.ruby-talk'])
    await rm(join(source, 'Maildir', folder, 'tmp'), { recursive: true, force: true });
  for (const name of ['cur', 'new']) await mkdir(join(source, 'Maildir', '.Entw&APw-rfe', name), { recursive: true });
  await writeFile(join(source, 'big'), big);
  await writeFile(join(source, 'empty'), '');
  await writeFile(join(source, 'long'.repeat(63)), 'long');
  await writeFile(join(source, '100%25 "<&>"? #; é.txt'), 'odd');
  await writeFile(Buffer.concat([Buffer.from(`${source}/no utf-8 `), Buffer.from([0xff, 0x0a])]), 'bytes');
  await backUp('--tag', 'nightly');
  mount = await startMount();
});

after(async () => {
  mount.program.kill('SIGKILL');
  await person.leave();
});

describe('mount, asked by curl', () => {
  test('snapshots lie in folders by time, id, host and tag', async () => {
    const names = (await hrefsIn(mount.url)).map((href) => href.slice(mount.token.length + 2));
    assert.deepEqual(names, ['', 'snapshots/', 'ids/', 'hosts/', 'tags/', 'mail/', 'latest/']);
    assert.equal((await hrefsIn(`${mount.url}tags/nightly/`)).length, 3);
  });

  test('mail folders have the names that people know, and a message is the file that it was', async () => {
    const folders = (await hrefsIn(`${mount.url}mail/latest/`)).map((href) => href.split('/').at(-2));
    assert.ok(folders.includes('INBOX') && folders.includes('Entw%C3%BCrfe') && folders.includes('Lists'));
    const inbox = await hrefsIn(`${mount.url}mail/latest/INBOX/`);
    const href = inbox.find((one) => one.endsWith('Mikel%20Lindsaar%20Testing%20outlook.eml'));
    assert.match(href ?? '', /\/\d{4}%202007-10-21%20Mikel/);
    const text = await curl([`${mount.origin}${href ?? ''}`]);
    const found = await succeed('grep', ['-rl', '^Subject: Testing outlook', join(source, 'Maildir', 'cur')]);
    assert.equal(text, await readFile(found.trim(), 'utf8'));
  });

  test('ranges of a large file are its bytes, wherever chunks end, by four readers at once', async () => {
    const at = [0, 1, 999_999, 4_194_303, 8_388_608, 15_000_000, big.length - 70_001];
    await Promise.all(
      [0, 1, 2, 3].map(async (reader) => {
        for (const start of at.toSpliced(0, 0, reader * 3_000_000)) {
          const file = join(person.folder, `range-${reader}`);
          const end = Math.min(big.length, start + 70_001) - 1;
          await curl(['-r', `${start}-${end}`, '-o', file, inLatest('big')]);
          assert.ok((await readFile(file)).equals(big.subarray(start, end + 1)), `from ${start}`);
        }
      }),
    );
  });

  test('names of any bytes are found, and nothing outside is', async () => {
    assert.equal(await curl([inLatest('100%2525%20%22%3C%26%3E%22%3F%20%23%3B%20%C3%A9.txt')]), 'odd');
    assert.equal(await curl([inLatest('no%20utf-8%20%FF%0A')]), 'bytes');
    assert.equal(await curl([inLatest('long'.repeat(63))]), 'long');
    assert.equal(await curl([inLatest('empty')]), '');
    const paths = [
      '../../../etc/passwd',
      '%2e%2e/%2e%2e/etc/passwd',
      '..%2f..%2fetc%2fpasswd',
      'a%00b',
      'x'.repeat(5000),
    ];
    const answers = await Promise.all(paths.map((path) => status([inLatest(path)])));
    assert.deepEqual(answers, [400, 400, 400, 400, 404]);
  });

  test('nobody gets in without the token or by a foreign name, and nothing can be written', async () => {
    assert.equal(await status([`${mount.origin}/latest/`]), 401);
    assert.equal(await status([`${mount.origin}/${'0'.repeat(32)}/latest/`]), 401);
    assert.equal(await status(['-u', `me:${mount.token}`, `${mount.origin}/latest/`]), 200);
    assert.equal(await status(['-H', 'Host: evil.example', mount.url]), 421);
    assert.equal(await status(['-T', join(source, 'empty'), `${mount.url}latest/new`]), 405);
    assert.equal(await status(['-X', 'DELETE', inLatest('big')]), 405);
  });

  test('a reader that goes away in the middle harms nobody', async () => {
    const child = spawn('curl', ['--silent', '--limit-rate', '10k', '-o', '/dev/null', inLatest('big')]);
    const other = curl(['-r', '5-9', inLatest('big')]);
    await other;
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.equal(await status(['-r', '0-9', inLatest('big')]), 206);
    assert.equal(mount.program.exitCode, null);
  });
});

describe('mount, read by rclone', () => {
  test('a copy of a whole snapshot is what was backed up', async (context) => {
    const missing = await installPackages([{ name: 'rclone', command: 'rclone' }]);
    if (missing.length > 0) {
      context.skip(missing.join(' '));
      return;
    }
    // A name that is no UTF-8 is more than rclone can do.
    const copy = join(person.folder, 'copy');
    const env = { ...person.environment, RCLONE_CONFIG: join(person.folder, 'none'), RCLONE_WEBDAV_URL: mount.url };
    const args = [
      'copy',
      `:webdav:latest${source}`,
      copy,
      '--transfers',
      '4',
      '--create-empty-src-dirs',
      '--exclude',
      'no utf-8*',
    ];
    await succeed('rclone', args, { env });
    await succeed('diff', ['-r', '--exclude', 'no utf-8*', source, copy]);
  });
});

describe('the end of a mount', () => {
  test('the lock is kept as long as it serves, and Ctrl-C ends it with none left', async () => {
    assert.equal(lockCount(repository), 1);
    const slow = spawn('curl', ['--silent', '--limit-rate', '10k', '-o', '/dev/null', inLatest('big')]);
    const gone = once(slow, 'close');
    mount.program.kill('SIGINT');
    const { code, stderr } = await mount.end;
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(lockCount(repository), 0);
    await gone;
  });

  test('another address than that of this machine is refused without --yes, and an address that is taken', async () => {
    const open = await person.run(['mount', '--listen', '0.0.0.0:0']);
    assert.deepEqual([open.code, open.stdout], [2, '']);
    assert.match(open.stderr, /other machines could read along/);
    assert.equal((await person.run(['mount', '--listen', 'nowhere'])).code, 2);
    const first = await startMount(['--listen', '127.0.0.1:0', '--tag', 'nothing']);
    const taken = await person.run(['mount', '--listen', first.origin.replace('http://', '')]);
    assert.equal(taken.code, 2);
    assert.match(taken.stderr, /cannot listen at 127\.0\.0\.1:\d+/);
    assert.equal((await hrefsIn(first.url)).length, 6);
    first.program.kill('SIGTERM');
    assert.equal((await first.end).code, 0);
    assert.equal(lockCount(repository), 0);
  });
});
