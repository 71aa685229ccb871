import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CreateBucketCommand, ListBucketsCommand } from '@aws-sdk/client-s3';
import { openS3Backend } from '../../src/backend/s3/s3-backend.ts';
import { withRetry } from '../../src/backend/with-retry.ts';
import type { Backend, ObjectHandle } from '../../src/contract/backend.ts';
import { type StorageSettings, usualStorageSettings } from '../../src/contract/storage-settings.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { type FaultCode, isFault } from '../../src/model/fault.ts';
import { succeed } from '../requirement/command.ts';
import { type HttpProxy, type Mishap, type PassingCall, startHttpProxy } from './http-proxy.ts';
import { type Radosgw, startRadosgw } from './radosgw.ts';
import { s3Variables } from './s3-settings.ts';

let server: Radosgw;
let folder: string;
before(async () => {
  server = await startRadosgw({ page: 10 });
  await server.client().send(new CreateBucketCommand({ Bucket: 'faults' }));
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-s3-'));
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const objectOf = (bytes: Uint8Array, kind: 'pack' | 'lock' = 'pack'): ObjectHandle => ({
  kind,
  name: createHash('sha256').update(bytes).digest('hex'),
});

const bytesOf = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

const fails = async (code: FaultCode, work: Promise<unknown>, hint?: RegExp): Promise<void> =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(isFault(error, code), `expected ${code}, met ${String(error)}`);
    if (hint !== undefined) assert.match(`${error.message} ${error.hint ?? ''}`, hint);
    assert.doesNotMatch(`${error.message} ${error.hint ?? ''} ${JSON.stringify(error.context)}`, /secret-of/);
    return true;
  });

interface Through {
  /** Each failure is told at once. */
  readonly plain: Backend;
  /** As commands use it, without the pauses. */
  readonly retrying: Backend;
  readonly proxy: HttpProxy;
}

/** Works on the storage through a proxy that does as `decide` says. */
const through = async (
  decide: (call: PassingCall) => Mishap | undefined,
  work: (backends: Through) => Promise<void>,
  settings: Partial<StorageSettings> = {},
): Promise<void> => {
  const proxy = await startHttpProxy({ target: server.endpoint, decide });
  const plain = openS3Backend(`s3:${proxy.endpoint}/faults/${randomUUID()}`, {
    ...usualStorageSettings,
    variables: s3Variables(server.owner),
    ...settings,
  });
  const retrying = withRetry(plain, { random: () => 0.5, sleep: async () => {}, firstPause: 1 });
  try {
    await work({ plain, retrying, proxy });
  } finally {
    await plain.close();
    await proxy.stop();
  }
};

/** The mishap for the first `times` calls that fit. */
const first = (
  times: number,
  fits: (call: PassingCall) => boolean,
  mishap: Mishap,
): ((call: PassingCall) => Mishap | undefined) => {
  let left = times;
  return (call) => (fits(call) && left-- > 0 ? mishap : undefined);
};

const isPack =
  (method: string) =>
  (call: PassingCall): boolean =>
    call.method === method && call.url.includes('/data/');

describe('S3: what passes is tried again', () => {
  test('S2: an upload whose answer was lost has succeeded, once', async () => {
    await through(first(1, isPack('PUT'), { kind: 'lose-answer' }), async ({ retrying }) => {
      const bytes = bytesOf(200_000);
      await retrying.save(objectOf(bytes), [bytes], createTestRun());
      assert.deepEqual(await retrying.load(objectOf(bytes), undefined, createTestRun()), bytes);
    });
  });

  for (const [status, error] of [
    [500, 'InternalError'],
    [503, 'SlowDown'],
    [503, undefined],
    [429, undefined],
  ] as const) {
    test(`S2: ${status} ${error ?? 'without a word'} is not the end`, async () => {
      const answer: Mishap = { kind: 'answer', status, ...(error === undefined ? {} : { error }) };
      await through(
        first(4, () => true, answer),
        async ({ retrying }) => {
          const bytes = bytesOf(1000);
          await retrying.save(objectOf(bytes), [bytes], createTestRun());
          assert.equal(await retrying.size(objectOf(bytes), createTestRun()), 1000);
        },
      );
    });
  }

  test('S2: a read that was cut off is read again', async () => {
    await through(first(2, isPack('GET'), { kind: 'cut', after: 70_000 }), async ({ plain, retrying }) => {
      const bytes = bytesOf(300_000);
      await retrying.save(objectOf(bytes), [bytes], createTestRun());
      await fails('backend-unavailable', plain.load(objectOf(bytes), undefined, createTestRun()));
      assert.deepEqual(await retrying.load(objectOf(bytes), undefined, createTestRun()), bytes);
    });
  });

  test('S2: a part that came short is told, and not taken for the whole', async () => {
    await through(first(1, isPack('GET'), { kind: 'short', by: 1 }), async ({ plain }) => {
      const bytes = bytesOf(5000);
      await plain.save(objectOf(bytes), [bytes], createTestRun());
      await fails('backend-misbehaved', plain.load(objectOf(bytes), { start: 0, length: 5000 }, createTestRun()));
    });
  });

  test('S2: a server that says nothing more is given up after the time that was given', async () => {
    const settings = { stuckTimeout: 300 };
    await through(
      first(6, (call) => call.method !== 'HEAD', { kind: 'hang' }),
      async ({ plain }) => {
        const bytes = bytesOf(1000);
        await fails('backend-unavailable', plain.save(objectOf(bytes), [bytes], createTestRun()), /stuck-request/);
        await fails('backend-unavailable', plain.load(objectOf(bytes), undefined, createTestRun()));
        await fails('backend-unavailable', Array.fromAsync(plain.list('pack', createTestRun())));
      },
      settings,
    );
  });

  test('S2: who is interrupted while the server is silent need not wait', async () => {
    await through(
      (call) => (call.method === 'GET' ? { kind: 'hang' } : undefined),
      async ({ plain }) => {
        const run = createTestRun();
        const loading = plain.load(objectOf(bytesOf(9)), undefined, run);
        setTimeout(() => run.abort(new Error('enough')), 100);
        await fails('interrupted', loading);
      },
    );
  });
});

test('S2: a listing of very many packs is asked for in parts at the same time, and names each once', async () => {
  await through(
    first(2, ({ url }) => url.includes('data%2Fa'), { kind: 'answer', status: 503 }),
    async ({ plain, retrying, proxy }) => {
      const run = createTestRun();
      const names = Array.from({ length: 250 }, (_, at) =>
        Math.floor((at * 65_536) / 250)
          .toString(16)
          .padStart(4, '0')
          .padEnd(64, '0'),
      );
      const queue = [...names];
      const write = async (): Promise<void> => {
        for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
          await plain.save({ kind: 'pack', name }, [bytesOf(10)], run);
        }
      };
      await Promise.all([write(), write(), write(), write()]);
      const before = proxy.calls.length;
      const listed = (await Array.fromAsync(retrying.list('pack', run))).flat().map(({ name }) => name);
      assert.deepEqual(listed.toSorted(), names);
      const parts = proxy.calls.slice(before).filter(({ url }) => /prefix=[^&]*data%2F[0-9a-f](&|$)/.test(url));
      assert.ok(parts.length >= 16, `${parts.length}`);
    },
  );
});

describe('S3: what does not pass is told at once, with what to do', () => {
  for (const [name, status, code, hint] of [
    ['RequestTimeTooSkewed', 403, 'clock-skewed', /clock/],
    ['ExpiredToken', 400, 'credentials-expired', /new ones/],
    ['QuotaExceeded', 403, 'quota-exceeded', /quota/],
    ['XMinioStorageFull', 507, 'disk-full', /full/],
    ['InvalidObjectState', 403, 'unsupported', /archive/],
    ['AccessDenied', 403, 'permission-denied', /docs\/storage-s3/],
    ['SomethingNobodyKnows', 400, 'backend-misbehaved', /refuses/],
  ] as const) {
    test(`S2: ${name} is ${code}, also where it is met first by a HEAD`, async () => {
      await through(
        ({ method }) => (method === 'HEAD' ? { kind: 'answer', status } : { kind: 'answer', status, error: name }),
        async ({ retrying, proxy }) => {
          const run = createTestRun();
          await fails(code, retrying.load({ kind: 'config', name: '' }, undefined, run), hint);
          await fails(code, Array.fromAsync(retrying.list('pack', run)));
          const before = proxy.calls.length;
          if (status !== 507) await fails(code, retrying.size({ kind: 'config', name: '' }, run));
          assert.ok(proxy.calls.length - before <= 2);
        },
      );
    });
  }

  test('S2: another region is learned from the answer, unless one was given', async () => {
    const malformed: Mishap = {
      kind: 'answer',
      status: 400,
      error: 'AuthorizationHeaderMalformed',
      more: '<Region>eu-north-1</Region>',
    };
    const decide = ({ headers }: PassingCall): Mishap | undefined =>
      String(headers['authorization']).includes('/eu-north-1/') ? undefined : malformed;
    await through(decide, async ({ plain }) => {
      assert.deepEqual(await Array.fromAsync(plain.list('pack', createTestRun())), []);
    });
    await through(
      decide,
      async ({ retrying }) =>
        fails('region-wrong', Array.fromAsync(retrying.list('pack', createTestRun())), /eu-north-1/),
      { options: { 's3.region': 'us-west-2' } },
    );
  });

  test('S2: credentials of nobody, a bucket that is not there or somebody else’s: nothing is made', async () => {
    const stranger = await server.addUser('stranger');
    const open = (bucket: string, variables: Record<string, string>): Backend =>
      openS3Backend(`s3:${server.endpoint}/${bucket}/x`, { ...usualStorageSettings, variables });
    const run = createTestRun();
    const config = { kind: 'config', name: '' } as const;
    const wrong = { ...s3Variables(server.owner), AWS_SECRET_ACCESS_KEY: 'wrong' };
    await fails('credentials-refused', open('faults', wrong).size(config, run));
    await fails('credentials-refused', open('faults', { ...wrong, AWS_ACCESS_KEY_ID: 'nobody' }).size(config, run));
    await fails('permission-denied', open('faults', s3Variables(stranger)).size(config, run));
    await fails('permission-denied', open('faults', s3Variables(stranger)).create(run));
    await fails('storage-missing', open('missing', s3Variables(server.owner)).size(config, run), /init/);
    await fails('storage-missing', open('missing', s3Variables(server.owner)).load(config, undefined, run));
    await fails('storage-missing', Array.fromAsync(open('missing', s3Variables(server.owner)).list('key', run)));
    const bytes = bytesOf(10);
    await fails('storage-missing', open('missing', s3Variables(server.owner)).save(objectOf(bytes), [bytes], run));
    const { Buckets: buckets = [] } = await server.client().send(new ListBucketsCommand({}));
    assert.deepEqual(
      buckets.map(({ Name }) => Name),
      ['faults'],
    );
  });

  test('S2: a quota that is used up is told as that', async () => {
    const user = await server.addUser('frugal', 100_000);
    const settings = { ...usualStorageSettings, variables: s3Variables(user) };
    const backend = openS3Backend(`s3:${server.endpoint}/frugal`, settings);
    await backend.create(createTestRun());
    const save = async (): Promise<void> => {
      for (let count = 0; count < 20; count++) {
        const bytes = bytesOf(40_000);
        await backend.save(objectOf(bytes), [bytes], createTestRun());
      }
    };
    await fails('quota-exceeded', save());
    await backend.close();
  });
});

describe('S3: a server that ignores or refuses the condition of a write', () => {
  for (const [what, decide] of [
    [
      'refuses',
      ({ headers }) => (headers['if-none-match'] === undefined ? undefined : { kind: 'answer', status: 501 }),
    ],
    [
      'ignores',
      ({ headers }) => (headers['if-none-match'] === undefined ? undefined : { kind: 'answer-after', status: 200 }),
    ],
  ] as const satisfies readonly (readonly [string, (call: PassingCall) => Mishap | undefined])[]) {
    test(`S2: nothing is overwritten where it ${what} it`, async () => {
      await through(decide, async ({ plain }) => {
        const run = createTestRun();
        for (let count = 0; count < 2; count++) {
          const bytes = bytesOf(100);
          await plain.save(objectOf(bytes, 'lock'), [bytes], run);
          await fails('object-exists', plain.save(objectOf(bytes, 'lock'), [bytesOf(50)], run));
          assert.deepEqual(await plain.load(objectOf(bytes, 'lock'), undefined, run), bytes);
        }
      });
    });
  }
});

test('S2: a certificate that does not verify ends all, until it is trusted', async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=nas', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await succeed('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
  const tls = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  const proxy = await startHttpProxy({ target: server.endpoint, tls });
  const list = async (trust: StorageSettings['tls']): Promise<unknown> => {
    const settings = { ...usualStorageSettings, variables: s3Variables(server.owner), tls: trust };
    const backend = openS3Backend(`s3:${proxy.endpoint}/faults/tls`, settings);
    try {
      return await Array.fromAsync(backend.list('pack', createTestRun()));
    } finally {
      await backend.close();
    }
  };
  const nothing = join(folder, 'nothing.pem');
  await writeFile(nothing, 'no certificate');
  try {
    await fails('certificate-untrusted', list({ insecure: false }), /--cacert/);
    assert.deepEqual(await list({ insecure: false, certificates: cert }), []);
    assert.deepEqual(await list({ insecure: true }), []);
    await fails('configuration', list({ insecure: false, certificates: nothing }));
    await fails('configuration', list({ insecure: false, certificates: join(folder, 'missing.pem') }));
  } finally {
    await proxy.stop();
  }
});
