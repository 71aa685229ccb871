import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { openS3Backend } from '../../src/backend/s3/s3-backend.ts';
import { backendSuite } from '../../src/contract/backend.suite.ts';
import type { Backend } from '../../src/contract/backend.ts';
import { usualStorageSettings } from '../../src/contract/storage-settings.ts';
import { type Radosgw, startRadosgw } from './radosgw.ts';
import { callsSuite } from './s3-calls.ts';
import { s3Variables } from './s3-settings.ts';

let server: Radosgw;

before(async () => {
  server = await startRadosgw();
  await server.client().send(new CreateBucketCommand({ Bucket: 'suite' }));
});
after(() => server.stop());

const folders = { key: 'keys', lock: 'locks', snapshot: 'snapshots', index: 'index', config: '' } as const;

const open = (location: string): Backend =>
  openS3Backend(location, { ...usualStorageSettings, variables: s3Variables(server.owner) });

backendSuite(
  'S3, on Ceph’s radosgw',
  async () => {
    const prefix = randomUUID();
    const put = async (key: string, body: string | Uint8Array): Promise<void> => {
      await server.client().send(new PutObjectCommand({ Bucket: 'suite', Key: `${prefix}/${key}`, Body: body }));
    };
    return {
      backend: open(`s3:${server.endpoint}/suite/${prefix}`),
      cleanup: async () => {},
      putStrange: (kind, name) =>
        put(kind === 'pack' ? `data/${name.slice(0, 2)}/${name}` : `${folders[kind]}/${name}`, 'strange'),
      truncate: async ({ name }, length) => {
        const key = `data/${name.slice(0, 2)}/${name}`;
        const { Body: body } = await server
          .client()
          .send(new GetObjectCommand({ Bucket: 'suite', Key: `${prefix}/${key}` }));
        await put(key, (await body?.transformToByteArray())?.subarray(0, length) ?? '');
      },
    };
  },
  // One more than a page holds.
  { listed: 1001, reopen: async ({ description }) => open(description) },
);

callsSuite(() => server);
