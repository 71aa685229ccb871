import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { z } from 'zod';
import { createPerson } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { freePort, untilListening } from './loopback.ts';
import { startSshServer } from './ssh-server.ts';

const restic = await resticBinary('0.19');
const server = await startSshServer();
const person = await createPerson();
const work = await mkdtemp(join(tmpdir(), 'mailkeep-servers-'));
const port = await freePort();
const serving: ChildProcess = spawn(
  'rclone',
  [
    'serve',
    'restic',
    '--addr',
    `127.0.0.1:${port}`,
    '--config',
    '/dev/null',
    '--user',
    'alice',
    '--pass',
    'word',
    work,
  ],
  { stdio: 'ignore' },
);
await untilListening(port);
after(async () => {
  serving.kill('SIGTERM');
  await Promise.all([server[Symbol.asyncDispose](), person.leave(), rm(work, { recursive: true, force: true })]);
});

const source = join(person.folder, 'mail', 'cur');
await mkdir(source, { recursive: true });
const message = (index: number): string => `From: a@example.org\nSubject: ${index}\n\n${String(index).repeat(2000)}\n`;
for (let index = 0; index < 40; index++) await writeFile(join(source, `${index}.host:2,S`), message(index));

interface Place {
  readonly name: string;
  readonly location: (folder: string) => string;
  readonly options: readonly string[];
}

const args = (await server.args()).join(' ');
const places: readonly Place[] = [
  {
    name: 'SFTP',
    location: (folder) => `sftp://127.0.0.1:${server.port}/${join(server.files, folder)}`,
    options: ['-o', `sftp.args=${args}`],
  },
  {
    name: 'SFTP through ssh',
    location: (folder) => `sftp:127.0.0.1:${join(server.files, folder)}`,
    options: ['-o', `sftp.command=ssh ${args} -p ${server.port} 127.0.0.1 -s sftp`],
  },
  { name: 'a REST server', location: (folder) => `rest:http://alice:word@127.0.0.1:${port}/${folder}/`, options: [] },
  { name: 'rclone', location: (folder) => `rclone::local:${join(work, folder)}`, options: [] },
];

describe('S2: restic 0.19 and we share a repository on every kind of server', () => {
  for (const { name, location, options } of places) {
    const environment = { RESTIC_PASSWORD: 'test password' };
    const named = name.replaceAll(' ', '-');
    const ours = async (folder: string, ...command: readonly string[]): Promise<string> => {
      const result = await person.run([...options, '-r', location(folder), ...command], { environment });
      assert.equal(result.code, 0, `${command.join(' ')}: ${result.stdout}${result.stderr}`);
      return result.stdout;
    };
    const theirs = (folder: string, ...command: readonly string[]): Promise<string> =>
      succeed(restic, [...options, '-r', location(folder), '--no-cache', ...command], {
        env: { ...person.environment, ...environment },
      });
    const shared = async (folder: string): Promise<void> => {
      await ours(folder, 'backup', source);
      await writeFile(join(source, `fresh-${named}-${folder}`), message(7_000_000));
      await theirs(folder, 'backup', source);
      await ours(folder, 'backup', source);
      await theirs(folder, 'check', '--read-data');
      const all = z
        .array(z.looseObject({ paths: z.array(z.string()) }))
        .parse(JSON.parse(await theirs(folder, 'snapshots', '--json')));
      assert.equal(all.filter(({ paths }) => paths.includes(source)).length, 3);
      const target = join(person.folder, `${named}-${folder}`);
      await ours(folder, 'restore', 'latest', '--target', target);
      await succeed('diff', ['-r', source, join(target, source)]);
    };

    test(`${name}: what we began restic reads, checks and goes on with, and we after it`, async () => {
      await ours(`ours-${named}`, 'init');
      await shared(`ours-${named}`);
    });

    test(`${name}: what restic began we read and go on with`, async () => {
      const folder = `theirs-${named}`;
      await theirs(folder, 'init');
      await theirs(folder, 'backup', source);
      await ours(folder, 'backup', source);
      await theirs(folder, 'check', '--read-data');
    });
  }
});

describe('S2: locations that lead nowhere', () => {
  const refused = [
    ['a wrong password of a REST server', `rest:http://alice:wrong@127.0.0.1:${port}/x/`, [], /password/],
    ['a wrong path of a REST server', `rest:http://alice:word@127.0.0.1:${port}/nowhere/`, [], /nowhere/],
    ['TLS where there is none', `rest:https://alice:word@127.0.0.1:${port}/x/`, [], /rest:http:/],
    ['a remote that rclone does not know', 'rclone:nosuchremote:x', [], /nosuchremote/],
    ['an unknown option', 'rest:http://127.0.0.1:1/', ['-o', 'rest.nonsense=1'], /rest\.nonsense/],
  ] as const;
  for (const [what, location, more, said] of refused) {
    test(`${what} is told at once, and nothing is made`, async () => {
      const environment = { RESTIC_PASSWORD: 'test password' };
      const result = await person.run([...more, '-r', location, 'snapshots'], { environment });
      assert.ok(result.code !== 0 && result.code !== -1, result.stdout);
      assert.match(result.stderr, said);
      assert.doesNotMatch(result.stderr, /alice:w/);
    });
  }
});
