import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, runCommand } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';
import { type Radosgw, type S3User, startRadosgw } from './radosgw.ts';
import { s3Variables } from './s3-settings.ts';

let server: Radosgw;
let person: Person;
let mail: string;
before(async () => {
  server = await startRadosgw();
  person = await createPerson();
  mail = join(person.folder, 'Maildir');
  for (const name of ['cur', 'new', 'tmp']) await mkdir(join(mail, name), { recursive: true });
  await deliver('first');
});
after(async () => {
  await server.stop();
  await person.leave();
});

/** 40 messages that nobody can compress much. */
const deliver = async (batch: string): Promise<void> => {
  for (let number = 0; number < 40; number++) {
    const body = Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * number * 7 + batch.length) % 251));
    const text = `From: a@example.org\r\nSubject: ${batch} ${number}\r\n\r\n${body.toString('base64')}\r\n`;
    await writeFile(join(mail, 'cur', `${1_700_000_000 + number}.${batch}.host:2,S`), text);
  }
};

interface Programs {
  mailkeep(...args: readonly string[]): Promise<CommandResult>;
  restic(...args: readonly string[]): Promise<CommandResult>;
}

/** Both programs on one repository with one user’s credentials. */
const on = (repository: string, user: S3User = server.owner): Programs => {
  const environment = { ...s3Variables(user), RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'test' };
  const run = async (args: readonly string[]): Promise<CommandResult> => {
    const result = await person.run(args, { environment });
    assert.doesNotMatch(result.stdout + result.stderr, /secret-of/);
    return result;
  };
  return {
    mailkeep: (...args) => run(args),
    restic: async (...args) =>
      runCommand(await resticBinary('0.19'), args, {
        env: { ...person.environment, ...environment },
        cwd: person.folder,
      }),
  };
};

const succeeds = async (work: Promise<CommandResult>): Promise<string> => {
  const { code, stdout, stderr } = await work;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return stdout;
};

const restoresAll = async ({ mailkeep, restic }: Programs): Promise<void> => {
  const targets = [join(person.folder, 'ours'), join(person.folder, 'theirs')] as const;
  await succeeds(mailkeep('restore', `latest:${mail}`, '--target', targets[0]));
  await succeeds(restic('restore', `latest:${mail}`, '--target', targets[1]));
  for (const target of targets) {
    await succeeds(runCommand('diff', ['-r', mail, target]));
    await rm(target, { recursive: true });
  }
};

describe('S3: restic 0.19 and we on one repository', () => {
  for (const first of ['mailkeep', 'restic'] as const) {
    test(`S2: what ${first} began is read, checked and continued by the other; the bucket is made by init`, async () => {
      const programs = on(`s3:${server.endpoint}/begun-by-${first}/some/where`);
      const { mailkeep, restic } = programs;
      assert.equal((await mailkeep('snapshots')).code, 10);
      await succeeds(programs[first]('init'));
      await succeeds(programs[first]('backup', mail));
      await deliver(`second-${first}`);
      await succeeds((first === 'restic' ? mailkeep : restic)('backup', mail));
      await succeeds(restic('check', '--read-data'));
      await succeeds(mailkeep('check', '--read-data'));
      assert.match(await succeeds(mailkeep('snapshots')), /2 snapshots/);
      await restoresAll(programs);
      await succeeds(mailkeep('forget', '--keep-last', '1', '--prune', '--yes'));
      await succeeds(restic('check', '--read-data'));
    });
  }
});

test('S2: nothing is made at a place where there is nothing', async () => {
  const { mailkeep } = on(`s3:${server.endpoint}/never-made/x`);
  for (const command of [['snapshots'], ['backup', mail], ['check'], ['restore', 'latest', '--target', 'x']]) {
    assert.equal((await mailkeep(...command)).code, 10, command.join(' '));
  }
  const { Buckets: buckets = [] } = await server.client().send(new ListBucketsCommand({}));
  assert.ok(!buckets.some(({ Name }) => Name === 'never-made'));
});

/** Removes or damages all that a key is allowed to, as a thief would; the names of what is really gone. */
const ransack = async (bucket: string, user: S3User): Promise<{ gone: string[]; refused: number }> => {
  const client = server.client(user);
  const { Versions: versions = [] } = await server.client().send(new ListObjectVersionsCommand({ Bucket: bucket }));
  const gone: string[] = [];
  let refused = 0;
  for (const { Key, VersionId } of versions) {
    if (Key === undefined) continue;
    const attempts = [
      () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId })),
      () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key })),
    ];
    for (const [number, attempt] of attempts.entries()) {
      try {
        await attempt();
        if (number === 0) gone.push(Key);
      } catch {
        refused++;
      }
    }
  }
  return { gone, refused };
};

describe('S3: a stolen key cannot erase history', () => {
  test('S2: where Object Lock holds what was written: all is brought back', async () => {
    const programs = on(`s3:${server.endpoint}/held/mail`);
    const { mailkeep, restic } = programs;
    const lock = ['-o', 's3.object-lock=compliance', '-o', 's3.object-lock-days=2'];
    await succeeds(mailkeep('init', ...lock));
    await succeeds(mailkeep('backup', mail, ...lock));
    // Later there are others: notes of what was read back, which the time given to repair does not cover.
    const { Versions: packs = [] } = await server
      .client()
      .send(new ListObjectVersionsCommand({ Bucket: 'held', Prefix: 'mail/data/' }));
    await succeeds(mailkeep('protect', '--days', '1'));
    assert.match(await succeeds(mailkeep('protect', '--days', '5', '--json')), /"extended":[1-9]\d*,"held_already":0/);
    const before = `${new Date().toISOString().slice(0, 19)}Z`;
    const { gone } = await ransack('held', server.owner);
    assert.ok(
      gone.every((key) => key.includes('/locks/')),
      gone.join(),
    );
    assert.equal((await mailkeep('snapshots')).code, 10);
    assert.match(await succeeds(mailkeep('repair', 'removed', '--since', before, '--dry-run')), /removed/);
    await succeeds(mailkeep('repair', 'removed', '--since', before, '--yes'));
    await succeeds(mailkeep('check', '--read-data'));
    await succeeds(restic('check', '--read-data'));
    await restoresAll(programs);

    // What init tried the storage with lies there, too, removed again.
    const Key = packs.find(({ IsLatest }) => IsLatest)?.Key ?? '';
    const nonsense = 'nonsense';
    const digest = createHash('md5').update(nonsense).digest('base64');
    await server.client().send(new PutObjectCommand({ Bucket: 'held', Key, Body: nonsense, ContentMD5: digest }));
    assert.notEqual((await mailkeep('check', '--read-data')).code, 0);
    await succeeds(mailkeep('repair', 'removed', '--since', before, '--yes'));
    await succeeds(mailkeep('check', '--read-data'));
  });

  test('S2: where a policy lets it write and not delete: backups go on, forget and prune are refused', async () => {
    const writer = await server.addUser('writer');
    const bucket = 'append';
    await server.client().send(new CreateBucketCommand({ Bucket: bucket }));
    const allow = (actions: readonly string[], resource: string, user = 'writer') => ({
      Effect: 'Allow',
      Principal: { AWS: [`arn:aws:iam:::user/${user}`] },
      Action: actions.map((name) => `s3:${name}`),
      Resource: `arn:aws:s3:::${resource}`,
    });
    const policy = {
      Version: '2012-10-17',
      Statement: [
        allow(['ListBucket', 'GetBucketLocation'], bucket),
        allow(['GetObject', 'PutObject'], `${bucket}/*`),
        allow(['DeleteObject'], `${bucket}/locks/*`),
        // Here objects belong to whoever wrote them, not to the owner of the bucket.
        allow(['GetObject', 'PutObject', 'DeleteObject'], `${bucket}/*`, 'owner'),
      ],
    };
    await server.client().send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy) }));
    const programs = on(`s3:${server.endpoint}/${bucket}`, writer);
    const { mailkeep } = programs;
    await succeeds(mailkeep('init'));
    await succeeds(mailkeep('backup', mail));
    await succeeds(mailkeep('backup', mail, '--force'));
    const { gone } = await ransack(bucket, writer);
    assert.deepEqual(gone, []);
    const forgotten = await mailkeep('forget', '--keep-last', '1', '--yes');
    assert.equal(forgotten.code, 1, forgotten.stdout + forgotten.stderr);
    assert.match(forgotten.stderr, /may not/);
    assert.match(await succeeds(mailkeep('snapshots')), /2 snapshots/);
    await restoresAll(programs);
    const maintainer = on(`s3:${server.endpoint}/${bucket}`);
    await succeeds(maintainer.mailkeep('forget', '--keep-last', '1', '--prune', '--yes'));
    await succeeds(maintainer.restic('check', '--read-data'));
  });
});
