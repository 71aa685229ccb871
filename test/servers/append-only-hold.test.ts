import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateBucketCommand, DeleteObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { createPerson, type Person } from '../journey/program.ts';
import { startRadosgw } from './radosgw.ts';
import { serveRest } from './rest-server.ts';
import { s3Variables } from './s3-settings.ts';

interface Machine {
  readonly person: Person;
  /** Answers with all that it said. */
  run(expected: number, ...args: readonly string[]): Promise<string>;
}

const machineAt = async (location: string, environment: NodeJS.ProcessEnv = {}): Promise<Machine> => {
  const person = await createPerson();
  await writeFile(join(person.folder, 'password'), 'a good password\n', { mode: 0o600 });
  const text = `version: 1\nrepositories: {main: {location: "${location}", password: {file: password}}}\n`;
  await writeFile(join(person.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
  const config = join(person.folder, 'mailkeep.yaml');
  return {
    person,
    run: async (expected, ...args) => {
      const { code, stdout, stderr } = await person.run([...args, '-r', 'main', '--config', config], { environment });
      assert.equal(code, expected, `${args.join(' ')}: ${stdout}${stderr}`);
      return stdout + stderr;
    },
  };
};

const alice = (person: Person): string => join(person.folder, 'mail/example.com/alice');

/** Three snapshots, only the first of which has the mailbox of alice; and a hold on her. Answers with its id. */
const heldMailbox = async ({ person, run }: Machine): Promise<string> => {
  for (const user of ['alice', 'bob']) {
    for (const part of ['cur', 'new']) {
      await mkdir(join(person.folder, 'mail/example.com', user, part), { recursive: true });
    }
    await writeFile(join(person.folder, 'mail/example.com', user, 'cur/1:2,S'), `mail for ${user}\n`);
  }
  await run(0, 'backup', join(person.folder, 'mail'));
  await rm(alice(person), { recursive: true });
  for (const _ of [1, 2]) await run(0, 'backup', join(person.folder, 'mail'));
  const added = await run(0, 'hold', 'add', '--mailbox', 'alice@example.com', '--reason', 'suit');
  return /hold ([0-9a-f]{16})/.exec(added)?.[1] ?? '';
};

const count = async ({ run }: Machine): Promise<number> => {
  const list: unknown = JSON.parse(await run(0, 'snapshots', '--json'));
  assert.ok(Array.isArray(list));
  return list.length;
};

test('S8 S6: behind a REST server that lets add only a machine holds and releases, and who maintains goes by their own word', async (t) => {
  const served = await createPerson();
  const [closed, open] = await Promise.all([serveRest(served.folder, ['--append-only']), serveRest(served.folder)]);
  const writer = await machineAt(`${closed.location}mail/`);
  const keeper = await machineAt(`${open.location}mail/`);
  t.after(async () => {
    await Promise.all([closed.stop(), open.stop()]);
    for (const person of [writer.person, keeper.person, served]) await person.leave();
  });
  await writer.run(0, 'init');
  const id = await heldMailbox(writer);
  assert.match(await keeper.run(0, 'hold', 'list'), /alice@example\.com.*suit/);
  assert.match(await keeper.run(0, 'forget', '--keep-last', '1', '--yes'), new RegExp(`held \\(${id}\\)`));
  assert.equal(await count(keeper), 2);
  // Whoever took the machine can say so, and nobody else believes it.
  await writer.run(0, 'hold', 'release', id, '--reason', 'settled');
  assert.match(await writer.run(0, 'hold', 'list'), /nothing is held/);
  await keeper.run(0, 'forget', '--keep-last', '1', '--yes');
  assert.equal(await count(keeper), 2);
  await keeper.run(0, 'hold', 'release', id, '--reason', 'settled');
  await keeper.run(0, 'forget', '--keep-last', '1', '--yes');
  assert.equal(await count(keeper), 1);
  await keeper.run(0, 'check', '--read-data');
});

test('S8 S6: in a bucket with Object Lock the notes of a hold are protected as snapshots are, and come back when they were hidden', async (t) => {
  const server = await startRadosgw();
  const client = server.client();
  await client.send(new CreateBucketCommand({ Bucket: 'held', ObjectLockEnabledForBucket: true }));
  const machine = await machineAt(`s3:${server.endpoint}/held/mail`, s3Variables(server.owner));
  t.after(async () => {
    await server.stop();
    await machine.person.leave();
  });
  await machine.run(0, 'init');
  const id = await heldMailbox(machine);
  await machine.run(0, 'protect', '--days', '1');
  const began = `${new Date(Date.now() - 1000).toISOString().slice(0, 19)}Z`;
  const { Versions: versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: 'held' }));
  const snapshots = versions.filter(({ Key }) => Key?.startsWith('mail/snapshots/') === true);
  assert.equal(snapshots.length, 4);
  for (const { Key, VersionId } of snapshots) {
    await assert.rejects(client.send(new DeleteObjectCommand({ Bucket: 'held', Key, VersionId })), /denied|forbidden/i);
    // What can be done is to hide it.
    await client.send(new DeleteObjectCommand({ Bucket: 'held', Key }));
  }
  assert.equal(await count(machine), 0);
  await machine.run(0, 'repair', 'removed', '--since', began, '--yes');
  assert.equal(await count(machine), 3);
  assert.match(await machine.run(0, 'forget', '--keep-last', '1', '--yes'), new RegExp(`held \\(${id}\\)`));
  assert.equal(await count(machine), 2);
  await machine.run(0, 'hold', 'release', id, '--reason', 'settled');
  await machine.run(0, 'forget', '--keep-last', '1', '--yes');
  assert.equal(await count(machine), 1);
});
