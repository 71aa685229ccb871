import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { createPerson, type Person } from '../journey/program.ts';
import { findMovedClock, type MovedClock } from '../life/moved-clock.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { openWriter, serverOf, type Writer } from './imap-account.ts';
import { recordsOf } from './json-lines.ts';
import { type Radosgw, startRadosgw } from './radosgw.ts';
import { type RestServer, serveRest } from './rest-server.ts';
import { s3Variables } from './s3-settings.ts';

/*
 * The chain on storage that the machine which captures can only add to: `run` there, `maintain` on another machine, which has
 * credentials of its own. Once behind a REST server, once in a bucket with Object Lock and a policy.
 */

const day = 86_400_000;

/** `verify good`, `forget skipped`… */
const stepsOf = ({ stdout }: CommandResult): readonly string[] =>
  recordsOf(stdout).flatMap((line) =>
    line['message_type'] === 'step' ? [`${String(line['step'])} ${String(line['outcome'])}`] : [],
  );

interface Place {
  readonly name: string;
  /** As the machine reaches it, and as the one that maintains does. */
  locations(): { readonly writer: string; readonly keeper: string };
  variables(): { readonly writer: NodeJS.ProcessEnv; readonly keeper: NodeJS.ProcessEnv };
  /** What both say of the repository besides. */
  readonly settings: string;
  /** Whether the clock of the programs may be another than that of the server. */
  readonly isTimeless: boolean;
  /** Steps that come last. */
  readonly last: readonly string[];
  /** Removes what the machine's credentials let it; how many objects that are no locks are gone. */
  ransack(): Promise<number>;
}

describe('S2 S6: run adds, maintain removes', () => {
  let dovecot: Dovecot;
  let writer: Writer;
  let server: Radosgw;
  let machine: Person;
  let rest: { readonly closed: RestServer; readonly open: RestServer };
  let clock: MovedClock;
  const now = Date.now();

  const bucket = 'chained';
  const allow = (user: string, actions: readonly string[], resource: string) => ({
    Effect: 'Allow',
    Principal: { AWS: [`arn:aws:iam:::user/${user}`] },
    Action: actions.map((name) => `s3:${name}`),
    Resource: `arn:aws:s3:::${resource}`,
  });
  /** The second policy of the documentation, and what holding takes; here objects belong to whoever wrote them. */
  const policy = {
    Version: '2012-10-17',
    Statement: [
      allow('adder', ['ListBucket', 'GetBucketLocation', 'ListBucketVersions'], bucket),
      allow('adder', ['GetBucketObjectLockConfiguration'], bucket),
      allow('adder', ['GetObject', 'PutObject', 'GetObjectRetention', 'PutObjectRetention'], `${bucket}/*`),
      allow('adder', ['GetObjectVersion'], `${bucket}/*`),
      allow('adder', ['DeleteObject'], `${bucket}/mail/locks/*`),
      allow('owner', ['GetObject', 'PutObject', 'DeleteObject', 'GetObjectVersion'], `${bucket}/*`),
      allow('owner', ['GetObjectRetention', 'PutObjectRetention'], `${bucket}/*`),
    ],
  };

  before(async () => {
    [machine, dovecot, server, clock] = await Promise.all([
      createPerson(),
      startDovecot({ logCommands: false }),
      startRadosgw(),
      findMovedClock(),
    ]);
    writer = await openWriter(serverOf(dovecot));
    const served = join(machine.folder, 'served');
    await mkdir(served);
    const [closed, open] = await Promise.all([serveRest(served, ['--append-only']), serveRest(served)]);
    rest = { closed, open };
    const client = server.client();
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy) }));
  });
  after(async () => {
    await writer.close();
    await Promise.all([dovecot.stop(), server.stop(), rest.closed.stop(), rest.open.stop()]);
    await machine.leave();
  });

  const places: readonly Place[] = [
    {
      name: 'a REST server that lets add only',
      locations: () => ({ writer: `${rest.closed.location}mail/`, keeper: `${rest.open.location}mail/` }),
      variables: () => ({ writer: {}, keeper: {} }),
      settings: '',
      isTimeless: true,
      last: [],
      ransack: async () => {
        const { stdout } = await machine.run(['list', 'snapshots', '-r', `${rest.closed.location}mail/`], {
          environment: { RESTIC_PASSWORD: 'geheim' },
        });
        let gone = 0;
        for (const id of stdout.trim().split('\n')) {
          const url = `${rest.closed.location.slice('rest:'.length)}mail/snapshots/${id}`;
          if ((await fetch(url, { method: 'DELETE' })).ok) gone++;
        }
        return gone;
      },
    },
    {
      name: 'a bucket with Object Lock and a policy without DeleteObject',
      locations: () => ({
        writer: `s3:${server.endpoint}/${bucket}/mail`,
        keeper: `s3:${server.endpoint}/${bucket}/mail`,
      }),
      variables: () => ({
        writer: s3Variables({ accessKeyId: 'adder', secretAccessKey: 'secret-of-adder' }),
        keeper: s3Variables(server.owner),
      }),
      settings: ', holdFor: 1d, settleFor: off',
      isTimeless: false,
      last: ['hold good'],
      ransack: async () => {
        const { Versions: versions = [] } = await server
          .client()
          .send(new ListObjectVersionsCommand({ Bucket: bucket }));
        const adder = server.client({ accessKeyId: 'adder', secretAccessKey: 'secret-of-adder' });
        let gone = 0;
        for (const { Key: key = '', VersionId } of versions.filter(({ Key }) => Key?.includes('/locks/') === false)) {
          for (const version of [{ VersionId }, {}]) {
            const call = new DeleteObjectCommand({ Bucket: bucket, Key: key, ...version });
            gone += await adder.send(call).then(
              () => 1,
              () => 0,
            );
          }
        }
        return gone;
      },
    },
  ];

  for (const { name, locations, variables, settings, isTimeless, last, ransack } of places) {
    test(`S2 S6: on ${name} run leaves what removes to maintain`, async (t) => {
      if (!isTimeless) await server.addUser('adder');
      const keeper = await createPerson();
      t.after(() => keeper.leave());
      const configure = async (person: Person, location: string, more: string): Promise<void> => {
        for (const [file, secret] of [
          ['repository-password', 'geheim'],
          ['imap-password', 'secret'],
        ] as const) {
          await writeFile(join(person.folder, file), `${secret}\n`, { mode: 0o600 });
        }
        const retention = `appendOnly: true, retention: {keepLast: 1}, pruneEvery: 1h, verifyWithin: 30d${settings}`;
        const repository = `{location: "${location}", password: {file: repository-password}, ${retention}}`;
        const text = `version: 1\nrepositories: {main: ${repository}}\n${more}`;
        await writeFile(join(person.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
      };
      const login = 'login: {password: {file: imap-password}}';
      const account = `{host: 127.0.0.1, port: ${dovecot.port}, security: none, user: alice, ${login}}`;
      await configure(machine, locations().writer, `accounts: {alice: ${account}}\n`);
      await configure(keeper, locations().keeper, '');
      const at =
        (person: Person, own: NodeJS.ProcessEnv) =>
        async (time: number, ...args: readonly string[]): Promise<CommandResult> => {
          const config = join(person.folder, 'mailkeep.yaml');
          const result = await person.run([...args, '--config', config], {
            environment: { ...own, ...(isTimeless ? clock(time) : {}) },
          });
          assert.equal(result.code, 0, `${args.join(' ')}: ${result.stdout}\n${result.stderr}`);
          return result;
        };
      const run = at(machine, variables().writer);
      const keep = at(keeper, variables().keeper);
      await (isTimeless ? run : keep)(now, 'init', '-r', 'main');

      for (const hour of [0, 1]) {
        await writer.append('INBOX', [{ content: `Subject: ${name} ${hour}\r\n\r\n${'x'.repeat(9000)}${hour}\r\n` }]);
        const night = await run(now + hour * 3_600_000, 'run', '--json');
        assert.deepEqual(stepsOf(night), ['verify good', 'forget skipped', 'prune skipped', ...last]);
        assert.match(night.stdout, /"step":"forget",.*"reason":"append-only"/);
        await keep(now + hour * 3_600_000 + 60_000, 'check', '--read-data');
      }
      assert.equal(await ransack(), 0);

      if (isTimeless) {
        const fresh = await keep(now + 2 * 3_600_000, 'maintain', '--json');
        assert.match(fresh.stdout, /"step":"forget","outcome":"good","removed":0,"kept":2/);
      }
      const later = await keep(now + 8 * day, 'maintain', '--json');
      assert.deepEqual(stepsOf(later), ['verify good', 'forget good', 'prune good', ...last]);
      assert.match(later.stdout, /"step":"forget","outcome":"good","removed":1,"kept":1/);
      await keep(now + 8 * day, 'check', '--read-data');
      const { stdout } = await keep(now + 8 * day, 'snapshots', '--json');
      assert.equal(z.array(z.unknown()).parse(JSON.parse(stdout)).length, 1);
    });
  }
});
