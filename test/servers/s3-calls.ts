import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { createPerson, type Person } from '../journey/program.ts';
import { type HttpProxy, type PassingCall, startHttpProxy } from './http-proxy.ts';
import type { Radosgw, S3User } from './radosgw.ts';
import { s3Variables } from './s3-settings.ts';

let proxy: HttpProxy;
let owner: S3User;
let person: Person;
/** It is named by its path from here: what else happens in the folders above would change the tree. */
const deliver = async (): Promise<void> => {
  const mail = join(person.folder, 'Maildir');
  for (const name of ['cur', 'new', 'tmp']) await mkdir(join(mail, name), { recursive: true });
  for (let number = 0; number < 30; number++) {
    const text = `From: a@example.org\r\nSubject: ${number}\r\n\r\n${String(number).repeat(2000)}\r\n`;
    await writeFile(join(mail, 'cur', `${1_700_000_000 + number}.${number}.host:2,S`), text);
  }
};

/** `PUT data`, `LIST locks`: what is asked for in the bucket. */
const nameOf = ({ method, url }: PassingCall): string => {
  const { pathname, searchParams } = new URL(url, 'http://gateway');
  const prefix = searchParams.get('prefix');
  const [, , , folder = ''] = pathname.split('/');
  return prefix === null ? `${method} ${folder}` : `LIST ${prefix.split('/')[1] ?? ''}`;
};

/** Runs a command and counts the calls that it makes. */
const callsOf = async (...args: readonly string[]): Promise<Readonly<Record<string, number>>> => {
  const from = proxy.calls.length;
  const environment = {
    ...s3Variables(owner),
    RESTIC_REPOSITORY: `s3:${proxy.endpoint}/calls/mail`,
    RESTIC_PASSWORD: 'test',
  };
  const { code, stdout, stderr } = await person.run(args, { environment });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const counts: Record<string, number> = {};
  for (const name of proxy.calls.slice(from).map(nameOf)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

const opening = { 'GET config': 1, 'LIST keys': 1, 'GET keys': 1 };
/** A look, the lock, another look after it has settled, and its removal. */
const locking = { 'LIST locks': 2, 'PUT locks': 1, 'DELETE locks': 1 };
/** What was read beforehand. */
const looking = { 'LIST snapshots': 1, 'LIST data': 1 };
/** The lock is still there, the index too; then the snapshot, which is asked for. */
const publishing = { 'HEAD locks': 1, 'PUT snapshots': 1, 'HEAD snapshots': 1 };

/** How many calls each command makes, on a server that others use as well. */
export const callsSuite = (running: () => Radosgw): void => {
  describe('S2: calls to S3, each of which takes a round trip', () => {
    before(async () => {
      const server = running();
      ({ owner } = server);
      await server.client().send(new CreateBucketCommand({ Bucket: 'calls' }));
      proxy = await startHttpProxy({ target: server.endpoint });
      person = await createPerson();
      await deliver();
    });
    after(async () => {
      await proxy.stop();
      await person.leave();
    });

    test('a first backup writes each object once, and asks for all packs with one listing', async () => {
      await callsOf('init', '--no-probe');
      const counts = await callsOf('backup', 'Maildir');
      const packs = counts['PUT data'] ?? 0;
      assert.ok(packs >= 2, 'packs of data and of trees');
      const { 'HEAD data': asked = 0, 'LIST data': listed = 0, ...rest } = counts;
      assert.deepEqual([asked, listed], [0, 2]);
      assert.deepEqual(rest, {
        ...opening,
        ...locking,
        ...publishing,
        'LIST snapshots': 1,
        'LIST index': 2,
        'PUT data': packs,
        'PUT index': 1,
      });
    });

    test('a night in which nothing changed reads nothing but what the cache lacks', async () => {
      const counts = await callsOf('backup', 'Maildir');
      assert.deepEqual(counts, { ...opening, ...locking, ...looking, ...publishing, 'LIST index': 2 });
    });

    test('a restore reads the packs in few large parts', async () => {
      const target = join(person.folder, 'restored');
      const { 'GET data': parts = 0, ...rest } = await callsOf('restore', 'latest', '--target', target);
      assert.ok(parts >= 1 && parts <= 3, `${parts}`);
      assert.deepEqual(rest, { ...opening, ...locking, ...looking, 'LIST index': 1 });
      await rm(target, { recursive: true });
    });

    test('without a cache, snapshots are loaded at the same time', async () => {
      const counts = await callsOf('snapshots', '--no-cache');
      assert.equal(counts['GET snapshots'], 2);
    });
  });
};
